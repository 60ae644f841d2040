/* What a change of configuration does to clients: two worlds as they would answer, bucket by bucket, compared by the names of sites and endpoints.
 * Pure. Thread: any, with inputs that nobody changes meanwhile; results are the caller's to release. */
#pragma once

#include "base/spread.h"
#include "model/class_pair.h"
#include "policy/policy.h"

enum { SHIFT_PLACES = 2 * SITES_MAX + 1 };

/* The sites of both worlds by name, those of the world before first, in its order. Where no site is answered with (the record set as it is in the file,
 * no records, no such service) clients are at the place `nowhere`, the last. */
struct shift_places {
    const char *names[SHIFT_PLACES]; /* of the configurations; NULL for nowhere */
    uint16_t count, nowhere;         /* count: with nowhere */
    uint16_t of_before[SITES_MAX], of_after[SITES_MAX];
    uint16_t *twins; /* by endpoint of the world before: the same one (by the names of site and host) after, or UINT16_MAX; owned */
};
void shift_places_init(struct shift_places *places, const struct config *before, const struct config *after);
void shift_places_release(struct shift_places *places);

/* One world. spec NULL: the service is not there, or not answered with records. */
struct shift_side {
    const struct policy *policy;
    const struct config *config;
    const struct classes *classes;
    const struct world_state *state;
    const struct plan_spec *spec;
};

/* One service. */
struct shift_input {
    const struct shift_places *places;
    struct shift_side before, after;
    bool same_buckets[2]; /* clients keep their buckets, IPv4 and IPv6: both sides hash the same part of their addresses */
    const struct class_pair *pairs;
    const double *weights; /* by pair: its clients, in any unit */
    size_t pair_count;
};

/* Weights of clients, by where they are before and after. */
struct shift {
    size_t count;          /* of places */
    double all, moved;     /* moved: from one site to another */
    double inside;         /* of those who stay at their site: to another endpoint of it */
    double *flows;         /* [from * count + to]; who stays is on the diagonal */
    struct spread was, is; /* distances to the first site, of clients whose place is known */
    struct spread farther; /* how much farther, of those of them who move */
};
void shift_init(struct shift *shift, const struct shift_places *places);
void shift_release(struct shift *shift);
void shift_clear(struct shift *shift);

/* Adds the clients of one service. */
void shift_add(struct shift *shift, const struct shift_input *input);
/* Adds all that other has, so many times. */
void shift_merge(struct shift *shift, const struct shift *other, double times);
