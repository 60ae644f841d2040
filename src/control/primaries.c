#include "control/primaries.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/copies.h"
#include "control/director.h"
#include "control/rebuild.h"
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
    uint64_t generation;    /* another one when the zone comes from elsewhere: what was asked before is not its matter */
    uint64_t next_ms;       /* when its primary is asked next */
    uint64_t notify_ms;     /* not asked because of NOTIFY before this */
    int64_t confirmed_s;    /* wall clock: when the primary last said that the copy is good; 0: there is none */
    int64_t confirmed_ms;   /* the same by clock_boot_ms(), which nobody sets; below 0: before the machine started */
    struct soa_times times; /* 0: not known, the zone was never there */
    unsigned failures;      /* since it was confirmed */
    bool running;           /* being asked, or put in its place */
    bool wanted;            /* NOTIFY has come, or another primary */
    bool expired;           /* told to be */
    struct zone *pending;   /* has come and is being put into the world */
    unsigned pending_slot;  /* the file it is in */
    char problem[400];
};

struct primaries {
    struct director *director;
    struct world *world;
    struct supply *supplies;
    size_t count;
    struct work *fetchers[FETCHERS];
    struct errand *errands[FETCHERS]; /* of each; NULL: idle */
    uint64_t generations;             /* given out */
    _Atomic bool stop;
};

/* What a fetching thread does: ask and fetch, or put a copy in its place. */
struct errand {
    struct job job;
    struct primaries *primaries;
    unsigned fetcher;
    struct config *config; /* held */
    size_t zone;           /* of that configuration */
    uint64_t generation;   /* of the supply it is for */
    unsigned slot;         /* of the new copy; no other errand of the zone has the same */
    bool troubled;         /* the zone could not be had the last time */
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
    char *path = copy_new_path(of, errand->slot);
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
    if (errand->fetched == FETCH_NEW && (errand->loaded = copy_load_new(of, errand->slot, &errand->err)) == NULL) {
        copy_drop_new(of, errand->slot);
        errand->fetched = FETCH_FAILED;
    }
    free(path);
}

static void run_adopt(struct job *job)
{
    struct errand *errand = (struct errand *)job;
    errand->fetched = copy_adopt(&errand->config->zones[errand->zone], errand->slot, &errand->err) ? FETCH_CURRENT : FETCH_FAILED;
}

static void run_drop(struct job *job)
{
    struct errand *errand = (struct errand *)job;
    copy_drop_new(&errand->config->zones[errand->zone], errand->slot);
    errand->fetched = FETCH_CURRENT;
}

/* --- in the director's */

static void errand_end(struct errand *errand)
{
    errand->primaries->errands[errand->fetcher] = NULL;
    zone_unref(errand->loaded);
    config_unref(errand->config);
    free(errand);
}

/* The supply that the errand was for; NULL: the zone is not configured any more, or comes from elsewhere. */
static struct supply *supply_of(const struct errand *errand)
{
    struct primaries *primaries = errand->primaries;
    for (size_t i = 0; i < primaries->count; i++)
        if (primaries->supplies[i].generation == errand->generation)
            return &primaries->supplies[i];
    return NULL;
}

static bool is_absent(const struct primaries *primaries, const struct supply *supply)
{
    return supply->expired || world_zone(primaries->world, supply->zone)->absent;
}

static uint32_t retry_s(const struct primaries *primaries, const struct supply *supply)
{
    if (supply->times.retry_s && !is_absent(primaries, supply))
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
    supply->next_ms = clock_ms() + retry_s(primaries, supply) * 1000ull;
    supply->notify_ms = clock_ms() + NOTIFY_PAUSE_TROUBLED_S * 1000;
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
    supply->confirmed_ms = (int64_t)clock_boot_ms();
    supply->failures = 0;
    supply->problem[0] = '\0';
    supply->next_ms = clock_ms() + supply->times.refresh_s * 1000ull;
}

static void end_drop(struct job *job)
{
    errand_end((struct errand *)job);
}

/* What was fetched for nobody leaves no file behind. */
static void end_orphan(struct errand *errand)
{
    struct primaries *primaries = errand->primaries;
    if (errand->fetched != FETCH_NEW || primaries->director->stopping) {
        errand_end(errand);
        return;
    }
    errand->job = (struct job){.run = run_drop, .done = end_drop};
    work_push(primaries->fetchers[errand->fetcher], &errand->job);
}

static void take_fetched(struct primaries *primaries, struct supply *supply, const struct errand *errand)
{
    log_notice("zone %s: serial %" PRIu32 " has come, %" PRIu64 " records in %" PRIu64 " octets", zone_of(primaries, supply)->name,
               errand->result.serial, errand->result.records, errand->result.octets);
    journal_note(primaries->director->journal, &(struct event){.kind = EVENT_ZONE,
                                                               .target = zone_of(primaries, supply)->name,
                                                               .what = "has come from its primary",
                                                               .after = json_pack("{s:I, s:I}", "serial", (json_int_t)errand->result.serial,
                                                                                  "records", (json_int_t)errand->result.records)});
    supply->pending = zone_ref(errand->loaded);
    supply->pending_slot = errand->slot;
    rebuild_with(primaries->director, zone_ref(errand->loaded));
}

