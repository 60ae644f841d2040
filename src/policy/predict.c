#include "policy/predict.h"

#include "policy/balancer.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A scenario solved. */
struct state_of_things {
    const struct scenario *scenario;
    const struct config *config;
    struct market *market;
    uint32_t prices_m[SITES_MAX];
};

/* Clients who move, and how much farther they have it. */
struct journey {
    double km, calls;
};

struct journeys {
    struct journey *of;
    size_t count, room;
};

static struct predicted_site *sites_of(const struct state_of_things *state)
{
    struct predicted_site *sites = mem_new(state->config->site_count, sizeof *sites);
    struct census census = {.ties = NULL};
    market_census(state->market, state->prices_m, WINDOW_M, 1, &census);
    for (size_t i = 0; i < state->config->site_count; i++) {
        const struct site_room *room = &state->config->sites[i].room;
        const double capacity = state->scenario->capacities[i];
        sites[i] = (struct predicted_site){census.loads[i], capacity, capacity * room->target / 100, capacity * room->max / 100,
                                           state->prices_m[i]};
    }
    return sites;
}

/* What is not known keeps what it has anyway, as the balancer has it. */
static void find_prices(struct state_of_things *state)
{
    static const uint32_t none_m[SITES_MAX];
    const struct config *config = state->config;
    struct supply *supplies = mem_new(config->site_count, sizeof *supplies);
    struct pool *pools = mem_new(config->cluster_count, sizeof *pools);
    uint32_t *quotes_m = mem_new(config->site_count + config->cluster_count, sizeof *quotes_m);
    struct census natural = {.ties = NULL};
    market_census(state->market, none_m, WINDOW_M, 1, &natural);
    for (size_t i = 0; i < config->site_count; i++) {
        const struct site_room *room = &config->sites[i].room;
        const double capacity = state->scenario->capacities[i];
        supplies[i].target = capacity > 0 ? capacity * room->target / 100 : natural.loads[i];
        supplies[i].max = supplies[i].target * room->max / fmax(1, room->target);
    }
    for (size_t i = 0; i < config->cluster_count; i++)
        if (state->scenario->cluster_capacities && state->scenario->cluster_capacities[i] > 0)
            pool_of_cluster(config, i, state->scenario->cluster_capacities[i], &pools[i]);
    const struct economy economy = {state->market, supplies, pools, config->cluster_count};
    equilibrium(&economy, quotes_m);
    prices_of_quotes(&economy, quotes_m, state->prices_m);
    free(supplies);
    free(pools);
    free(quotes_m);
}

static void solve(struct state_of_things *state, const struct scenario *scenario)
{
    *state =
        (struct state_of_things){.scenario = scenario, .config = scenario->demand.policy->config, .market = market_new(&scenario->demand)};
    if (scenario->prices_m)
        memcpy(state->prices_m, scenario->prices_m, state->config->site_count * sizeof *state->prices_m);
    else
        find_prices(state);
}

static void add_journey(struct journeys *journeys, double km, double calls)
{
    journeys->of = mem_grow(journeys->of, &journeys->room, journeys->count + 1, sizeof *journeys->of);
    journeys->of[journeys->count++] = (struct journey){km, calls};
}

static double km_to(const struct state_of_things *state, size_t line, uint8_t site)
{
    return room_metres(state->scenario->demand.policy, state->scenario->demand.flows[line].class_number, site) / 1000;
}

/* from, to: NO_SITE where there is none. */
static void move(const struct state_of_things *before, const struct state_of_things *after, size_t line, uint8_t from, uint8_t to,
                 double calls, struct journeys *journeys, struct prediction *ret)
{
    ret->calls += calls;
    ret->lost_before += from == NO_SITE ? calls : 0;
    ret->lost_after += to == NO_SITE ? calls : 0;
    if (from == NO_SITE || to == NO_SITE)
        return;
    ret->moves[from * ret->to_count + to] += calls;
    if (strcmp(before->config->sites[from].name, after->config->sites[to].name) == 0)
        return;
    ret->moved += calls;
    const double km_before = km_to(before, line, from), km_after = km_to(after, line, to);
    if (km_before >= 0 && km_after >= 0)
        add_journey(journeys, km_after - km_before, calls);
}

/* Buckets that do alike are told together. */
static void move_line(const struct state_of_things *before, const struct state_of_things *after, size_t line, struct journeys *journeys,
                      struct prediction *ret)
{
    uint8_t from[BUCKETS], to[BUCKETS];
    market_choices(before->market, before->prices_m, line, from);
    market_choices(after->market, after->prices_m, line, to);
    const double bucket = after->scenario->demand.flows[line].calls / BUCKETS;
    for (unsigned i = 0; i < BUCKETS;) {
        unsigned same = 1;
        while (i + same < BUCKETS && from[i + same] == from[i] && to[i + same] == to[i])
            same++;
        move(before, after, line, from[i], to[i], same * bucket, journeys, ret);
        i += same;
    }
}

static int compare_journeys(const void *a, const void *b)
{
    const struct journey *left = a, *right = b;
    return (left->km > right->km) - (left->km < right->km);
}

static void measure(struct journeys *journeys, struct prediction *ret)
{
    double sum = 0, calls = 0, below = 0;
    qsort(journeys->of, journeys->count, sizeof *journeys->of, compare_journeys);
    for (size_t i = 0; i < journeys->count; i++) {
        sum += journeys->of[i].km * journeys->of[i].calls;
        calls += journeys->of[i].calls;
    }
    ret->mean_km = calls > 0 ? sum / calls : 0;
    for (size_t i = 0; i < journeys->count && below < 0.99 * calls; i++) {
        below += journeys->of[i].calls;
        ret->p99_km = journeys->of[i].km;
    }
}

void balance_predict(const struct scenario *before, const struct scenario *after, struct prediction *ret)
{
    struct state_of_things *first = mem_new(1, sizeof *first), *second = mem_new(1, sizeof *second);
    struct journeys journeys = {NULL, 0, 0};
    solve(first, before);
    solve(second, after);
    *ret = (struct prediction){.from_count = first->config->site_count, .to_count = second->config->site_count};
    ret->before = sites_of(first);
    ret->after = sites_of(second);
    ret->moves = mem_new(ret->from_count * ret->to_count, sizeof *ret->moves);
    for (size_t i = 0; i < after->demand.flow_count; i++)
        move_line(first, second, i, &journeys, ret);
    if (journeys.count > 0)
        measure(&journeys, ret);
    for (size_t i = 0; i < ret->to_count; i++) {
        const struct predicted_site *site = &ret->after[i];
        ret->past_target += site->capacity > 0 ? fmax(0, site->calls - site->target) : 0;
        ret->past_max += site->capacity > 0 ? fmax(0, site->calls - site->max) : 0;
    }
    free(journeys.of);
    market_free(first->market);
    market_free(second->market);
    free(first);
    free(second);
}

void prediction_release(struct prediction *prediction)
{
    free(prediction->before);
    free(prediction->after);
    free(prediction->moves);
}
