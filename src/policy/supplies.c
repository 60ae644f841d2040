/* How much each site and cluster gives. */
#include "policy/balancer.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

/* Below so much fullness a capacity that is not said cannot be told from it. */
static const double least_ratio = 0.05;
/* Of its capacity: so much a site or cluster can be pressed to take whatever else is there. Where nobody gave anything, no price would be high enough. */
static const double least_max = 0.2;

double limits_calls(const struct limits *limits, uint32_t hold_ms)
{
    const double by_cps = (double)limits->cps * hold_ms / 1000;
    if (limits->calls && limits->cps)
        return fmin(limits->calls, by_cps);
    return limits->calls ? limits->calls : by_cps;
}

static bool takes_calls(const struct world_state *state, size_t endpoint)
{
    const enum verdict verdict = state->health[endpoint].overall;
    return state->endpoint_orders[endpoint] == ORDERED_NOTHING && verdict != VERDICT_DOWN && verdict != VERDICT_DRAINING;
}

static double capacity_of(const struct config *config, const struct world_state *state, const struct site *site)
{
    const uint32_t hold_ms = config->balance.hold_ms;
    const double own = limits_calls(&site->limits, hold_ms);
    double sum = 0;
    bool all_known = true;
    for (size_t i = site->first_endpoint; i < (size_t)site->first_endpoint + site->endpoint_count; i++) {
        const double calls = limits_calls(&config->endpoints[i].limits, hold_ms);
        all_known &= calls > 0;
        sum += takes_calls(state, i) ? calls : 0;
    }
    if (own > 0)
        return all_known ? fmin(own, sum) : own;
    return sum;
}

void balance_capacities(const struct policy *policy, const struct world_state *state, double *ret_calls)
{
    for (size_t i = 0; i < policy->config->site_count; i++)
        ret_calls[i] = capacity_of(policy->config, state, &policy->config->sites[i]);
}

/* Of sites whose fullness alone is known: what is expected there by how full it is. Follows slowly, for both are noisy. */
static void learn_capacities(struct balancer *balancer, struct look *look)
{
    const double pace = -expm1(-(double)look->elapsed_ms / (4.0 * look->config->balance.hold_ms));
    for (size_t i = 0; i < look->config->site_count; i++) {
        const struct fullness *site = &look->input->sites[i];
        look->capacities[i] = site->capacity;
        if (site->capacity > 0 || site->load.trust <= 0)
            continue;
        double *learned = &balancer->learned[i];
        const double now = look->expected[i] / fmax(site->load.ratio, least_ratio);
        if (site->load.ratio >= least_ratio)
            *learned = *learned > 0 ? *learned + (now - *learned) * pace * site->load.trust : now;
        look->capacities[i] = *learned;
    }
}

static void supply_known(struct look *look, size_t number, struct supply *ret)
{
    const double capacity = look->capacities[number], foreign = look->foreign[number];
    const struct site_room *room = &look->config->sites[number].room;
    ret->target = fmax(0, capacity * room->target / 100 - foreign);
    ret->max = fmax(fmax(ret->target, capacity * least_max), capacity * room->max / 100 - foreign);
    ret->band = capacity * look->config->balance.dead_band / 100;
}

/* natural: what it gets where there are no prices. It is not known to be full and not known to have room: so it keeps just that. */
static void supply_unknown(const struct look *look, size_t number, double natural, struct supply *ret)
{
    const struct site_room *room = &look->config->sites[number].room;
    ret->target = fmax(natural, look->capacities[number] * room->target / 100);
    ret->max = ret->target * room->max / fmax(1, room->target);
}

static void supply_sites(struct balancer *balancer, struct look *look)
{
    static const uint32_t none_m[SITES_MAX];
    struct census natural = {.ties = NULL};
    market_census(look->market, none_m, WINDOW_M, 1, &natural);
    for (size_t i = 0; i < look->config->site_count; i++) {
        look->known[i] = look->capacities[i] > 0 && look->input->sites[i].load.trust > 0;
        look->supplies[i] = (struct supply){.now_m = balancer->quotes_m[i]};
        if (look->known[i])
            supply_known(look, i, &look->supplies[i]);
        else
            supply_unknown(look, i, natural.loads[i], &look->supplies[i]);
    }
}

