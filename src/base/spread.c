#include "base/spread.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = 2 * SPREAD_KM_MAX + 1 };

void spread_init(struct spread *spread)
{
    *spread = (struct spread){.bins = mem_new(BINS, sizeof *spread->bins)};
}

void spread_release(struct spread *spread)
{
    free(spread->bins);
}

void spread_clear(struct spread *spread)
{
    memset(spread->bins, 0, BINS * sizeof *spread->bins);
    spread->weight = spread->sum = 0;
}

void spread_add(struct spread *spread, double km, double weight)
{
    const double bounded = fmax(-SPREAD_KM_MAX, fmin(km, SPREAD_KM_MAX));
    spread->bins[(size_t)(SPREAD_KM_MAX + lround(bounded))] += weight;
    spread->weight += weight;
    spread->sum += weight * bounded;
}

void spread_merge(struct spread *spread, const struct spread *other, double times)
{
    for (size_t i = 0; i < BINS; i++)
        spread->bins[i] += times * other->bins[i];
    spread->weight += times * other->weight;
    spread->sum += times * other->sum;
}

double spread_mean(const struct spread *spread)
{
    return spread->weight > 0 ? spread->sum / spread->weight : 0;
}

double spread_percentile(const struct spread *spread, double share)
{
    const double wanted = spread->weight * share * (1 - 1e-12); /* sums of many small weights are not exact */
    double sum = 0;
    for (size_t i = 0; i < BINS && spread->weight > 0; i++) {
        sum += spread->bins[i];
        if (spread->bins[i] > 0 && sum >= wanted)
            return (double)i - SPREAD_KM_MAX;
    }
    return 0;
}