static void end_fetch(struct job *job)
{
    struct errand *errand = (struct errand *)job;
    struct primaries *primaries = errand->primaries;
    struct supply *supply = supply_of(errand);
    if (supply == NULL || primaries->director->stopping) {
        end_orphan(errand);
        return;
    }
    supply->running = false;
    if (errand->fetched == FETCH_FAILED)
        failed(primaries, supply, errand->err.text);
    else if (errand->fetched == FETCH_NEW)
        take_fetched(primaries, supply, errand);
    else if (is_absent(primaries, supply))
        supply->next_ms = clock_ms(); /* it has expired meanwhile: now the whole of it */
    else
        confirmed(primaries, supply);
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
        if (primaries->errands[i] == NULL)
            return i;
    return -1;
}

/* A slot for a new copy that no errand uses, not even one from before a reload. */
static unsigned free_slot(const struct primaries *primaries, const char *name)
{
    unsigned used = 0, slot = 0;
    for (int i = 0; i < FETCHERS; i++) {
        const struct errand *errand = primaries->errands[i];
        if (errand && strcmp(errand->config->zones[errand->zone].name, name) == 0)
            used |= 1u << errand->slot;
    }
    while (used & 1u << slot)
        slot++;
    return slot;
}

/* False: all threads are busy. */
static bool send_errand(struct primaries *primaries, struct supply *supply, unsigned slot, struct job job)
{
    const int fetcher = idle_fetcher(primaries);
    if (fetcher < 0)
        return false;
    const struct zone *served = world_zone(primaries->world, supply->zone);
    struct errand *errand = mem_new(1, sizeof *errand);
    *errand = (struct errand){.job = job,
                              .primaries = primaries,
                              .fetcher = (unsigned)fetcher,
                              .config = world_config_ref(primaries->world),
                              .zone = supply->zone,
                              .generation = supply->generation,
                              .slot = slot,
                              .troubled = supply->failures > 0,
                              .has_serial = !is_absent(primaries, supply),
                              .serial = served->plain ? served->plain->serial : served->serial};
    supply->running = true;
    primaries->errands[fetcher] = errand;
    work_push(primaries->fetchers[fetcher], &errand->job);
    return true;
}

static void send_fetch(struct primaries *primaries, struct supply *supply)
{
    const struct job job = {.run = run_fetch, .done = end_fetch};
    if (!send_errand(primaries, supply, free_slot(primaries, zone_of(primaries, supply)->name), job))
        return;
    supply->wanted = false;
    supply->notify_ms = clock_ms() + NOTIFY_PAUSE_S * 1000;
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

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static const struct tsig_key *key_of(const struct config *config, size_t zone)
{
    const uint16_t key = config->zones[zone].primary.key;
    return key == NO_KEY ? NULL : &config->keys[key];
}

static bool same_key(const struct tsig_key *a, const struct tsig_key *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a->name, b->name) == 0 && a->algorithm == b->algorithm && a->secret.len == b->secret.len &&
           memcmp(a->secret.octets, b->secret.octets, a->secret.len) == 0;
}

/* Whether a zone is asked for at the same place in the same way. */
static bool same_source(const struct config *a, size_t zone_a, const struct config *b, size_t zone_b)
{
    const struct primary_config *p = &a->zones[zone_a].primary, *q = &b->zones[zone_b].primary;
    return addr_equal(&p->address.addr, &q->address.addr) && p->address.port == q->address.port && p->tls == q->tls &&
           same_text(p->tls_name, q->tls_name) && same_text(p->tls_ca, q->tls_ca) && same_key(key_of(a, zone_a), key_of(b, zone_b));
}

/* The wall clock counts at the start only: how old the copy is then. A time to come is that of a clock that was wrong. */
static void set_age(struct supply *supply, const struct zone_config *of)
{
    const int64_t now_s = clock_wall_s(), file_s = copy_confirmed_s(of);
    supply->confirmed_s = file_s < now_s ? file_s : now_s;
    supply->confirmed_ms = (int64_t)clock_boot_ms() - (now_s - supply->confirmed_s) * 1000;
}

/* The copy and its age stay; its new primary is asked at once, whatever the old one is about to say. */
static struct supply from_elsewhere(struct primaries *primaries, const struct supply *before)
{
    return (struct supply){.generation = ++primaries->generations,
                           .confirmed_s = before->confirmed_s,
                           .confirmed_ms = before->confirmed_ms,
                           .times = before->times,
                           .wanted = true,
                           .expired = before->expired,
                           .pending = before->pending,
                           .pending_slot = before->pending_slot};
}

