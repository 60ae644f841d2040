/* The answers of a policy, by what is believed. One table of functions for each policy. Thread: the owner's. */
#pragma once

#include "policy/policy.h"
#include "sim/crowd.h"
#include "sim/reports.h"
#include "sim/sim.h"
#include "sim/watch.h"

struct steerer;

struct steering_policy {
    const char *name;
    /* Decides anew. changed: some verdict has changed since the last time. */
    void (*look)(struct steerer *steerer, bool changed, uint64_t now_ms);
    /* Whom one answer names, best first: at most TARGETS_MAX; how many. */
    unsigned (*answer)(struct steerer *steerer, const struct cache *cache, uint16_t ret_targets[TARGETS_MAX]);
};

extern const struct steering_policy steer_ours, steer_nearest, steer_static, steer_least_loaded, steer_shedding;

struct steerer {
    const struct steering_policy *how;
    const struct config *config;
    const struct service *service;
    const struct geo *geo;
    const struct watch *watch;
    const struct reports *reports;
    const struct ground *ground; /* for capacities as they are configured */
    struct policy *policy;
    struct plan_spec spec;
    uint64_t *offered;
    uint8_t *orders; /* none: zeroes, for endpoints and for sites */
    struct world_state state;
    struct plan *plan;
    struct ours *ours;  /* of "sipsteer" alone, else NULL */
    uint8_t *standings; /* by endpoint */
    struct dice dice;
};

void steerer_init(struct steerer *steerer, enum sim_policy policy, const struct config *config, const struct service *service,
                  const struct geo *geo, uint64_t seed);
void steerer_release(struct steerer *steerer);

/* Once a second. */
void steerer_look(struct steerer *steerer, bool changed, uint64_t now_ms);

/* Asks for a cache, which keeps the answer for its TTL or longer. */
void steerer_answer(struct steerer *steerer, struct cache *cache, uint64_t now_ms);
