/* The plan: for one way of choosing (see struct plan_spec) and each client class, which selection each bucket gets.
 * Made by policy_plan(), read by the workers, immutable, shared by reference count among services and snapshots.
 * Classes are numbered so that like orders are neighbours: a run is a stretch of neighbouring class numbers with one pick. The geo trie ends its
 * walk where a whole subtree lies in one run, which is also the shortest sound ECS scope. */
#pragma once

#include "model/config.h"

#include <stdatomic.h>

enum { BUCKETS = 256 };

enum selection_kind {
    SELECTION_STEERED, /* the choices, in order */
    SELECTION_STATIC,  /* the RRset as the zone file has it */
    SELECTION_EMPTY,   /* NODATA */
};

/* One record of an answer: whose, and what an SRV record says. */
struct choice {
    uint16_t endpoint, priority, weight;
};

/* What one bucket gets. */
struct selection {
    uint32_t first;     /* index into plan.choices */
    uint8_t count;      /* of choices; at least 1 when steered and spec.purpose is PLAN_TARGETS */
    uint8_t kind;       /* enum selection_kind */
    uint8_t transports; /* bit 1 << enum transport: works at the winner's site (for NAPTR) */
    uint8_t doubt;      /* a chosen endpoint is in doubt: the short TTL */
};

struct pick {
    uint32_t index; /* uniform: of the selection for every bucket; else of the first of 256 entries in plan.buckets */
    bool uniform;
};

struct plan {
    _Atomic unsigned refs;
    uint32_t class_count, run_count, selection_count, choice_count, bucket_count;
    uint32_t *run_of_class; /* by class; equal numbers only for neighbours */
    struct pick *picks;     /* by run */
    struct selection *selections;
    struct choice *choices;
    uint32_t *buckets; /* selection indices, 256 for each pick that is not uniform (equal rows are shared) */
};

enum plan_purpose {
    PLAN_TARGETS,    /* A, AAAA, SRV: endpoints in order */
    PLAN_TRANSPORTS, /* NAPTR: which transports work at the winner's site; no choices */
};

/* What a plan is made for; services and RRsets with an equal spec share a plan. */
struct plan_spec {
    enum plan_purpose purpose;
    enum policy_kind policy;
    enum srv_mode srv;
    enum all_down on_all_down;
    unsigned targets;
    bool by_winner;       /* the winner decides all of the selection: no more selections than endpoints can win (for signed zones) */
    int transport;        /* enum transport that the RRset speaks for, or -1 for any */
    enum family family;   /* FAMILY_NONE for any */
    uint32_t service;     /* whose callers they are: which planned switches concern them */
    uint32_t mark;        /* and where they are: of their class (model/classes.h). Policy itself looks at each that there is */
    const uint8_t *sites; /* of the service, in its order */
    size_t site_count;
    const uint64_t *depends; /* as of struct service */
    const uint64_t *offered; /* bit by endpoint: the RRset has a record for it; (endpoint_count + 63) / 64 words */
};

struct plan *plan_ref(struct plan *plan);
/* Frees with the last reference; NULL is allowed. Thread: any. */
void plan_unref(struct plan *plan);

static inline const struct selection *plan_selection(const struct plan *plan, uint32_t run, unsigned bucket)
{
    const struct pick pick = plan->picks[run];
    return &plan->selections[pick.uniform ? pick.index : plan->buckets[pick.index + bucket]];
}
