#include "control/ramps.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void set_shares(struct ramps *ramps, uint64_t now_ms)
{
    const struct config *config = ramps->config;
    ramps->running = false;
    for (size_t i = 0; i < config->site_count; i++) {
        ramps->site_shares[i] = ramp_share(&ramps->sites[i], config->sites[i].ramp_ms, now_ms);
        ramps->running |= ramps->site_shares[i] < SHARE_WHOLE;
    }
    for (size_t i = 0; i < config->endpoint_count; i++) {
        ramps->endpoint_shares[i] = ramp_share(&ramps->endpoints[i], config->endpoints[i].ramp_ms, now_ms);
        ramps->running |= ramps->endpoint_shares[i] < SHARE_WHOLE;
    }
}

/* The one with this name, of a site or an endpoint's host (which ends in a dot, as no site's name does); NULL: there is none. */
static struct ramp *ramp_of(const struct ramps *ramps, const char *name)
{
    const size_t len = strlen(name);
    const bool host = len > 0 && name[len - 1] == '.';
    const int number = host ? config_endpoint(ramps->config, name) : config_site(ramps->config, name);
    return number < 0 ? NULL : host ? &ramps->endpoints[number] : &ramps->sites[number];
}

static void restore(struct ramps *ramps, const struct saved *saved, uint64_t now_ms)
{
    for (size_t i = 0; i < saved->ramp_count; i++) {
        const uint64_t age_ms = saved->ramps[i].age_ms + saved->age_ms;
        struct ramp *ramp = ramp_of(ramps, saved->ramps[i].name);
        if (ramp)
            ramp->since_ms = now_ms > age_ms ? now_ms - age_ms : 1;
    }
}

/* Where a ramp is of any interest at all: it runs, or could begin. Seeking names costs, and a reload has thousands of them. */
static bool matters(const struct ramp *ramp)
{
    return ramp->away || ramp->since_ms;
}

static void carry(struct ramps *ramps, const struct ramps *previous)
{
    const struct config *was = previous->config;
    for (size_t i = 0; i < was->site_count; i++) {
        struct ramp *ramp = matters(&previous->sites[i]) ? ramp_of(ramps, was->sites[i].name) : NULL;
        if (ramp)
            *ramp = previous->sites[i];
    }
    for (size_t i = 0; i < was->endpoint_count; i++) {
        struct ramp *ramp = matters(&previous->endpoints[i]) ? ramp_of(ramps, was->endpoints[i].host) : NULL;
        if (ramp)
            *ramp = previous->endpoints[i];
    }
}

void ramps_init(struct ramps *ramps, const struct config *config, const struct ramps *previous, const struct saved *saved, uint64_t now_ms)
{
    *ramps = (struct ramps){
        .config = config,
        .sites = mem_new(config->site_count + 1, sizeof *ramps->sites),
        .endpoints = mem_new(config->endpoint_count + 1, sizeof *ramps->endpoints),
        .site_shares = mem_new(config->site_count + 1, sizeof *ramps->site_shares),
        .endpoint_shares = mem_new(config->endpoint_count + 1, sizeof *ramps->endpoint_shares),
    };
    if (saved)
        restore(ramps, saved, now_ms);
    if (previous)
        carry(ramps, previous);
    set_shares(ramps, now_ms);
}

void ramps_release(struct ramps *ramps)
{
    free(ramps->sites);
    free(ramps->endpoints);
    free(ramps->site_shares);
    free(ramps->endpoint_shares);
}

/* An endpoint is away for reasons of its own; what its site lacks is the site's. */
static bool is_own(enum cause cause)
{
    return cause == CAUSE_VERDICT || cause == CAUSE_HELD || cause == CAUSE_ENDPOINT_DRAIN || cause == CAUSE_ENDPOINT_DISABLE;
}

static void look(struct ramps *ramps, const uint8_t *standings, const uint8_t *causes, uint64_t now_ms)
{
    for (size_t number = 0; number < ramps->config->site_count; number++) {
        const struct site *site = &ramps->config->sites[number];
        bool any = site->endpoint_count == 0;
        for (size_t i = site->first_endpoint; i < (size_t)site->first_endpoint + site->endpoint_count; i++) {
            const bool alive = standings[i] <= STANDING_UNKNOWN;
            any |= alive;
            ramp_look(&ramps->endpoints[i], !alive && is_own(causes[i]), now_ms);
        }
        ramp_look(&ramps->sites[number], !any, now_ms);
    }
}

void ramps_look(struct ramps *ramps, const struct policy *policy, const struct world_state *state, uint64_t now_ms)
{
    const struct config *config = ramps->config;
    const size_t count = config->endpoint_count, words = count / 64 + 1;
    uint8_t *standings = mem_new(count + 1, 1), *causes = mem_new(count + 1, 1), sites[SITES_MAX];
    uint64_t *offered = mem_new(words, sizeof *offered);
    memset(offered, 0xff, words * sizeof *offered);
    for (size_t i = 0; i < config->site_count; i++)
        sites[i] = (uint8_t)i;
    const struct plan_spec everything = {
        .targets = 1, .transport = -1, .sites = sites, .site_count = config->site_count, .offered = offered};
    struct world_state whole = *state;
    whole.diversions = NULL; /* some callers' switch says nothing of a site's own state */
    policy_standings(policy, &whole, &everything, standings, causes);
    look(ramps, standings, causes, now_ms);
    set_shares(ramps, now_ms);
    free(standings);
    free(causes);
    free(offered);
}

bool ramps_moved(const struct ramps *ramps, uint64_t now_ms)
{
    const struct config *config = ramps->config;
    if (!ramps->running)
        return false;
    for (size_t i = 0; i < config->site_count; i++)
        if (ramps->site_shares[i] != ramp_share(&ramps->sites[i], config->sites[i].ramp_ms, now_ms))
            return true;
    for (size_t i = 0; i < config->endpoint_count; i++)
        if (ramps->endpoint_shares[i] != ramp_share(&ramps->endpoints[i], config->endpoints[i].ramp_ms, now_ms))
            return true;
    return false;
}

void ramps_put(const struct ramps *ramps, struct room *room)
{
    room->site_shares = ramps->running ? ramps->site_shares : NULL;
    room->endpoint_shares = ramps->running ? ramps->endpoint_shares : NULL;
}

static void save(const struct ramp *ramp, uint16_t share, const char *name, uint64_t now_ms, struct saved *saved)
{
    if (share < SHARE_WHOLE)
        saved_add_ramp(saved, name, now_ms > ramp->since_ms ? now_ms - ramp->since_ms : 0);
}

void ramps_save(const struct ramps *ramps, uint64_t now_ms, struct saved *saved)
{
    const struct config *config = ramps->config;
    for (size_t i = 0; i < config->site_count; i++)
        save(&ramps->sites[i], ramps->site_shares[i], config->sites[i].name, now_ms, saved);
    for (size_t i = 0; i < config->endpoint_count; i++)
        save(&ramps->endpoints[i], ramps->endpoint_shares[i], config->endpoints[i].host, now_ms, saved);
}
