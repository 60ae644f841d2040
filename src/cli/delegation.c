#include "cli/delegation.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/progress.h"
#include "cli/progress_line.h"
#include "cli/show_delegation.h"
#include "config/config.h"
#include "control/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_WELL = 0, EXIT_FAULTS = 1, EXIT_UNKNOWN = 2, DNS_PORT = 53, CHECK_MS = 30000 };

/* Findings and errors alike: to standard error, or as the reply. */
static int refuse(const struct delegation_arguments *args, const struct report *report, const char *text)
{
    if (args->json) {
        json_t *reply = reply_error("%s", text);
        json_object_set_new(reply, "findings", findings_json(report));
        json_dumpf(reply, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        putchar('\n');
        json_decref(reply);
        return EXIT_UNKNOWN;
    }
    for (size_t i = 0; i < report->count; i++)
        fprintf(stderr, "sipsteer: %s\n", report->findings[i].text);
    fprintf(stderr, "sipsteer: %s\n", text);
    return EXIT_UNKNOWN;
}

/* "192.0.2.1", "192.0.2.1:5300", "2001:db8::1", "[2001:db8::1]:5300". */
static bool read_place(const char *text, struct hostport *ret)
{
    ret->port = DNS_PORT;
    return addr_parse(text, &ret->addr) || (hostport_parse(text, ret) && ret->port != 0);
}

static bool same_name(const char *a, const char *b)
{
    uint8_t left[NAME_OCTETS], right[NAME_OCTETS];
    const size_t len = name_from_text(a, left);
    return len > 0 && len == name_from_text(b, right) && memcmp(left, right, len) == 0;
}

static const struct zone_config *find_zone(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->zone_count; i++)
        if (same_name(config->zones[i].name, name))
            return &config->zones[i];
    return NULL;
}

static struct zone *load_zone(const struct zone_config *from, struct delegation *ret_wanted, struct report *report, struct error *err)
{
    struct zone *zone = zone_load(from->name, from->file, report);
    error_set(err, "the file of the zone %.100s is unsound", from->name);
    bool sound = zone && delegation_wanted(zone, ret_wanted, err);
    if (sound && from->dnssec.denial != DENIAL_NONE) {
        sound = delegation_wanted_keys(zone, from->dnssec.keys, clock_wall_s(), ret_wanted, report);
        error_set(err, "the keys of the zone %.100s are unsound", from->name);
    }
    if (sound)
        return zone;
    zone_unref(zone);
    return NULL;
}

/* The zone as the configuration has it, and what it wants of its parent. NULL with findings and the error set. */
static struct zone *find_wanted(const struct delegation_arguments *args, struct delegation *ret_wanted, struct report *report,
                                struct error *err)
{
    struct config *config = config_load(args->config, report);
    const struct zone_config *from = config ? find_zone(config, args->zone) : NULL;
    if (!config)
        error_set(err, "%.400s is unsound", args->config);
    else if (!from)
        error_set(err, "%.300s has no zone %.100s", args->config, args->zone);
    struct zone *zone = from ? load_zone(from, ret_wanted, report, err) : NULL;
    config_unref(config);
    return zone;
}

struct places {
    struct hostport parents[PARENTS_MAX];
    struct named_server servers[GIVEN_MAX];
    char *names[GIVEN_MAX];
};

static void places_release(struct places *places)
{
    for (size_t i = 0; i < GIVEN_MAX; i++)
        free(places->names[i]);
}

static bool read_parents(const char *text, struct places *places, struct survey_plan *plan, struct error *err)
{
    plan->parents = places->parents;
    while (text) {
        char one[HOSTPORT_TEXT];
        const size_t len = strcspn(text, ",");
        snprintf(one, sizeof one, "%.*s", (int)(len < sizeof one ? len : 0), text);
        if (plan->parent_count == PARENTS_MAX || !read_place(one, &places->parents[plan->parent_count++]))
            return error_set(err, "--parent takes ADDR[:PORT],...: \"%.100s\" is none", text);
        text = text[len] ? text + len + 1 : NULL;
    }
    return true;
}

