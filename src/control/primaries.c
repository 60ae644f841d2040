#include "control/primaries.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/copies.h"
#include "control/director.h"
#include "control/outgoing.h"
#include "transfer/fetch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STOP_FETCH_MS = 600 };

/* One zone of the world that has a primary. */
struct supply {
    size_t zone;
    uint64_t next_ms;    /* when its primary is asked next */
    int64_t confirmed_s; /* wall clock: when the primary last said that the copy is good; 0: there is none */
    struct soa_times times;
    unsigned failures;    /* since then */
    bool running, again;  /* being asked; NOTIFY has come meanwhile */
    bool expired;         /* told to be */
    struct zone *pending; /* has come and is being put into the world */
    char problem[400];
};

struct primaries {
    struct director *director;
    struct world *world;
    struct supply *supplies;
    size_t count;
    struct work *fetchers[FETCHERS];
    bool busy[FETCHERS];
    _Atomic bool stop;
};

/* What a fetching thread does: ask and fetch, or put a copy in its place. */
struct errand {
    struct job job;
    struct primaries *primaries;
    unsigned fetcher;
    struct config *config; /* held */
    size_t zone;           /* of that configuration */
    bool has_serial;
    uint32_t serial;
    enum fetched fetched;
    struct fetch_result result;
    struct zone *loaded;
    struct error err;
};

static const struct zone_config *zone_of(const struct primaries *primaries, const struct supply *supply)
{
    return &world_config(primaries->world)->zones[supply->zone];
}

/* --- in a fetching thread */

static void run_fetch(struct job *job)
{
    struct errand *errand = (struct errand *)job;
    const struct zone_config *of = &errand->config->zones[errand->zone];
    char *path = copy_new_path(of);
    const struct fetch fetch = {.zone = of->name,
                                .primary = &of->primary,
                                .key = of->primary.key == NO_KEY ? NULL : &errand->config->keys[of->primary.key],
                                .source = outgoing_source(errand->config, of->primary.address.addr.family),
                                .has_serial = errand->has_serial,
                                .serial = errand->serial,
                                .path = path,
                                .stop = &errand->primaries->stop};
    errand->fetched = copy_make_folder(of, &errand->err) ? fetch_zone(&fetch, &errand->result, &errand->err) : FETCH_FAILED;
    if (errand->fetched == FETCH_CURRENT)
        copy_confirm(of);
    if (errand->fetched == FETCH_NEW && (errand->loaded = copy_load_new(of, &errand->err)) == NULL) {
        copy_drop_new(of);
        errand->fetched = FETCH_FAILED;
    }
    free(path);
}

static void run_adopt(struct job *job)
{
    struct errand *errand = (struct errand *)job;
    errand->fetched = copy_adopt(&errand->config->zones[errand->zone], &errand->err) ? FETCH_CURRENT : FETCH_FAILED;
}

static void run_drop(struct job *job)
{
    struct errand *errand = (struct errand *)job;
    copy_drop_new(&errand->config->zones[errand->zone]);
    errand->fetched = FETCH_CURRENT;
}

/* --- in the director's */

static void errand_end(struct errand *errand)
{
    errand->primaries->busy[errand->fetcher] = false;
    zone_unref(errand->loaded);
    config_unref(errand->config);
    free(errand);
}

/* The supply that the errand was for, unless a reload has made another thing of the zone. */
static struct supply *supply_of(const struct errand *errand)
{
    struct primaries *primaries = errand->primaries;
    const struct zone_config *was = &errand->config->zones[errand->zone];
    for (size_t i = 0; i < primaries->count; i++) {
        const struct zone_config *is = zone_of(primaries, &primaries->supplies[i]);
        if (strcmp(is->name, was->name) == 0)
            return addr_equal(&is->primary.address.addr, &was->primary.address.addr) &&
                           is->primary.address.port == was->primary.address.port
                       ? &primaries->supplies[i]
                       : NULL;
    }
    return NULL;
}

static uint32_t retry_s(const struct supply *supply)
{
    if (supply->confirmed_s)
        return supply->times.retry_s;
    const unsigned doublings = supply->failures > 4 ? 4 : supply->failures - 1;
    const uint32_t pause_s = PRIMARY_FIRST_RETRY_S << doublings;
    return pause_s < PRIMARY_LAST_RETRY_S ? pause_s : PRIMARY_LAST_RETRY_S;
}

static void failed(struct primaries *primaries, struct supply *supply, const char *why)
{
    const struct zone_config *of = zone_of(primaries, supply);
    char at[HOSTPORT_TEXT], problem[sizeof supply->problem];
    supply->failures++;
    supply->next_ms = clock_ms() + retry_s(supply) * 1000ull;
    snprintf(problem, sizeof problem, "%s", why);
    if (strcmp(problem, supply->problem) != 0)
        log_error("zone %s: not to be had from %s: %s", of->name, hostport_format(&of->primary.address, at), problem);
    memcpy(supply->problem, problem, sizeof problem);
}

