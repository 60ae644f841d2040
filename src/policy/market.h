/* The market: clients who choose alike, what each site costs them, and how many of them choose each site at given prices. Made of copies and of
 * what outlives it: it may be solved in a thread of its own. The law of choosing is that of policy/room.h; a test holds the two together.
 * Inside this folder only. Thread: its owner's. */
#pragma once

#include "policy/balance.h"
#include "policy/room.h"

enum { EVERY_BUCKET = -1 };

/* Services, and clients of them, that choose alike. */
struct way {
    struct plan_spec spec;
    struct slate slate;   /* owned */
    enum grade grade;     /* of those that can be first; GRADE_NONE: nobody */
    uint32_t first_group; /* where all of its flows share their groups; see way_is_shared() */
};

/* Clients who choose alike. Their options are found as far as anybody looked: the nearest are enough for most. */
struct group {
    double weight; /* calls in each bucket; a multiple of 2^-24, so that sums are the same in any order */
    uint32_t class_number;
    uint32_t first; /* index of its first option */
    uint64_t last_m;
    uint16_t way;
    int16_t bucket; /* the only one that these clients are in, or EVERY_BUCKET */
    uint8_t known;  /* options */
    uint8_t walked; /* sites of the order */
};

struct line {
    uint32_t first_group, group_count;
    double calls;
};

struct market {
    const struct policy *policy;
    size_t site_count;
    struct way *ways;
    size_t way_count, way_room;
    struct group *groups;
    size_t group_count, group_room;
    uint32_t *option_costs_m; /* site_count for each group */
    uint8_t *option_sites;
    struct line *lines; /* by flow of the demand */
    size_t line_count;
    uint16_t *shares;           /* by site */
    uint8_t (*ranks)[BUCKETS];  /* by site: share_rank of each bucket */
    uint8_t by_name[SITES_MAX]; /* sites in the order of their names: that of all sums that are not exact */
    uint32_t reach_m;           /* no two sites' costs differ by more for anybody */
};

/* Who is there at given prices. */
struct census {
    double loads[SITES_MAX];  /* calls */
    double grains[SITES_MAX]; /* calls of the largest bucket that is near the edge, or over it */
    double *ties;             /* site_count x site_count: calls at a site whose next choice is within the window, by that choice; or NULL */
};

/* demand: copied; its policy must outlive the market. */
struct market *market_new(const struct demand *demand);
void market_free(struct market *market);

/* prices_m: by site. window_m: within how much the buckets of a class cross over. stride: only every so many-th bucket is looked at (a power of 2). */
void market_census(struct market *market, const uint32_t *prices_m, uint32_t window_m, unsigned stride, struct census *ret);

/* From here on a flow is so many calls. */
void market_weigh(struct market *market, size_t line, double calls);

/* Calls that are at one site with these prices and at another with those: ret_moves[from * site_count + to], site_count x site_count. Those of clients
 * that have nothing to do with prices are left out; what stays is on the diagonal. */
void market_moves(struct market *market, const uint32_t *before_m, const uint32_t *after_m, double *ret_moves);

/* How a flow is split: for each site the share of its calls; sums to 1, or 0 if it has no site at all. ret: by site, zeroed here. */
void market_split(struct market *market, const uint32_t *prices_m, size_t line, double *ret_shares);

/* The site that each bucket of a flow chooses; NO_SITE where there is none. */
void market_choices(struct market *market, const uint32_t *prices_m, size_t line, uint8_t ret_sites[BUCKETS]);

/* All flows of a way that is not about distance choose alike. */
static inline bool way_is_shared(const struct way *way)
{
    return way->spec.policy != POLICY_NEAREST;
}
