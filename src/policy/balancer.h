/* The parts of a balancer and of its step. Inside this folder only. Thread: its owner's. */
#pragma once

#include "policy/equilibrium.h"
#include "policy/calibration.h"

struct balancer {
    struct calibration *calibration;
    size_t site_count, quote_count;
    char **names;       /* of quotes: sites, then "cluster NAME" */
    uint32_t *quotes_m; /* own prices */
    uint32_t prices_m[SITES_MAX];
    struct site_balance reports[SITES_MAX];
    double out_left[SITES_MAX];  /* share of its load that a site may lose until more time has gone by */
    double back_left[SITES_MAX]; /* the same for what it may take back */
    double learned[SITES_MAX];   /* capacity in calls of sites whose fullness alone is known */
    bool bound, stepped;
    uint64_t last_ms;
    uint64_t shape; /* of who could be chosen, and how much there was */
};

/* One step's view of the world. */
struct look {
    const struct balance_input *input;
    const struct config *config;
    uint64_t elapsed_ms;
    struct market *market;
    struct economy economy;
    struct supply supplies[SITES_MAX];
    struct pool *pools;
    double expected[SITES_MAX], foreign[SITES_MAX];
    double capacities[SITES_MAX];
    bool known[SITES_MAX];                            /* fullness and capacity are */
    struct census census;                             /* at the prices before */
    bool reshaped;                                    /* sites or endpoints have come or gone */
    double out_left[SITES_MAX], back_left[SITES_MAX]; /* of the balancer's, once the step has been taken */
};

/* Takes names and prices over to the input's configuration. */
void balancer_bind(struct balancer *balancer, const struct config *config);

/* What each site and cluster gives, from all that is known. */
void find_supplies(struct balancer *balancer, struct look *look);

/* A cluster as a pool, whose price is 0 now. */
void pool_of_cluster(const struct config *config, size_t number, double capacity, struct pool *ret);

/* As far towards the wanted quotes as may be moved now: fast out, slow back. ret_quotes_m: by quote. ret_moves: site_count x site_count, calls. What may
 * be moved later is in look->out_left and back_left, for whoever takes the step. */
void damp(struct balancer *balancer, struct look *look, const uint32_t *wanted_m, uint32_t *ret_quotes_m, double *ret_moves);
