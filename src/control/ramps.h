/* The slow starts of all sites and endpoints: who is coming back, and what share that leaves them. Bound to one configuration. No clock: time is an
 * argument. Thread: the director's. */
#pragma once

#include "control/saved.h"
#include "health/ramp.h"
#include "policy/policy.h"

struct ramps {
    const struct config *config;
    struct ramp *sites, *endpoints;
    uint16_t *site_shares, *endpoint_shares;
    bool running; /* a share is not whole */
};

/* Those of sites and endpoints that were in previous (may be NULL) go on, then those in saved (may be NULL). */
void ramps_init(struct ramps *ramps, const struct config *config, const struct ramps *previous, const struct saved *saved, uint64_t now_ms);
void ramps_release(struct ramps *ramps);

/* Looks who is away by the rules of policy, and sets the shares. state->room is not read. */
void ramps_look(struct ramps *ramps, const struct policy *policy, const struct world_state *state, uint64_t now_ms);

/* Whether a share has become another since they were set. */
bool ramps_moved(const struct ramps *ramps, uint64_t now_ms);

/* Puts the shares into the room that policy reads; NULL where all are whole. */
void ramps_put(const struct ramps *ramps, struct room *room);

/* Adds those that run. */
void ramps_save(const struct ramps *ramps, uint64_t now_ms, struct saved *saved);
