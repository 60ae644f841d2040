/* Rule 4 as policy reads it: how much farther a full site seems, and how much of its share one that has just come back may take. Plain arrays of
 * the owner, made by policy/balance.h and health/ramp.h. Thread: the owner's. */
#pragma once

#include <stdint.h>

enum { SHARE_WHOLE = 256 };

struct room {
    const uint32_t *prices_m;        /* by site: metres that it seems farther, 0 as long as there is room; NULL: none */
    const uint16_t *site_shares;     /* by site: in so many of 256 buckets it may be chosen first; NULL: in all */
    const uint16_t *endpoint_shares; /* the same of an endpoint inside its site */
};

/* How full something is, from all samples of it. */
struct utilisation {
    double ratio;   /* the largest of its ratios to what it can take: 1 is full. Smoothed: fast up, slow down */
    double raw;     /* the same of the newest samples as they are */
    double calls;   /* the load in the unit that its capacity is counted in: ratio times capacity */
    double trust;   /* 1: just measured; falls with the samples' age; 0: unknown, and nothing else counts */
    uint64_t at_ms; /* monotonic: of the newest sample */
};

/* Demand: so many steered answers a second went to clients of this class for this service; smoothed. */
struct flow {
    uint32_t service, class;
    double rate;
};