static void confirmed(struct primaries *primaries, struct supply *supply)
{
    if (supply->problem[0])
        log_notice("zone %s: its primary answers again", zone_of(primaries, supply)->name);
    supply->confirmed_s = clock_wall_s();
    supply->failures = 0;
    supply->problem[0] = '\0';
    supply->next_ms = clock_ms() + supply->times.refresh_s * 1000ull;
}

static void end_fetch(struct job *job)
{
    struct errand *errand = (struct errand *)job;
    struct primaries *primaries = errand->primaries;
    struct supply *supply = supply_of(errand);
    if (supply)
        supply->running = false;
    if (supply == NULL || primaries->director->stopping) {
        errand_end(errand);
        return;
    }
    if (errand->fetched == FETCH_FAILED) {
        failed(primaries, supply, errand->err.text);
    } else if (errand->fetched == FETCH_CURRENT) {
        confirmed(primaries, supply);
    } else {
        log_notice("zone %s: serial %" PRIu32 " has come, %" PRIu64 " records in %" PRIu64 " octets", zone_of(primaries, supply)->name,
                   errand->result.serial, errand->result.records, errand->result.octets);
        supply->pending = zone_ref(errand->loaded);
        rebuild_with(primaries->director, zone_ref(errand->loaded));
    }
    if (supply->again)
        supply->next_ms = 0;
    supply->again = false;
    errand_end(errand);
}

static void end_adopt(struct job *job)
{
    struct errand *errand = (struct errand *)job;
    struct supply *supply = supply_of(errand);
    if (supply)
        supply->running = false;
    if (supply && errand->fetched == FETCH_FAILED)
        failed(errand->primaries, supply, errand->err.text);
    errand_end(errand);
}

static int idle_fetcher(const struct primaries *primaries)
{
    for (int i = 0; i < FETCHERS; i++)
        if (!primaries->busy[i])
            return i;
    return -1;
}

/* False: all threads are busy. */
static bool send_errand(struct primaries *primaries, struct supply *supply, void (*run)(struct job *), void (*done)(struct job *))
{
    const int fetcher = idle_fetcher(primaries);
    if (fetcher < 0)
        return false;
    const struct zone *served = world_zone(primaries->world, supply->zone);
    struct errand *errand = mem_new(1, sizeof *errand);
    *errand = (struct errand){.job = {.run = run, .done = done},
                              .primaries = primaries,
                              .fetcher = (unsigned)fetcher,
                              .config = world_config_ref(primaries->world),
                              .zone = supply->zone,
                              .has_serial = !served->absent,
                              .serial = served->plain ? served->plain->serial : served->serial};
    supply->running = primaries->busy[fetcher] = true;
    work_push(primaries->fetchers[fetcher], &errand->job);
    return true;
}

struct primaries *primaries_new(struct director *director, int wake_fd, struct error *err)
{
    struct primaries *primaries = mem_new(1, sizeof *primaries);
    primaries->director = director;
    for (unsigned i = 0; i < FETCHERS; i++)
        if ((primaries->fetchers[i] = work_new(wake_fd, WORK_NICE, err)) == NULL) {
            primaries_free(primaries);
            return NULL;
        }
    return primaries;
}

static void drop_supplies(struct primaries *primaries)
{
    for (size_t i = 0; i < primaries->count; i++)
        zone_unref(primaries->supplies[i].pending);
    free(primaries->supplies);
    primaries->supplies = NULL;
    primaries->count = 0;
}

bool primaries_free(struct primaries *primaries)
{
    bool idle = true;
    if (primaries == NULL)
        return true;
    atomic_store(&primaries->stop, true);
    for (unsigned i = 0; i < FETCHERS && primaries->fetchers[i]; i++)
        idle = work_free(primaries->fetchers[i], STOP_FETCH_MS) && idle;
    if (!idle)
        return false;
    drop_supplies(primaries);
    world_unref(primaries->world);
    free(primaries);
    return true;
}

static struct supply *find_supply(const struct primaries *primaries, const char *name)
{
    for (size_t i = 0; i < primaries->count; i++)
        if (strcmp(zone_of(primaries, &primaries->supplies[i])->name, name) == 0)
            return &primaries->supplies[i];
    return NULL;
}

/* A zone that stays keeps what is known of it; a new one is asked for at once. */
static struct supply make_supply(const struct primaries *primaries, struct world *world, size_t zone)
{
    const struct zone *served = world_zone(world, zone);
    const struct zone_config *of = &world_config(world)->zones[zone];
    struct supply *before = find_supply(primaries, of->name), supply = {0};
    if (before) {
        supply = *before;
        before->pending = NULL; /* taken over */
    } else {
        supply.confirmed_s = copy_confirmed_s(of);
    }
    supply.zone = zone;
    supply.expired &= served->absent;
    if (!served->absent)
        supply.times = copy_times(served);
    return supply;
}

