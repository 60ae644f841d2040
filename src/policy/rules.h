/* The rules, one function each, in the order of DESIGN's "Policy, in order". policy_plan() and policy_explain() are both made of these
 * alone. Inside this folder only. Thread: see policy.h. */
#pragma once

#include "policy/detour.h"
#include "policy/policy.h"

/* On the unit sphere. */
struct direction {
    double x, y, z;
};

/* Compact copies of what the rules read of each endpoint, and all draws. Owned by policy_new()/policy_free(). */
struct policy {
    const struct config *config;
    const struct classes *classes;
    uint8_t *site_of;     /* by endpoint */
    uint16_t *weights;    /* by endpoint */
    unsigned *tiers;      /* by endpoint */
    uint16_t *draws;      /* each site has 256 rows of all its endpoints, by tier and then by the bucket's draw (see draw_row) */
    uint8_t *site_draws;  /* 256 rows of all sites by the bucket's weighted draw */
    uint8_t *nearest;     /* a row for each site: all sites by their distance from it */
    uint8_t *site_bucket; /* by site: the bucket whose weighted draw speaks for it */
    uint8_t *own_bucket;  /* by endpoint: the bucket whose draw speaks for it in its site */
    uint32_t *site_seeds, *endpoint_seeds; /* by site, by endpoint: of its row of buckets (share_rank) */
    struct direction *directions;          /* by site */
    uint8_t *agreed;                       /* by class: how many sites its order begins with just as the class before it does */
    uint32_t *stretches; /* where a stretch of classes with one mark begins: class numbers, the first is 0; at the end that of all */
    size_t stretch_count;
};

/* The endpoints of a site in the order of a bucket's draw; site.endpoint_count of them. */
static inline const uint16_t *draw_row(const struct policy *policy, unsigned site, unsigned bucket)
{
    const struct site *at = &policy->config->sites[site];
    return policy->draws + (size_t)at->first_endpoint * BUCKETS + (size_t)bucket * at->endpoint_count;
}

static inline bool spec_offers(const struct plan_spec *spec, size_t endpoint)
{
    return spec->offered[endpoint / 64] >> (endpoint % 64) & 1;
}

/* Whether an endpoint is a candidate, and how good a one; of a site, the grade of its best. */
enum grade { GRADE_FIRST, GRADE_SECOND, GRADE_NONE };

/* Who can be chosen for a spec in a state: the same for all buckets and for all classes of one mark, so decided once. */
struct slate {
    struct detour detour;
    enum selection_kind kind; /* SELECTION_STEERED, or what to do as there is no candidate */
    unsigned need;            /* places that can be filled */
    uint8_t *grades;          /* by endpoint; owned */
    uint8_t site_grades[SITES_MAX];
    uint16_t sizes[SITES_MAX];     /* candidates of the site */
    uint8_t transports[SITES_MAX]; /* PLAN_TRANSPORTS: what works there; else 0 */
    struct room room;
};
/* The spec as it is to be read: for PLAN_TRANSPORTS the winner is the one of A and AAAA, whatever the transport. */
struct plan_spec spec_effective(const struct plan_spec *spec);
void slate_init(struct slate *slate, const struct policy *policy, const struct world_state *state, const struct plan_spec *spec);
void slate_release(struct slate *slate);

/* By distance, file or draw alone. */
struct site_list natural_order(const struct policy *policy, const struct plan_spec *spec, uint32_t class_number, unsigned bucket);
/* The same as planned switches have it; slate: of the spec and the class's mark. May point into room. */
struct site_list site_order(const struct policy *policy, const struct slate *slate, const struct plan_spec *spec, uint32_t class_number,
                            unsigned bucket, struct route *room);

/* The spec as it is for the clients of a class. */
struct plan_spec spec_of_class(const struct policy *policy, const struct plan_spec *spec, uint32_t class_number);
/* The number of the stretch that the class is in. */
size_t stretch_of(const struct policy *policy, uint32_t class_number);

/* The sites that fill so many places (at most slate->need), in the order of choice: ret_sites and their count. first stands before all others of the
 * list, unless it is NO_SITE. *ret_walked: how far into the list one had to look; lists that agree so far give the same sites. */
unsigned sites_collect(const struct slate *slate, struct site_list list, uint8_t first, unsigned places, uint8_t ret_sites[TARGETS_MAX],
                       size_t *ret_walked);

/* The first places candidates of a site in the order of a bucket: by tier, in a tier those of the first grade whose share has the bucket, then by draw.
 * places is at most slate->sizes[site]. */
void site_fill(const struct policy *policy, const struct slate *slate, unsigned site, unsigned bucket, unsigned places,
               uint16_t *ret_endpoints);

/* sites_collect and site_fill for one list: the first places endpoints of an answer, the winner first. */
void bucket_fill(const struct policy *policy, const struct slate *slate, struct site_list list, uint8_t first, unsigned bucket,
                 unsigned places, uint16_t ret_endpoints[TARGETS_MAX]);

/* What policy_new() prepares for spec->by_winner, from the draws. */
void winner_tables(struct policy *policy);

/* All sites in the order in which they stand behind a winner of this site, which is at the head. room: to put the list into. */
struct site_list winner_order(const struct policy *policy, const struct plan_spec *spec, unsigned site, uint8_t room[SITES_MAX]);

/* With spec->by_winner: the whole answer, slate->need endpoints, of a winner. */
void winner_fill(const struct policy *policy, const struct slate *slate, const struct plan_spec *spec, uint16_t winner,
                 uint16_t ret_endpoints[TARGETS_MAX]);