/* What of a site's callers comes to members of a cluster: by weight, of its lowest tier; of all tiers where none of that one is a member. */
static double use_of_cluster(const struct config *config, const struct cluster *cluster, size_t number, bool all_tiers)
{
    const struct site *site = &config->sites[number];
    unsigned lowest = UINT32_MAX;
    double all = 0, members = 0;
    for (size_t i = site->first_endpoint; i < (size_t)site->first_endpoint + site->endpoint_count; i++)
        if (config->endpoints[i].tier < lowest)
            lowest = config->endpoints[i].tier;
    for (size_t i = site->first_endpoint; i < (size_t)site->first_endpoint + site->endpoint_count; i++)
        if (all_tiers || config->endpoints[i].tier == lowest)
            all += config->endpoints[i].weight + 1e-3; /* of weights 0 alone, all are alike */
    for (size_t i = 0; i < cluster->endpoint_count; i++) {
        const struct endpoint *endpoint = &config->endpoints[cluster->endpoints[i]];
        if (endpoint->site == number && (all_tiers || endpoint->tier == lowest))
            members += endpoint->weight + 1e-3;
    }
    if (members == 0 && !all_tiers)
        return use_of_cluster(config, cluster, number, true);
    return all > 0 ? members / all : 0;
}

/* A cluster has no levels of its own: the least of its sites' count. */
void pool_of_cluster(const struct config *config, size_t number, double capacity, struct pool *ret)
{
    unsigned target = UINT32_MAX, max = UINT32_MAX;
    *ret = (struct pool){.supply.band = capacity * config->balance.dead_band / 100};
    for (size_t i = 0; i < config->site_count; i++) {
        ret->uses[i] = use_of_cluster(config, &config->clusters[number], i, false);
        if (ret->uses[i] > 0 && config->sites[i].room.target < target)
            target = config->sites[i].room.target;
        if (ret->uses[i] > 0 && config->sites[i].room.max < max)
            max = config->sites[i].room.max;
    }
    ret->supply.target = capacity * target / 100;
    ret->supply.max = fmax(ret->supply.target, capacity * max / 100);
}

static void supply_cluster(const struct balancer *balancer, const struct look *look, size_t number, struct pool *ret)
{
    const struct fullness *cluster = &look->input->clusters[number];
    double explained = 0;
    pool_of_cluster(look->config, number, cluster->capacity, ret);
    for (size_t i = 0; i < look->config->site_count; i++)
        explained += ret->uses[i] * fmax(0, look->expected[i] + look->foreign[i]);
    const double foreign = cluster->load.trust * fmin(cluster->capacity, fmax(0, cluster->load.calls - explained - 2 * sqrt(explained)));
    ret->supply.now_m = balancer->quotes_m[look->config->site_count + number];
    ret->supply.target = fmax(0, ret->supply.target - foreign);
    ret->supply.max = fmax(fmax(ret->supply.target, cluster->capacity * least_max), ret->supply.max - foreign);
}

/* One whose load or capacity is not known limits nobody. */
static void supply_clusters(const struct balancer *balancer, struct look *look)
{
    const size_t count = look->config->cluster_count;
    look->pools = mem_new(count, sizeof *look->pools);
    for (size_t i = 0; i < count; i++) {
        const struct fullness *cluster = &look->input->clusters[i];
        if (cluster->capacity > 0 && cluster->load.trust > 0)
            supply_cluster(balancer, look, i, &look->pools[i]);
    }
}

void find_supplies(struct balancer *balancer, struct look *look)
{
    learn_capacities(balancer, look);
    supply_sites(balancer, look);
    supply_clusters(balancer, look);
    look->economy = (struct economy){look->market, look->supplies, look->pools, look->config->cluster_count};
}
