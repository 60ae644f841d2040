/* A small world made from texts, with its state and a snapshot. For tests only. */
#pragma once

#include "answer/answer.h"
#include "config/config.h"
#include "decode.h"

#include <unistd.h>

struct test_world {
    char folder[64];
    struct world *world;
    struct place *place;
    struct endpoint_health *health;
    uint8_t *endpoint_orders, *site_orders, *services;
    struct world_state state;
    struct snapshot *snapshot;
};

static void test_write(const char *folder, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

__attribute__((unused)) static void test_print(const struct report *report)
{
    for (size_t i = 0; i < report->count; i++)
        fprintf(stderr, "  %s\n", report->findings[i].text);
}

/* files: pairs of name and text, ended by NULL; the first is the configuration. world stays NULL when it is unsound, with the reasons in report. */
static void test_load(struct test_world *t, const char *const *files, struct report *report)
{
    *t = (struct test_world){.folder = "/tmp/sipsteer-unit-XXXXXX"};
    if (mkdtemp(t->folder) == NULL)
        abort();
    for (const char *const *f = files; *f; f += 2)
        test_write(t->folder, f[0], f[1]);
    char path[128];
    snprintf(path, sizeof path, "%s/%s", t->folder, files[0]);
    struct config *config = config_load(path, report);
    if (config == NULL)
        return;
    struct zone *zones[8] = {0};
    for (size_t i = 0; i < config->zone_count; i++)
        zones[i] = zone_load(config->zones[i].name, config->zones[i].file, report);
    for (size_t i = 0; i < config->zone_count; i++)
        if (zones[i] == NULL)
            return;
    t->world = world_new(config, zones, NULL, report);
    if (t->world == NULL)
        return;
    t->place = place_new(t->world, report);
    const size_t endpoints = config->endpoint_count;
    t->health = calloc(endpoints + 1, sizeof *t->health);
    for (size_t i = 0; i < endpoints; i++)
        t->health[i].overall = VERDICT_UP;
    t->endpoint_orders = calloc(endpoints + 1, 1);
    t->site_orders = calloc(config->site_count + 1, 1);
    t->services = calloc(config->service_count + 1, 1);
    t->state = (struct world_state){.health = t->health, .endpoint_orders = t->endpoint_orders, .site_orders = t->site_orders};
}

/* Builds anew from the state as it is now. */
__attribute__((unused)) static void test_rebuild(struct test_world *t)
{
    struct snapshot *next =
        snapshot_build(t->world, t->place, &t->state, t->services, t->snapshot, 0, t->snapshot ? snapshot_generation(t->snapshot) + 1 : 1);
    snapshot_free(t->snapshot);
    t->snapshot = next;
}

/* Loads and builds, for a cmocka setup: 0, or -1 with the reasons on standard error. */
__attribute__((unused)) static int test_setup(struct test_world *t, const char *const *files)
{
    struct report report;
    report_init(&report);
    test_load(t, files, &report);
    if (t->world == NULL)
        test_print(&report);
    report_release(&report);
    if (t->world == NULL)
        return -1;
    test_rebuild(t);
    return 0;
}

__attribute__((unused)) static void test_release(struct test_world *t, const char *const *files)
{
    snapshot_free(t->snapshot);
    place_unref(t->place);
    world_unref(t->world);
    free(t->health);
    free(t->endpoint_orders);
    free(t->site_orders);
    free(t->services);
    for (const char *const *f = files; *f; f += 2) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", t->folder, f[0]);
        unlink(path);
    }
    rmdir(t->folder);
}

/* Sends octets and gives the answer as text, to be freed; "silence\n" when there is none. */
__attribute__((unused)) static char *test_send(const struct test_world *t, const uint8_t *packet, size_t len, enum channel channel,
                                               size_t *ret_len)
{
    static uint8_t out[MESSAGE_MAX];
    struct addr peer;
    struct answered answered;
    addr_parse("127.0.0.1", &peer);
    const struct asker asker = {.peer = &peer, .channel = channel};
    *ret_len = answer_query(t->snapshot, packet, len, &asker, out, channel == CHANNEL_UDP ? UDP_CAP : sizeof out, &answered);
    return *ret_len ? decode_message(out, *ret_len) : strdup("silence\n");
}

__attribute__((unused)) static char *test_ask(const struct test_world *t, struct asked asked)
{
    uint8_t packet[512];
    size_t answer_len;
    const size_t len = make_query(&asked, packet, sizeof packet);
    return test_send(t, packet, len, CHANNEL_UDP, &answer_len);
}
