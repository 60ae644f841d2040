/* Markets at random: sites and cities on a sphere, demand by city, capacities. Thread: the test's. */
#pragma once

#include "policy/world.h"

#include "policy/equilibrium.h"

#include <math.h>

struct bazaar {
    struct config config;
    struct classes classes;
    struct policy *policy;
    struct endpoint_health *health;
    uint8_t *orders_of_endpoints, *orders_of_sites, *sites, *orders;
    uint64_t *offered;
    struct class_place *places;
    struct world_state state;
    struct plan_spec spec;
    struct calls *flows;
    double *demand; /* by class */
    struct supply *supplies;
    struct demand all;
};

static inline double dice_unit(uint64_t *dice)
{
    return dice_below(dice, 1 << 24) / (double)(1 << 24);
}

struct ranked {
    double far;
    uint8_t site;
};

static inline int compare_ranked(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    return left->far != right->far ? (left->far > right->far) - (left->far < right->far) : left->site - right->site;
}

static inline void bazaar_order(struct bazaar *bazaar, size_t number)
{
    struct ranked ranked[SITES_MAX];
    const struct class_place *place = &bazaar->places[number];
    for (size_t i = 0; i < bazaar->config.site_count; i++) {
        const double lat = bazaar->config.sites[i].latitude * M_PI / 180, lon = bazaar->config.sites[i].longitude * M_PI / 180;
        const double x = cos(lat) * cos(lon) - (double)place->x, y = cos(lat) * sin(lon) - (double)place->y,
                     z = sin(lat) - (double)place->z;
        ranked[i] = (struct ranked){x * x + y * y + z * z, (uint8_t)i};
    }
    qsort(ranked, bazaar->config.site_count, sizeof *ranked, compare_ranked);
    for (size_t i = 0; i < bazaar->config.site_count; i++)
        bazaar->orders[number * bazaar->config.site_count + i] = ranked[i].site;
}

static inline struct class_place random_place(uint64_t *dice)
{
    const double z = dice_unit(dice) * 1.4 - 0.5, angle = dice_unit(dice) * 2 * M_PI, r = sqrt(1 - z * z);
    return (struct class_place){(float)(r * cos(angle)), (float)(r * sin(angle)), (float)z, 1};
}

/* Demand of 1 to about 1000 calls a city, as cities are: few large, many small. */
static inline struct bazaar *bazaar_new(uint64_t *dice, size_t site_count, size_t class_count)
{
    struct bazaar *bazaar = mem_new(1, sizeof *bazaar);
    struct config *config = &bazaar->config;
    config->site_count = config->endpoint_count = site_count;
    config->sites = mem_new(site_count, sizeof *config->sites);
    config->endpoints = mem_new(site_count, sizeof *config->endpoints);
    bazaar->sites = mem_new(site_count, 1);
    for (size_t i = 0; i < site_count; i++) {
        const struct class_place place = random_place(dice);
        config->sites[i] = (struct site){.name = mem_format("site%zu", (i * 7919) % 100003),
                                         .min_up = 1,
                                         .first_endpoint = (uint16_t)i,
                                         .endpoint_count = 1,
                                         .latitude = asin((double)place.z) * 180 / M_PI,
                                         .longitude = atan2((double)place.y, (double)place.x) * 180 / M_PI,
                                         .room = {80, 100}};
        config->endpoints[i] = (struct endpoint){.host = mem_format("h%zu.", i), .site = (uint8_t)i, .tier = 1, .weight = 100};
        bazaar->sites[i] = (uint8_t)i;
    }
    bazaar->health = mem_new(site_count, sizeof *bazaar->health);
    for (size_t i = 0; i < site_count; i++)
        bazaar->health[i].overall = VERDICT_UP;
    bazaar->orders_of_endpoints = mem_new(site_count, 1);
    bazaar->orders_of_sites = mem_new(site_count, 1);
    bazaar->offered = mem_new((site_count + 63) / 64, sizeof *bazaar->offered);
    memset(bazaar->offered, 0xff, (site_count + 63) / 64 * sizeof *bazaar->offered);
    bazaar->places = mem_new(class_count, sizeof *bazaar->places);
    bazaar->orders = mem_new(class_count * site_count, 1);
    bazaar->flows = mem_new(class_count, sizeof *bazaar->flows);
    for (size_t i = 0; i < class_count; i++) {
        bazaar->places[i] = random_place(dice);
        bazaar_order(bazaar, i);
        bazaar->flows[i] = (struct calls){0, (uint32_t)i, pow(10, 3 * pow(dice_unit(dice), 2))};
    }
    bazaar->classes = (struct classes){
        .count = (uint32_t)class_count, .site_count = (uint8_t)site_count, .orders = bazaar->orders, .places = bazaar->places};
    bazaar->policy = policy_new(config, &bazaar->classes);
    bazaar->state = (struct world_state){
        .health = bazaar->health, .endpoint_orders = bazaar->orders_of_endpoints, .site_orders = bazaar->orders_of_sites};
    bazaar->spec =
        (struct plan_spec){.targets = 4, .transport = -1, .sites = bazaar->sites, .site_count = site_count, .offered = bazaar->offered};
    bazaar->supplies = mem_new(site_count, sizeof *bazaar->supplies);
    bazaar->all = (struct demand){bazaar->policy, &bazaar->state, &bazaar->spec, 1, bazaar->flows, class_count};
    return bazaar;
}

/* So many sites have less room than the clients nearest to them ask for; the others have more, and all together have enough if share > 1. */
static inline void bazaar_supply(struct bazaar *bazaar, uint64_t *dice, unsigned full, double share)
{
    const size_t count = bazaar->config.site_count;
    uint32_t *prices_m = mem_new(count, sizeof *prices_m);
    struct market *market = market_new(&bazaar->all);
    struct census census = {.ties = NULL};
    market_census(market, prices_m, WINDOW_M, 1, &census);
    double total = 0;
    for (size_t i = 0; i < count; i++)
        total += census.loads[i];
    for (size_t i = 0; i < count; i++) {
        const bool is_full = i * full / count != (i + 1) * full / count;
        const double fill = is_full ? 0.4 + 0.5 * dice_unit(dice) : 1.05 + dice_unit(dice);
        bazaar->supplies[i].target = (census.loads[i] + (is_full ? 0 : total / (double)count * 0.3)) * fill * share;
        bazaar->supplies[i].max = bazaar->supplies[i].target * 1.25;
    }
    market_free(market);
    free(prices_m);
}

static inline void bazaar_free(struct bazaar *bazaar)
{
    for (size_t i = 0; i < bazaar->config.site_count; i++) {
        free(bazaar->config.sites[i].name);
        free(bazaar->config.endpoints[i].host);
    }
    policy_free(bazaar->policy);
    free(bazaar->config.sites);
    free(bazaar->config.endpoints);
    free(bazaar->sites);
    free(bazaar->health);
    free(bazaar->orders_of_endpoints);
    free(bazaar->orders_of_sites);
    free(bazaar->offered);
    free(bazaar->places);
    free(bazaar->orders);
    free(bazaar->flows);
    free(bazaar->demand);
    free(bazaar->supplies);
    free(bazaar);
}
