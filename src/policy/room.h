/* Rule 4: which site a bucket gets first, by distance and price. A full site seems farther by its price; the buckets of a class cross over one by one,
 * those that the site holds least first, within a window below the price: so a class that lies between two sites is parted and not moved as a block.
 * A site that is coming back is first for its share of the buckets alone. Plans are made of these functions; the
 * market of predictions and prices keeps its own tables of the same law, which a test holds to be equal.
 * Inside this folder only. Thread: see policy.h. */
#pragma once

#include "policy/rules.h"

enum {
    WINDOW_M = 100000, /* a price's buckets have crossed within so much */
    STEP_M = 1000000,  /* from one site to the next where the order is none of distance */
};

/* A site that some bucket of a class gets first. */
struct rival {
    uint64_t cost_m; /* distance and price */
    uint32_t window_m, seed;
    uint16_t share;
    uint8_t site;
};

struct contest {
    unsigned count; /* 1: all buckets agree */
    struct rival of[SITES_MAX];
};

/* Metres to the site at this rank of an order; before: to the one before it (0 for the first). Never less than that: where an order is somebody's will
 * and not distance, it holds as long as there is room. */
uint64_t room_cost_m(const struct policy *policy, const struct plan_spec *spec, uint32_t class_number, struct site_list list, size_t rank,
                     uint64_t before_m);

/* From a class to a site as the crow flies; negative: nobody knows where the class is. */
double room_metres(const struct policy *policy, uint32_t class_number, unsigned site);

/* Who can be first for a class (with POLICY_WEIGHTED: for this bucket of it). slate->kind must be SELECTION_STEERED. */
void room_contest(const struct policy *policy, const struct slate *slate, const struct plan_spec *spec, uint32_t class_number,
                  unsigned bucket, struct contest *ret);

/* The site that the bucket gets first. */
uint8_t contest_winner(const struct contest *contest, unsigned bucket);

/* The site that the bucket gets first when that is not simply the first of the list: else NO_SITE. */
uint8_t room_first(const struct policy *policy, const struct slate *slate, const struct plan_spec *spec, uint32_t class_number,
                   unsigned bucket);

/* How many of the 256 buckets get each site first. ret: by site, all of them. */
void room_split(const struct policy *policy, const struct slate *slate, const struct plan_spec *spec, uint32_t class_number,
                uint16_t ret_buckets[SITES_MAX]);

/* Its share has this bucket. */
bool site_admits(const struct policy *policy, const struct slate *slate, unsigned site, unsigned bucket);

/* Whether who is first follows from the order alone, not from distances: no price is in play. *ret_plain: it is simply the first of the list.
 * *ret_walked: how far one had to look to say so. */
bool room_by_order(const struct slate *slate, struct site_list list, bool *ret_plain, size_t *ret_walked);

/* The place of a bucket in a site's (or endpoint's) own row of all buckets: 255 holds on longest and comes back first. A bijection for each seed. */
static inline unsigned share_rank(uint32_t seed, unsigned bucket)
{
    unsigned x = (bucket ^ seed) & 0xff;
    x = x * (seed >> 8 | 1) & 0xff;
    x ^= x >> 4;
    x = x * (seed >> 16 | 1) & 0xff;
    x ^= x >> 3;
    return (x + (seed >> 24)) & 0xff;
}

static inline bool share_admits(uint32_t seed, unsigned share, unsigned bucket)
{
    return share >= SHARE_WHOLE || BUCKETS - 1 - share_rank(seed, bucket) < share;
}
