/* From who would go where and what each place can take to prices: the dual of the transport problem. Inside this folder only. Thread: the caller's. */
#pragma once

#include "policy/market.h"

enum {
    BAND_M = WINDOW_M / 4, /* within how much the band takes effect in the end */
    RISE_M = 201000000,    /* over so much above the market's reach a site's supply rises from target to max */
};

#define PRICE_MAX_M 4000000000u

/* What a site or a pool gives at which price: its target until the market's reach, so that everybody who has another place with room has gone there;
 * then more and more, to max and beyond, so that the levels of those that share a surplus rise together. Below the price that it has now less by
 * the band: callers are not taken back before so much room is there. */
struct supply {
    double target, max; /* calls */
    double band;        /* calls */
    uint32_t now_m;
};

/* A capacity that sites share. */
struct pool {
    struct supply supply;
    double uses[SITES_MAX]; /* by site: the share of its load that counts */
};

struct economy {
    struct market *market;
    const struct supply *supplies; /* by site */
    const struct pool *pools;
    size_t pool_count;
};

/* Within so much below now_m the band takes effect; width_m: at most. */
double band_width_m(const struct supply *supply, double width_m);
/* What is given at a price. width_m: within how much the band takes effect. */
double supply_at(const struct supply *supply, double price_m, double reach_m, double width_m);

/* The prices at which nobody gets more than he gives: of sites without their pools, then of pools. The same for the same economy, whatever the order
 * of sites and flows. Returns the steps it took. */
unsigned equilibrium(const struct economy *economy, uint32_t *ret_quotes_m);

/* What sites seem farther: their own price and their part of those of their pools. ret: by site. */
void prices_of_quotes(const struct economy *economy, const uint32_t *quotes_m, uint32_t *ret_prices_m);
