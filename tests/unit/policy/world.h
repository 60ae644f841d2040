/* Small worlds for the tests of policy: sites of endpoints, classes, everyone up; tests then change what they are about.
 * Thread: the test's. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/memory.h"
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

enum { WORLD_ENDPOINTS = 256, WORLD_SITES = 16 };

struct world {
    struct config config;
    struct classes classes;
    struct site sites[WORLD_SITES];
    struct endpoint endpoints[WORLD_ENDPOINTS];
    struct endpoint_health health[WORLD_ENDPOINTS];
    uint8_t endpoint_orders[WORLD_ENDPOINTS], site_orders[WORLD_SITES];
    uint8_t service_sites[WORLD_SITES];
    uint64_t offered[WORLD_ENDPOINTS / 64];
    uint8_t order[WORLD_SITES]; /* the one class's, until a test brings others */
    struct policy *policy;
    struct world_state state;
    struct plan_spec spec;
};

static inline struct world *world_new(void)
{
    struct world *world = mem_new(1, sizeof *world);
    world->config.sites = world->sites;
    world->config.endpoints = world->endpoints;
    world->state =
        (struct world_state){.health = world->health, .endpoint_orders = world->endpoint_orders, .site_orders = world->site_orders};
    world->spec = (struct plan_spec){.targets = 4, .transport = -1, .sites = world->service_sites, .offered = world->offered};
    memset(world->offered, 0xff, sizeof world->offered);
    return world;
}

/* A site of the service, the last in its order and in the class's. */
static inline unsigned world_site(struct world *world, const char *name)
{
    const unsigned number = (unsigned)world->config.site_count++;
    world->sites[number] = (struct site){.name = mem_text(name), .min_up = 1, .first_endpoint = (uint16_t)world->config.endpoint_count};
    world->order[number] = (uint8_t)number;
    world->service_sites[world->spec.site_count++] = (uint8_t)number;
    return number;
}

/* An endpoint of the last site, up. */
static inline uint16_t world_endpoint(struct world *world, unsigned tier, unsigned weight)
{
    const uint16_t number = (uint16_t)world->config.endpoint_count++;
    struct site *site = &world->sites[world->config.site_count - 1];
    world->endpoints[number] = (struct endpoint){.host = mem_format("e%u.%s.example.", site->endpoint_count, site->name),
                                                 .site = (uint8_t)(world->config.site_count - 1),
                                                 .tier = tier,
                                                 .weight = weight};
    world->health[number] = (struct endpoint_health){.overall = VERDICT_UP, .reason = REASON_NOT_PROBED};
    site->endpoint_count++;
    return number;
}

/* sites of so many endpoints, all of tier 1 and weight 100. */
static inline void world_fill(struct world *world, unsigned sites, unsigned endpoints)
{
    for (unsigned i = 0; i < sites; i++) {
        char name[] = {'s', (char)('a' + i), 0};
        world_site(world, name);
        for (unsigned k = 0; k < endpoints; k++)
            world_endpoint(world, 1, 100);
    }
}

/* Draws; with one class of all sites in order unless the test brought its own. */
static inline void world_ready(struct world *world)
{
    if (world->classes.orders == NULL)
        world->classes = (struct classes){.count = 1, .orders = world->order};
    world->classes.site_count = (uint8_t)world->config.site_count;
    policy_free(world->policy);
    world->policy = policy_new(&world->config, &world->classes);
}

static inline void world_free(struct world *world)
{
    for (size_t i = 0; i < world->config.site_count; i++)
        free(world->sites[i].name);
    for (size_t i = 0; i < world->config.endpoint_count; i++)
        free(world->endpoints[i].host);
    policy_free(world->policy);
    free(world);
}

/* The endpoint is probed through this family and transport, and that is what was found since then. */
static inline void world_probe(struct world *world, unsigned endpoint, enum family family, enum transport transport, enum verdict verdict,
                               uint64_t since_ms)
{
    static const uint8_t badness[] = {[VERDICT_UP] = 0, [VERDICT_UNKNOWN] = 1, [VERDICT_DRAINING] = 2, [VERDICT_DOWN] = 3};
    struct endpoint_health *health = &world->health[endpoint];
    health->of[family == FAMILY_V6][transport] = (struct facet){.verdict = verdict, .probed = true, .since_ms = since_ms};
    health->overall = VERDICT_DOWN;
    health->since_ms = 0;
    for (unsigned i = 0; i < 2 * TRANSPORT_COUNT; i++) {
        const struct facet *facet = &health->of[i / TRANSPORT_COUNT][i % TRANSPORT_COUNT];
        if (facet->probed && badness[facet->verdict] < badness[health->overall])
            health->overall = facet->verdict;
        if (facet->probed && facet->since_ms > health->since_ms)
            health->since_ms = facet->since_ms;
    }
}

/* One decision, read from a plan. */
struct decision {
    enum selection_kind kind;
    unsigned count, transports, doubt;
    struct choice choices[TARGETS_MAX];
};

static inline struct decision plan_decision(const struct plan *plan, uint32_t class_number, unsigned bucket)
{
    const struct selection *selection = plan_selection(plan, plan->run_of_class[class_number], bucket);
    struct decision decision = {selection->kind, selection->count, selection->transports, selection->doubt, {{0, 0, 0}}};
    if (selection->count > 0)
        memcpy(decision.choices, plan->choices + selection->first, selection->count * sizeof *decision.choices);
    return decision;
}

static inline struct decision decide(const struct world *world, const struct plan_spec *spec, uint32_t class_number, unsigned bucket)
{
    struct plan *plan = policy_plan(world->policy, &world->state, spec);
    const struct decision decision = plan_decision(plan, class_number, bucket);
    plan_unref(plan);
    return decision;
}

/* Whether the choices are exactly these endpoints, in any order. */
static inline bool decision_has(const struct decision *decision, unsigned count, const uint16_t *endpoints)
{
    unsigned found = 0;
    for (unsigned i = 0; i < count; i++)
        for (unsigned k = 0; k < decision->count; k++)
            found += decision->choices[k].endpoint == endpoints[i];
    return decision->count == count && found == count;
}

static inline unsigned dice_below(uint64_t *dice, unsigned limit)
{
    *dice += 0x9e3779b97f4a7c15ULL;
    return (unsigned)(hash_mix(*dice) % limit);
}
