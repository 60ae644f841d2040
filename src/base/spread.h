/* How distances are spread over clients: mean and percentiles of weighted kilometres, to the nearest one. Negative is nearer.
 * Thread: the owner's. Released by the owner. */
#pragma once

#include <stddef.h>

enum { SPREAD_KM_MAX = 20100 }; /* a little more than half around the Earth */

struct spread {
    double weight, sum; /* sum: of weight x km */
    double *bins;       /* one a kilometre from -SPREAD_KM_MAX to SPREAD_KM_MAX */
};

void spread_init(struct spread *spread);
void spread_release(struct spread *spread);
/* As after its init. */
void spread_clear(struct spread *spread);

void spread_add(struct spread *spread, double km, double weight);
/* Adds all that other has, so many times. */
void spread_merge(struct spread *spread, const struct spread *other, double times);
/* 0 of nothing. */
double spread_mean(const struct spread *spread);
/* The kilometres that so much (0 to 1) of the weight does not exceed; 0 of nothing. */
double spread_percentile(const struct spread *spread, double share);