/* A zone that stays keeps what is known of it; a new one is asked for at once. */
static struct supply make_supply(struct primaries *primaries, struct world *world, size_t zone)
{
    const struct zone *served = world_zone(world, zone);
    const struct zone_config *of = &world_config(world)->zones[zone];
    struct supply *before = find_supply(primaries, of->name), supply = {0};
    if (before) {
        const bool same = same_source(world_config(primaries->world), before->zone, world_config(world), zone);
        supply = same ? *before : from_elsewhere(primaries, before);
        if (served->absent && !is_absent(primaries, before))
            supply.next_ms = 0;
        before->pending = NULL; /* taken over */
    } else {
        supply.generation = ++primaries->generations;
        set_age(&supply, of);
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
    const struct job job = {.run = served ? run_adopt : run_drop, .done = end_adopt};
    if (!send_errand(primaries, supply, supply->pending_slot, job))
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
    const int64_t age_s = ((int64_t)clock_boot_ms() - supply->confirmed_ms) / 1000;
    if (is_absent(primaries, supply) || supply->pending || age_s <= supply->times.expire_s)
        return;
    supply->expired = true;
    if (supply->next_ms > clock_ms())
        supply->next_ms = clock_ms();
    log_error("zone %s has expired: it was last confirmed %" PRId64 " s ago and is good for %u s; its names are SERVFAIL", of->name, age_s,
              supply->times.expire_s);
    journal_note(primaries->director->journal, &(struct event){.kind = EVENT_ZONE, .target = of->name, .what = "has expired"});
    rebuild_with(primaries->director, zone_absent(of->name, of->file));
}

static uint64_t due_ms(const struct supply *supply)
{
    return supply->wanted && supply->notify_ms < supply->next_ms ? supply->notify_ms : supply->next_ms;
}

/* Zones that cannot be had, each of them a thread for its whole timeout, leave threads to the others. */
static bool troubled_may(const struct primaries *primaries)
{
    int count = 0;
    for (int i = 0; i < FETCHERS; i++)
        count += primaries->errands[i] && primaries->errands[i]->troubled;
    return count < TROUBLED_FETCHERS;
}

/* Who has waited longest of those whose time has come, or NULL. */
static struct supply *first_due(const struct primaries *primaries)
{
    const uint64_t now_ms = clock_ms();
    const bool troubled = troubled_may(primaries);
    struct supply *first = NULL;
    for (size_t i = 0; i < primaries->count; i++) {
        struct supply *supply = &primaries->supplies[i];
        if (supply->running || supply->pending || due_ms(supply) > now_ms || (supply->failures && !troubled))
            continue;
        if (first == NULL || due_ms(supply) < due_ms(first))
            first = supply;
    }
    return first;
}

void primaries_pass(struct primaries *primaries)
{
    struct supply *due;
    for (size_t i = 0; i < primaries->count; i++) {
        struct supply *supply = &primaries->supplies[i];
        supply->wanted |= transfers_take_notified(primaries->director->transfers, supply->zone);
        if (supply->pending)
            watch_pending(primaries, supply);
        watch_age(primaries, supply);
    }
    while (idle_fetcher(primaries) >= 0 && (due = first_due(primaries)) != NULL)
        send_fetch(primaries, due);
}

static void add_alarm(json_t *list, const char *zone, json_t *text)
{
    json_array_append_new(list, json_pack("{s:s, s:o}", "target", zone, "text", text));
}

void primaries_alarms(const struct primaries *primaries, json_t *list)
{
    char at[HOSTPORT_TEXT];
    for (size_t i = 0; i < primaries->count; i++) {
        const struct supply *supply = &primaries->supplies[i];
        const struct zone_config *of = zone_of(primaries, supply);
        const bool absent = world_zone(primaries->world, supply->zone)->absent;
        if (supply->problem[0])
            add_alarm(list, of->name,
                      json_sprintf("zone %s: %s; not to be had from %s: %s", of->name, absent ? "SERVFAIL" : "the copy is served",
                                   hostport_format(&of->primary.address, at), supply->problem));
        else if (absent)
            add_alarm(list, of->name,
                      json_sprintf("zone %s: SERVFAIL, it has not come from %s yet", of->name, hostport_format(&of->primary.address, at)));
    }
}

double primaries_age_s(const struct primaries *primaries, size_t zone)
{
    for (size_t i = 0; i < primaries->count; i++)
        if (primaries->supplies[i].zone == zone && primaries->supplies[i].confirmed_s)
            return (double)((int64_t)clock_boot_ms() - primaries->supplies[i].confirmed_ms) / 1e3;
    return -1;
}

void primaries_describe(const struct primaries *primaries, size_t zone, json_t *object)
{
    char at[HOSTPORT_TEXT];
    for (size_t i = 0; i < primaries->count; i++) {
        const struct supply *supply = &primaries->supplies[i];
        if (supply->zone != zone)
            continue;
        const int64_t age_s = supply->confirmed_s ? ((int64_t)clock_boot_ms() - supply->confirmed_ms) / 1000 : 0;
        json_object_set_new(object, "primary",
                            json_pack("{s:s, s:I, s:I, s:s}", "address", hostport_format(&zone_of(primaries, supply)->primary.address, at),
                                      "confirmed_s", (json_int_t)supply->confirmed_s, "confirmed_age_ms", (json_int_t)age_s * 1000,
                                      "problem", supply->problem));
    }
}
