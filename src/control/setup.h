/* One loaded state of affairs with what is believed and ordered in it: all that a snapshot is built from. A reload makes a new one.
 * Thread: the director's (or a tool's only one). */
#pragma once

#include "control/beliefs.h"
#include "control/loads.h"
#include "control/overrides.h"
#include "control/ramps.h"
#include "snapshot/snapshot.h"

struct setup {
    uint64_t number; /* of all that this thread has made, from 1 on: an address may come again */
    struct world *world;
    struct place *place;
    struct beliefs beliefs;
    struct effects effects;
    struct meters meters;
    bool suspect; /* everything fell at once: falls from suspect_since_ms on are not believed */
    uint64_t suspect_since_ms;
    uint8_t *kept; /* by endpoint: safety does not believe its fall */
    size_t kept_count;
    struct ramps ramps;
    uint32_t *prices_m; /* by site (control/balance.c) */
};

/* Takes the references to world and place. previous and saved may be NULL (see beliefs_init). */
struct setup *setup_new(struct world *world, struct place *place, const struct setup *previous, const struct saved *saved, uint64_t now_ms);
void setup_free(struct setup *setup);

/* The changing inputs as policy takes them; points into setup. */
struct world_state setup_state(const struct setup *setup);

/* Puts the orders of this moment and the suspicion in place. */
void setup_refresh(struct setup *setup, const struct overrides *overrides, uint64_t now_ms);

/* Puts the orders of this moment and the suspicion in place and builds. The snapshot is the caller's. */
struct snapshot *setup_build(struct setup *setup, const struct overrides *overrides, uint64_t now_ms, const struct snapshot *previous,
                             int64_t wall_s, uint64_t generation);

/* How full everything is at this moment: setup->meters.endpoint_use, .site_use and .cluster_use. */
void setup_look(struct setup *setup, uint64_t now_ms);

/* All that the descriptions (status, explain ...) read, at one moment. */
struct view {
    const struct setup *setup;
    const struct overrides *overrides;
    const struct snapshot *snapshot; /* built from setup; NULL before the first */
    uint64_t now_ms;
    int64_t wall_s;
};
