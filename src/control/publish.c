/* From what is known to what is answered. A snapshot without signed zones, or with signatures that are all there, is published at once; else its
 * signatures are made in the signer's thread first, and what needs none is published meanwhile (of another world: nothing, all of it waits). */
#include "control/director.h"
#include "control/drills.h"
#include "control/metering.h"
#include "control/rebuild.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

struct signing_job {
    struct job job;
    struct director *director;
    struct snapshot *snapshot;
    int64_t wall_s;
    uint64_t from_ns;
};

static void log_suspicion(bool before, const struct setup *setup)
{
    if (setup->suspect && !before)
        log_error(
            "suspect: every endpoint fell at once; the falls are not believed and the answers stay: look at this machine's own network");
    else if (before && !setup->suspect)
        log_notice("suspect: over, verdicts are believed again");
}

static void log_safety(size_t before, const struct setup *setup)
{
    if (setup->kept_count > before)
        log_error("safety: more endpoints have failed than probes may take out; %zu of them are kept in the answers", setup->kept_count);
    else if (before && setup->kept_count == 0)
        log_notice("safety: over, all verdicts are believed again");
}

bool secrets_due(const struct director *director)
{
    const struct cookies_config *config = &world_config(director->setup->world)->server.cookies;
    return config->enabled && !config->file && own_secrets_due(&director->secrets, clock_wall_s());
}

/* Servers' shared ones, or our own, made and rolled as they are needed (RFC 9018 5: the one before verifies for a day more). */
static const struct siphash_keys *cookie_secrets(struct director *director)
{
    static const struct siphash_keys none;
    const struct cookies_config *config = &world_config(director->setup->world)->server.cookies;
    own_secrets_mind_clock(&director->secrets, clock_wall_s());
    if (secrets_due(director)) {
        own_secrets_renew(&director->secrets, clock_wall_s());
        director->secrets_changed = true;
    }
    return !config->enabled ? &none : config->file ? &config->shared : &director->secrets.keys;
}

static struct snapshot *build(struct director *director, const struct snapshot *previous)
{
    const bool suspected = director->setup->suspect, ramping = director->setup->ramps.running;
    const size_t kept = director->setup->kept_count;
    const uint64_t from_ns = clock_ns();
    struct snapshot *snapshot = setup_build(director->setup, &director->overrides, clock_ms(), previous, signing_wall_s(director), 0);
    metering_duration(&director->metering->build, (double)(clock_ns() - from_ns) / 1e9);
    snapshot_set_cookies(snapshot, cookie_secrets(director));
    audience_draw(director->audience, snapshot);
    log_suspicion(suspected, director->setup);
    log_safety(kept, director->setup);
    director->verdicts_changed |= ramping != director->setup->ramps.running;
    return snapshot;
}

static void note_published(struct director *director, uint64_t from_ns)
{
    if (director->alarms.publish[0])
        log_notice("publishing again");
    director->alarms.publish[0] = '\0';
    director->publish_us = (uint32_t)((clock_ns() - from_ns) / 1000);
    metering_duration(&director->metering->publish, director->publish_us / 1e6);
    if (director->publish_us > director->publish_max_us)
        director->publish_max_us = director->publish_us;
}

static void refused(struct director *director, struct snapshot *snapshot, const struct error *err)
{
    snapshot_free(snapshot);
    if (!director->alarms.publish[0])
        log_error("not published, the older answers stay: %s", err->text);
    snprintf(director->alarms.publish, sizeof director->alarms.publish, "not published, the older answers stay: %s", err->text);
}

/* Secondaries are told of a new world's serials when they can fetch it. */
static void tell_transfers(struct director *director)
{
    struct world *world = director->setup->world;
    if (!director->serving || director->transferred == world || !snapshot_is_of(snapshot_current(), world, NULL))
        return;
    transfers_set(director->transfers, world);
    director->transferred = world;
}

/* Takes the snapshot in any case. */
static bool swap(struct director *director, struct snapshot *snapshot, uint64_t from_ns)
{
    struct error err;
    snapshot_renumber(snapshot, ++director->generation);
    taps_publish(director->tap, director->setup, snapshot, director->generation, clock_ms());
    if (snapshot_publish(snapshot, &err)) {
        note_published(director, from_ns);
        tell_transfers(director);
        drills_published(director);
        return true;
    }
    refused(director, snapshot, &err);
    return false;
}

static void run_signing(struct job *job)
{
    struct signing_job *signing = (struct signing_job *)job;
    snapshot_sign(signing->snapshot, signing->wall_s, 1);
}

static void end_signing(struct job *job);

static void begin_signing(struct director *director, struct snapshot *snapshot, uint64_t from_ns)
{
    struct signing_job *signing = mem_new(1, sizeof *signing);
    *signing = (struct signing_job){.job = {.run = run_signing, .done = end_signing},
                                    .director = director,
                                    .snapshot = snapshot,
                                    .wall_s = signing_wall_s(director),
                                    .from_ns = from_ns};
    director->signing = true;
    director->sign_superseded = false;
    work_push(director->signer, &signing->job);
}

/* The newest state, built with what lender (may be NULL) has; if it must be signed first, what needs no signing is published, and beside it what
 * held (may be NULL) has of the rest. A snapshot that is being signed meanwhile has then been overtaken. */
static bool publish_newest(struct director *director, const struct snapshot *lender, const struct snapshot *held, uint64_t from_ns)
{
    struct snapshot *snapshot = build(director, lender);
    if (snapshot_is_signed(snapshot)) {
        director->sign_superseded = true;
        director->sign_again = false;
        return swap(director, snapshot, from_ns);
    }
    struct error err;
    if (!snapshot_check(snapshot, &err)) { /* it would be refused after all the work */
        refused(director, snapshot, &err);
        return false;
    }
    struct snapshot *meanwhile = snapshot_hold_signed(snapshot, held);
    const bool published = meanwhile == NULL || swap(director, meanwhile, from_ns);
    if (director->signing) {
        director->sign_again = true;
        snapshot_free(snapshot);
    } else {
        begin_signing(director, snapshot, from_ns);
    }
    return published;
}

/* If the state went on meanwhile, the newest one is published instead, with what is signed now. */
static void end_signing(struct job *job)
{
    struct signing_job *signing = (struct signing_job *)job;
    struct director *director = signing->director;
    struct snapshot *snapshot = signing->snapshot;
    const bool again = director->sign_again, superseded = director->sign_superseded;
    director->signing = director->sign_again = false;
    if (!director->stopping && !again && !superseded) {
        swap(director, snapshot, signing->from_ns);
        snapshot = NULL;
    } else if (!director->stopping && again) {
        publish_newest(director, snapshot, superseded ? snapshot_current() : snapshot, signing->from_ns);
    }
    snapshot_free(snapshot);
    if (!director->stopping && snapshot_current())
        director_published(director);
    if (!director->signing)
        reload_published(director);
    free(signing);
}

bool director_publish(struct director *director)
{
    return publish_newest(director, snapshot_current(), snapshot_current(), clock_ns());
}
