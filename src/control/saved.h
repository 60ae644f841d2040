/* Verdicts that outlive the process, by the identity of their check. Plain data. Thread: the owner's. */
#pragma once

#include "base/addr.h"
#include "model/verdict.h"

#include <stddef.h>

struct saved_verdict {
    char *host, *probe; /* owned */
    struct hostport target;
    enum verdict verdict;
    uint64_t age_ms;      /* of the verdict, when it was saved */
    unsigned falls;       /* that count against it (health/health.h: struct damping) */
    uint64_t rose_age_ms; /* how long before that it last rose; 0: not since it fell */
    uint64_t hold_ms;     /* how much longer no rise is allowed */
};

/* A slow start that was running. */
struct saved_ramp {
    char *name; /* owned: a site, or an endpoint's host */
    uint64_t age_ms;
};

struct saved {
    struct saved_verdict *items;
    size_t count, room;
    struct saved_ramp *ramps;
    size_t ramp_count, ramp_room;
    uint64_t age_ms; /* since it was all saved */
};

void saved_release(struct saved *saved);
/* The item's texts are copied. */
void saved_add(struct saved *saved, const struct saved_verdict *item);
void saved_add_ramp(struct saved *saved, const char *name, uint64_t age_ms);

/* The order of checks by identity, for sorting and finding. */
int identity_order(const char *host_a, const char *probe_a, const struct hostport *a, const char *host_b, const char *probe_b,
                   const struct hostport *b);

/* Sorts for saved_find(). */
void saved_sort(struct saved *saved);
/* NULL where nothing is saved. */
const struct saved_verdict *saved_find(const struct saved *saved, const char *host, const char *probe, const struct hostport *target);
