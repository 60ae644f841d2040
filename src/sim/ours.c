/* Steering by load, as the daemon does it: demand as counted, load as reported, the balancer, prices into plans. */
#include "sim/ours.h"

#include "base/memory.h"
#include "load/demand.h"
#include "policy/balance.h"

#include <stdlib.h>

struct ours {
    struct demand *demand;
    struct balancer *balancer;
    struct fullness *sites;
    double *capacities;
    uint32_t *spec_of_service;
    uint64_t next_ms;
    bool moved; /* prices have changed since the last plan */
};

struct ours *ours_new(const struct config *config)
{
    struct ours *ours = mem_new(1, sizeof *ours);
    *ours = (struct ours){.demand = demand_new(demand_half_life_ms(config->balance.hold_ms)),
                          .balancer = balancer_new(),
                          .sites = mem_new(config->site_count, sizeof *ours->sites),
                          .capacities = mem_new(config->site_count, sizeof *ours->capacities),
                          .spec_of_service = mem_new(config->service_count, sizeof *ours->spec_of_service)};
    return ours;
}

void ours_free(struct ours *ours)
{
    if (ours == NULL)
        return;
    demand_free(ours->demand);
    balancer_free(ours->balancer);
    free(ours->sites);
    free(ours->capacities);
    free(ours->spec_of_service);
    free(ours);
}

static void take_in_load(struct ours *ours, const struct steerer *steerer, uint64_t now_ms)
{
    balance_capacities(steerer->policy, &steerer->state, ours->capacities);
    for (unsigned i = 0; i < steerer->config->site_count; i++)
        ours->sites[i] =
            (struct fullness){.capacity = ours->capacities[i], .load = reports_utilisation(steerer->reports, steerer->ground, i, now_ms)};
}

static void balance(struct ours *ours, struct steerer *steerer, uint64_t now_ms)
{
    size_t flow_count;
    bool measured;
    struct flow *flows = demand_flows(ours->demand, geo_classes(steerer->geo), steerer->config->service_count, &flow_count, &measured);
    take_in_load(ours, steerer, now_ms);
    const struct balance_input input = {.policy = steerer->policy,
                                        .state = &steerer->state,
                                        .specs = &steerer->spec,
                                        .spec_count = 1,
                                        .spec_of_service = ours->spec_of_service,
                                        .flows = flows,
                                        .flow_count = flow_count,
                                        .sites = ours->sites,
                                        .ttl_ms = steerer->service->ttl_s * 1000};
    ours->moved |= balancer_step(ours->balancer, &input, now_ms);
    steerer->state.room.prices_m = balancer_prices(ours->balancer);
    free(flows);
}

bool ours_look(struct ours *ours, struct steerer *steerer, bool changed, uint64_t now_ms)
{
    demand_close(ours->demand, now_ms);
    if (!steerer->config->balance.enabled)
        return changed;
    if (now_ms >= ours->next_ms || changed) {
        balance(ours, steerer, now_ms);
        ours->next_ms = now_ms + steerer->config->balance.interval_ms;
    }
    const bool moved = ours->moved;
    ours->moved = false;
    return moved || changed;
}

void ours_count(struct ours *ours, const struct steerer *steerer, const struct cache *cache)
{
    const struct demand_cell cell = {.service = (uint32_t)(steerer->service - steerer->config->services),
                                     .class = cache->class,
                                     .bucket = cache->bucket,
                                     .count = 1,
                                     .votes = 1,
                                     .candidate = cache->client};
    demand_add(ours->demand, &cell, 1);
}
