/* A new world of the same configuration: signatures renewed, keys that have changed their part, a zone that came from elsewhere. Made by the
 * loader's thread, one at a time; nothing of the configuration or of zone files is read anew, but the keys are. */
#include "control/director.h"
#include "control/rebuild.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/signed.h"
#include "dns/serial.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLOCK_TRUSTED_S = 3600, /* signatures begin an hour before they are made: a clock that moves by less harms nothing */
    REBUILD_EVERY_S = 3600, /* what is due in the meantime is renewed together; sooner where signatures are good for a short time only */
    REBUILD_RETRY_S = 60,
    REFRESH_SHARE = 10,
    ZONES_NOTED = 100 /* in the journal, of one rebuild */
};

struct rebuilding {
    struct job job;
    struct director *director;
    struct world *from;
    struct place *place;
    int64_t wall_s;
    bool keys_due; /* the time of a key has come */
    struct serials serials;
    struct zone **replacements; /* plain; references */
    size_t replacement_count;
    struct report report;
    struct world *world; /* the result, or NULL */
};

int64_t signing_wall_s(const struct director *director)
{
    return ((int64_t)clock_boot_ms() + director->sign_offset_ms) / 1000;
}

int64_t signing_clock_offset_ms(void)
{
    return clock_wall_ms() - (int64_t)clock_boot_ms();
}

void signing_trust_clock(struct director *director)
{
    director->sign_offset_ms = signing_clock_offset_ms();
    director->alarms.clock[0] = '\0';
}

/* Small steps are followed, a large one is told and not believed: signatures made by a wrong clock would be bogus everywhere. */
static void watch_clock(struct director *director)
{
    const int64_t moved_ms = signing_clock_offset_ms() - director->sign_offset_ms;
    if (moved_ms < CLOCK_TRUSTED_S * 1000 && moved_ms > -CLOCK_TRUSTED_S * 1000) {
        if (director->alarms.clock[0])
            log_notice("the clock is back where it was");
        signing_trust_clock(director);
        return;
    }
    if (!director->alarms.clock[0])
        log_error("the clock has jumped by %" PRId64
                  " s; signatures go by the time before: set it right, or let `sipsteer reload` take the new time",
                  moved_ms / 1000);
    snprintf(director->alarms.clock, sizeof director->alarms.clock,
             "the clock has jumped by %" PRId64
             " s; signatures go by the time before until the clock is back or a reload takes the new time",
             moved_ms / 1000);
}

/* Unless a reload has brought a newer one, or the zone is not configured any more. */
static void replace(const struct world *world, struct zone **zones, struct zone *with)
{
    const int index = world_find_zone(world, with->apex, with->apex_len);
    if (index < 0 || (!with->absent && !zones[index]->absent && serial_after(zones[index]->serial, with->serial)))
        return;
    zone_unref(zones[index]);
    zones[index] = zone_ref(with);
}

static void run_rebuild(struct job *job)
{
    struct rebuilding *rebuilding = (struct rebuilding *)job;
    struct config *config = world_config_ref(rebuilding->from);
    struct zone **zones = mem_new(config->zone_count + 1, sizeof *zones);
    for (size_t i = 0; i < config->zone_count; i++)
        zones[i] = world_plain_zone(rebuilding->from, i);
    for (size_t i = 0; i < rebuilding->replacement_count; i++)
        replace(rebuilding->from, zones, rebuilding->replacements[i]);
    const struct signing_input input = {.signatures = rebuilding->director->signatures, .wall_s = rebuilding->wall_s};
    rebuilding->world = signed_world(config, zones, &input, &rebuilding->serials, &rebuilding->report);
    free(zones);
    if (rebuilding->world)
        sign_ahead(rebuilding->world, rebuilding->place, rebuilding->wall_s, 1);
}

static void rebuilding_free(struct rebuilding *rebuilding)
{
    for (size_t i = 0; i < rebuilding->replacement_count; i++)
        zone_unref(rebuilding->replacements[i]);
    free(rebuilding->replacements);
    world_unref(rebuilding->from);
    world_unref(rebuilding->world);
    place_unref(rebuilding->place);
    serials_release(&rebuilding->serials);
    report_release(&rebuilding->report);
    free(rebuilding);
}

static void fail(struct director *director, const struct rebuilding *rebuilding)
{
    const size_t count = rebuilding->report.count;
    const char *why = count ? rebuilding->report.findings[count - 1].text : "";
    log_findings(&rebuilding->report);
    log_error("zones could not be made anew; what was made before is still served");
    snprintf(director->alarms.signing, sizeof director->alarms.signing,
             "zones could not be made anew, what was made before is still served: %.400s", why);
}

/* Each zone that has another serial since: its keys are others. */
static void note_keys(struct director *director, const struct rebuilding *rebuilding)
{
    const struct config *config = world_config(rebuilding->world);
    size_t noted = 0;
    for (size_t i = 0; i < config->zone_count && noted < ZONES_NOTED; i++) {
        const struct zone *before = world_zone(rebuilding->from, i), *after = world_zone(rebuilding->world, i);
        if (before->serial == after->serial)
            continue;
        journal_note(director->journal, &(struct event){.kind = EVENT_ZONE,
                                                        .target = config->zones[i].name,
                                                        .what = "its keys have changed",
                                                        .before = json_pack("{s:I}", "serial", (json_int_t)before->serial),
                                                        .after = json_pack("{s:I}", "serial", (json_int_t)after->serial)});
        noted++;
    }
}