void primaries_set(struct primaries *primaries, struct world *world)
{
    const struct config *config = world_config(world);
    struct supply *supplies = mem_new(config->zone_count, sizeof *supplies);
    size_t count = 0;
    for (size_t i = 0; i < config->zone_count; i++)
        if (config->zones[i].primary.address.addr.family != FAMILY_NONE)
            supplies[count++] = make_supply(primaries, world, i);
    drop_supplies(primaries);
    world_ref(world);
    world_unref(primaries->world);
    primaries->world = world;
    primaries->supplies = supplies;
    primaries->count = count;
}

void primaries_collect(struct primaries *primaries)
{
    for (unsigned i = 0; i < FETCHERS; i++)
        work_collect(primaries->fetchers[i]);
}

static bool is_served(const struct primaries *primaries, const struct supply *supply)
{
    const struct zone *served = world_zone(primaries->world, supply->zone);
    return served == supply->pending || served->plain == supply->pending;
}

/* Only what has found its way into the world becomes the copy: what could not be served now could not be at the next start. */
static void watch_pending(struct primaries *primaries, struct supply *supply)
{
    const struct director *director = primaries->director;
    const bool served = is_served(primaries, supply);
    if (!served && (director->rebuilding || director->replacement_count > 0))
        return;
    if (!send_errand(primaries, supply, served ? run_adopt : run_drop, end_adopt))
        return; /* the next pass */
    if (served)
        confirmed(primaries, supply);
    else
        failed(primaries, supply, director->alarms.signing[0] ? director->alarms.signing : "it does not fit the configuration");
    zone_unref(supply->pending);
    supply->pending = NULL;
}

static void watch_age(struct primaries *primaries, struct supply *supply)
{
    const struct zone_config *of = zone_of(primaries, supply);
    const bool absent = world_zone(primaries->world, supply->zone)->absent;
    if (absent || supply->expired || supply->pending || clock_wall_s() - supply->confirmed_s <= supply->times.expire_s)
        return;
    supply->expired = true;
    log_error("zone %s has expired: its primary has not answered for %u s; its names are SERVFAIL", of->name, supply->times.expire_s);
    rebuild_with(primaries->director, zone_absent(of->name, of->file));
}

static void take_notify(struct primaries *primaries, struct supply *supply)
{
    if (!transfers_take_notified(primaries->director->transfers, supply->zone))
        return;
    supply->again = supply->running || supply->pending;
    supply->next_ms = 0;
}

void primaries_pass(struct primaries *primaries)
{
    for (size_t i = 0; i < primaries->count; i++) {
        struct supply *supply = &primaries->supplies[i];
        take_notify(primaries, supply);
        if (supply->pending)
            watch_pending(primaries, supply);
        watch_age(primaries, supply);
        if (!supply->running && !supply->pending && clock_ms() >= supply->next_ms)
            send_errand(primaries, supply, run_fetch, end_fetch);
    }
}

void primaries_alarms(const struct primaries *primaries, json_t *list)
{
    char at[HOSTPORT_TEXT];
    for (size_t i = 0; i < primaries->count; i++) {
        const struct supply *supply = &primaries->supplies[i];
        const struct zone_config *of = zone_of(primaries, supply);
        const bool absent = world_zone(primaries->world, supply->zone)->absent;
        if (supply->problem[0])
            json_array_append_new(list, json_sprintf("zone %s: %s; not to be had from %s: %s", of->name,
                                                     absent ? "SERVFAIL" : "the copy is served", hostport_format(&of->primary.address, at),
                                                     supply->problem));
        else if (absent)
            json_array_append_new(
                list, json_sprintf("zone %s: SERVFAIL, it has not come from %s yet", of->name, hostport_format(&of->primary.address, at)));
    }
}

void primaries_describe(const struct primaries *primaries, size_t zone, json_t *object)
{
    char at[HOSTPORT_TEXT];
    for (size_t i = 0; i < primaries->count; i++) {
        const struct supply *supply = &primaries->supplies[i];
        if (supply->zone != zone)
            continue;
        const int64_t age_s = supply->confirmed_s ? clock_wall_s() - supply->confirmed_s : 0;
        json_object_set_new(object, "primary",
                            json_pack("{s:s, s:I, s:I, s:s}", "address", hostport_format(&zone_of(primaries, supply)->primary.address, at),
                                      "confirmed_s", (json_int_t)supply->confirmed_s, "confirmed_age_ms", (json_int_t)age_s * 1000,
                                      "problem", supply->problem));
    }
}
