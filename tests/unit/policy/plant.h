/* Callers, caches and calls in virtual time: what a balancer steers. Answers are kept for a TTL, calls last, and what is measured is as old as the test
 * wants it. Thread: the test's. */
#pragma once

#include "policy/bazaar.h"

enum { TICK_MS = 1000, DELAY_MAX = 256 };

struct plant {
    struct bazaar *bazaar;
    struct balancer *balancer;
    struct balance_input input;
    struct flow *flows;
    struct fullness fullness[SITES_MAX];
    uint32_t spec_of_service[1];
    double *calls_per_s;     /* by class: the truth */
    double *shares;          /* by class and site: where those go who have asked lately */
    double *answers;         /* the same: what they are told now */
    bool percent[SITES_MAX]; /* the site tells how full it is, and nobody what it can take */
    double calls[SITES_MAX]; /* there are now */
    double before[DELAY_MAX][SITES_MAX];
    uint32_t hold_ms, delay_ms; /* how long calls really last; how old what is measured is */
    double noise;               /* of what is measured: in deviations of a count */
    uint64_t dice, now_ms;
    unsigned changes; /* of prices */
    double lost;      /* calls that came to a dead site */
    double dead[SITES_MAX];
};

/* Demand of the bazaar; factors: by class, calls of a query, all alike if NULL. */
static inline struct plant *plant_new(struct bazaar *bazaar, const double *factors)
{
    struct plant *plant = mem_new(1, sizeof *plant);
    const size_t sites = bazaar->config.site_count, classes = bazaar->classes.count;
    struct balance_config *balance = &bazaar->config.balance;
    *balance = (struct balance_config){.enabled = true, .interval_ms = 5000, .hold_ms = 180000, .dead_band = 10, .step = 20, .heavy = 5};
    plant->bazaar = bazaar;
    plant->balancer = balancer_new();
    plant->hold_ms = balance->hold_ms;
    plant->dice = 1;
    plant->flows = mem_new(classes, sizeof *plant->flows);
    plant->calls_per_s = mem_new(classes, sizeof *plant->calls_per_s);
    plant->shares = mem_new(classes * sites, sizeof *plant->shares);
    plant->answers = mem_new(classes * sites, sizeof *plant->answers);
    for (size_t i = 0; i < classes; i++) {
        plant->calls_per_s[i] = bazaar->flows[i].calls * 1000 / plant->hold_ms;
        plant->flows[i] = (struct flow){0, (uint32_t)i, plant->calls_per_s[i] / (factors ? factors[i] : 8)};
    }
    plant->input = (struct balance_input){.policy = bazaar->policy,
                                          .state = &bazaar->state,
                                          .specs = &bazaar->spec,
                                          .spec_count = 1,
                                          .spec_of_service = plant->spec_of_service,
                                          .flows = plant->flows,
                                          .flow_count = classes,
                                          .sites = plant->fullness,
                                          .ttl_ms = 30000};
    for (size_t i = 0; i < sites; i++)
        plant->fullness[i] = (struct fullness){bazaar->supplies[i].target / 0.8, {.trust = 1}};
    return plant;
}

static inline void plant_free(struct plant *plant)
{
    balancer_free(plant->balancer);
    free(plant->flows);
    free(plant->calls_per_s);
    free(plant->shares);
    free(plant->answers);
    free(plant);
}

static inline void plant_answer(struct plant *plant)
{
    static const uint32_t none_m[SITES_MAX];
    const uint32_t *prices_m = balancer_prices(plant->balancer);
    struct market *market = market_new(&plant->bazaar->all);
    for (size_t i = 0; i < plant->bazaar->classes.count; i++)
        market_split(market, prices_m ? prices_m : none_m, i, plant->answers + i * plant->bazaar->config.site_count);
    market_free(market);
}

/* Answers change at once, caches with the TTL. */
static inline void plant_learn(struct plant *plant, double share)
{
    for (size_t i = 0; i < plant->bazaar->classes.count * plant->bazaar->config.site_count; i++)
        plant->shares[i] += (plant->answers[i] - plant->shares[i]) * share;
}

/* As if everything had been as it is for long. */
static inline void plant_rest(struct plant *plant)
{
    const size_t sites = plant->bazaar->config.site_count;
    plant_answer(plant);
    plant_learn(plant, 1);
    memset(plant->calls, 0, sizeof plant->calls);
    for (size_t i = 0; i < plant->bazaar->classes.count; i++)
        for (size_t k = 0; k < sites; k++)
            plant->calls[k] += plant->calls_per_s[i] * plant->shares[i * sites + k] * plant->hold_ms / 1000;
    for (size_t i = 0; i < DELAY_MAX; i++)
        memcpy(plant->before[i], plant->calls, sizeof plant->calls);
}

static inline void plant_measure(struct plant *plant)
{
    const double *seen = plant->before[(plant->now_ms - plant->delay_ms) / TICK_MS % DELAY_MAX];
    for (size_t i = 0; i < plant->bazaar->config.site_count; i++) {
        double chance = -6;
        for (unsigned k = 0; k < 12; k++)
            chance += dice_unit(&plant->dice);
        struct fullness *at = &plant->fullness[i];
        const double calls = fmax(0, seen[i] + chance * plant->noise * sqrt(seen[i]));
        const double capacity = plant->bazaar->supplies[i].target / 0.8;
        if (plant->percent[i])
            at->capacity = 0;
        if (at->load.trust > 0)
            at->load = (struct utilisation){
                .ratio = calls / capacity, .calls = plant->percent[i] ? 0 : calls, .trust = at->load.trust, .at_ms = plant->now_ms};
    }
}

static inline void plant_tick(struct plant *plant)
{
    const size_t sites = plant->bazaar->config.site_count;
    const double ends = TICK_MS / (double)plant->hold_ms;
    plant_learn(plant, TICK_MS / (double)plant->input.ttl_ms);
    for (size_t k = 0; k < sites; k++)
        plant->calls[k] *= 1 - ends;
    for (size_t i = 0; i < plant->bazaar->classes.count; i++)
        for (size_t k = 0; k < sites; k++)
            plant->calls[k] += plant->calls_per_s[i] * plant->shares[i * sites + k] * TICK_MS / 1000;
    plant->now_ms += TICK_MS;
    memcpy(plant->before[plant->now_ms / TICK_MS % DELAY_MAX], plant->calls, sizeof plant->calls);
    if (plant->now_ms % plant->bazaar->config.balance.interval_ms != 0)
        return;
    plant_measure(plant);
    plant->changes += balancer_step(plant->balancer, &plant->input, plant->now_ms);
    plant_answer(plant);
}

static inline void plant_run(struct plant *plant, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i++)
        plant_tick(plant);
}

/* The load of a site in percent of its capacity. */
static inline double plant_level(const struct plant *plant, size_t site)
{
    return plant->calls[site] / (plant->bazaar->supplies[site].target / 0.8) * 100;
}

static inline double plant_worst(const struct plant *plant)
{
    double worst = 0;
    for (size_t i = 0; i < plant->bazaar->config.site_count; i++)
        worst = fmax(worst, plant_level(plant, i));
    return worst;
}