static bool take_rebuilt(struct director *director, struct rebuilding *rebuilding)
{
    if (rebuilding->world == NULL)
        return false;
    struct world *world = world_ref(rebuilding->world);
    if (director_install(director, world, place_ref(director->setup->place), &rebuilding->report))
        return true;
    return false;
}

static void queue(struct director *director, struct zone *zone)
{
    director->replacements =
        mem_grow(director->replacements, &director->replacement_room, director->replacement_count + 1, sizeof(struct zone *));
    director->replacements[director->replacement_count++] = zone;
}

/* Those of which no later one has come. */
static void queue_again(struct director *director, const struct rebuilding *rebuilding)
{
    const size_t later = director->replacement_count;
    for (size_t i = 0; i < rebuilding->replacement_count; i++) {
        struct zone *zone = rebuilding->replacements[i];
        bool there = false;
        for (size_t k = 0; k < later; k++)
            there |= director->replacements[k]->apex_len == zone->apex_len &&
                     memcmp(director->replacements[k]->apex, zone->apex, zone->apex_len) == 0;
        if (!there)
            queue(director, zone_ref(zone));
    }
}

static void end_rebuild(struct job *job)
{
    struct rebuilding *rebuilding = (struct rebuilding *)job;
    struct director *director = rebuilding->director;
    director->rebuilding = false;
    if (!director->stopping && rebuilding->from != director->setup->world) {
        director->rebuild_ms = 0; /* a reload came in between: once more, from there */
        queue_again(director, rebuilding);
    } else if (!director->stopping && take_rebuilt(director, rebuilding)) {
        director->alarms.signing[0] = '\0';
        keep_serials(director, &rebuilding->serials);
        if (rebuilding->keys_due && rebuilding->replacement_count == 0)
            note_keys(director, rebuilding);
    } else if (!director->stopping) {
        fail(director, rebuilding);              /* a zone that does not fit is its primary's matter again */
        if (rebuilding->replacement_count > 1) { /* but it takes no other with it */
            director->rebuild_alone = rebuilding->replacement_count;
            queue_again(director, rebuilding);
        }
    }
    rebuilding_free(rebuilding);
}

/* What waits to be put in: all of it, or one at a time after they failed together. */
static void take_replacements(struct director *director, struct rebuilding *rebuilding)
{
    if (director->rebuild_alone == 0 || director->replacement_count < 2) {
        rebuilding->replacements = director->replacements;
        rebuilding->replacement_count = director->replacement_count;
        director->replacements = NULL;
        director->replacement_count = director->replacement_room = 0;
    } else {
        rebuilding->replacements = mem_copy(director->replacements, sizeof(struct zone *));
        rebuilding->replacement_count = 1;
        director->replacement_count--;
        memmove(director->replacements, director->replacements + 1, director->replacement_count * sizeof(struct zone *));
    }
    director->rebuild_alone -= director->rebuild_alone > 0;
}

static void rebuild(struct director *director)
{
    struct rebuilding *rebuilding = mem_new(1, sizeof *rebuilding);
    *rebuilding = (struct rebuilding){.job = {.run = run_rebuild, .done = end_rebuild},
                                      .director = director,
                                      .from = world_ref(director->setup->world),
                                      .place = place_ref(director->setup->place),
                                      .wall_s = signing_wall_s(director),
                                      .keys_due = world_event_s(director->setup->world) <= signing_wall_s(director),
                                      .serials = serials_copy(&director->serials)};
    report_init(&rebuilding->report);
    take_replacements(director, rebuilding);
    director->rebuilding = true;
    director->rebuild_ms = clock_ms();
    work_push(director->loader, &rebuilding->job);
}

void rebuild_with(struct director *director, struct zone *zone)
{
    queue(director, zone);
    rebuild_pass(director);
}

/* The least time between two renewals. */
static uint64_t pause_ms(const struct director *director)
{
    const struct config *config = world_config(director->setup->world);
    uint64_t pause_s = director->alarms.signing[0] ? REBUILD_RETRY_S : REBUILD_EVERY_S;
    for (size_t i = 0; i < config->zone_count; i++) {
        const struct dnssec_config *dnssec = &config->zones[i].dnssec;
        if (dnssec->denial != DENIAL_NONE && dnssec->refresh_s / REFRESH_SHARE < pause_s)
            pause_s = dnssec->refresh_s / REFRESH_SHARE;
    }
    return pause_s * 1000;
}

static bool rested(const struct director *director)
{
    return clock_ms() - director->rebuild_ms >= pause_ms(director);
}

static bool renewal_due(const struct director *director)
{
    const int64_t now_s = signing_wall_s(director);
    if (!director->serving)
        return false;
    if (director->alarms.signing[0])
        return rested(director);
    if (world_event_s(director->setup->world) <= now_s)
        return true;
    return snapshot_renew_s(snapshot_current()) <= now_s && rested(director);
}

void rebuild_pass(struct director *director)
{
    watch_clock(director);
    if (!director->rebuilding && !director->stopping && (director->replacement_count > 0 || renewal_due(director)))
        rebuild(director);
}

void rebuild_release(struct director *director)
{
    for (size_t i = 0; i < director->replacement_count; i++)
        zone_unref(director->replacements[i]);
    free(director->replacements);
}