static bool read_server(const char *text, struct places *places, struct survey_plan *plan, struct error *err)
{
    uint8_t name[NAME_OCTETS];
    const size_t at = plan->server_count, len = strcspn(text, "=");
    places->names[at] = mem_format("%.*s", (int)len, text);
    places->servers[at].name = places->names[at];
    if (!text[len] || name_from_text(places->names[at], name) == 0 || !read_place(text + len + 1, &places->servers[at].at))
        return error_set(err, "--server takes NAME=ADDR[:PORT]: \"%.100s\" is none", text);
    plan->server_count++;
    return true;
}

/* Whom to ask, from the options. plan points into places. */
static bool read_plan(const struct delegation_arguments *args, struct places *places, struct survey_plan *plan, struct error *err)
{
    *plan = (struct survey_plan){.servers = places->servers, .deadline_ms = clock_ms() + CHECK_MS};
    if (args->resolver && !read_place(args->resolver, &plan->resolver))
        return error_set(err, "--resolver takes ADDR[:PORT]: \"%.100s\" is none", args->resolver);
    for (size_t i = 0; i < args->server_count; i++)
        if (!read_server(args->servers[i], places, plan, err))
            return false;
    return read_parents(args->parents, places, plan, err);
}

static int print_wanted(const struct delegation_arguments *args, const struct zone *zone, const struct delegation *wanted)
{
    if (args->json) {
        json_t *reply = reply_ok();
        json_object_set_new(reply, "delegation", wanted_json(zone, wanted));
        json_dumpf(reply, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        putchar('\n');
        json_decref(reply);
    } else {
        show_wanted(zone, wanted);
    }
    return EXIT_WELL;
}

static void print_survey(const struct delegation_arguments *args, const struct zone *zone, const struct survey *survey,
                         const struct faults *faults)
{
    if (!args->json) {
        show_survey(survey, faults);
        return;
    }
    json_t *reply = faults->count ? reply_error("faults %zu", faults->count) : reply_ok();
    json_t *object = wanted_json(zone, &survey->wanted);
    json_object_update_new(object, survey_json(survey));
    json_object_set_new(reply, "delegation", object);
    json_object_set_new(reply, "findings", faults_json(faults));
    json_dumpf(reply, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(reply);
}

/* False: with the error set. */
static bool check(const struct delegation_arguments *args, const struct zone *zone, const struct delegation *wanted, int *ret_code,
                  struct error *err)
{
    struct places places = {.names = {NULL}};
    struct survey_plan plan;
    struct survey *survey = mem_new(1, sizeof *survey);
    progress_line_begin(NULL);
    progress_begin("asking the parent's servers and the zone's", 0);
    const bool made = read_plan(args, &places, &plan, err) && survey_make(zone, wanted, &plan, survey, err);
    progress_line_end();
    if (made) {
        struct faults faults;
        survey_judge(survey, clock_wall_s(), &faults);
        print_survey(args, zone, survey, &faults);
        *ret_code = faults.count ? EXIT_FAULTS : EXIT_WELL;
        faults_release(&faults);
        survey_release(survey);
    }
    places_release(&places);
    free(survey);
    return made;
}

int delegation_run(const struct delegation_arguments *args)
{
    struct report report;
    struct delegation wanted;
    struct error err;
    int code = EXIT_UNKNOWN;
    report_init(&report);
    struct zone *zone = find_wanted(args, &wanted, &report, &err);
    if (!zone)
        code = refuse(args, &report, err.text);
    else if (!args->check)
        code = print_wanted(args, zone, &wanted);
    else if (!check(args, zone, &wanted, &code, &err))
        code = refuse(args, &report, err.text);
    zone_unref(zone);
    report_release(&report);
    return code;
}
