/* What if: where callers are now, and where they would be if something else were so. Pure, by the same market and the same prices as steering itself.
 * Thread: any; it may take as long as a step of the balancer. */
#pragma once

#include "policy/balance.h"

/* A world: demand in calls (balancer_weigh), and what sites and clusters can take (capacity 0: not known, limits nothing). */
struct scenario {
    struct demand demand;
    const double *capacities;         /* by site */
    const double *cluster_capacities; /* by cluster; NULL where there are none */
    const uint32_t *prices_m;         /* by site: those in force; NULL: those that it comes to in the end */
};

struct predicted_site {
    double calls, capacity, target, max; /* target and max: calls; 0: not known */
    uint32_t price_m;
};

struct prediction {
    size_t from_count, to_count;    /* sites of the two worlds */
    struct predicted_site *before;  /* by site of the first */
    struct predicted_site *after;   /* by site of the second */
    double *moves;                  /* calls: moves[from * to_count + to], what stays where it is too */
    double calls, moved;            /* moved: to a site of another name */
    double lost_before, lost_after; /* calls without any site */
    double past_target, past_max;   /* calls in the second world above what sites want, and can take */
    double mean_km, p99_km;         /* how much farther those who move have it; of clients whose place is known */
};

/* From one world to another: flows stand for the same clients in both, one by one. Sites are the same where their names are. Released with
 * prediction_release(). */
void balance_predict(const struct scenario *before, const struct scenario *after, struct prediction *ret);
void prediction_release(struct prediction *prediction);
