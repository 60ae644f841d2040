/* Verdicts that outlive the process, by the identity of their check. Plain data. Thread: the owner's. */
#pragma once

#include "base/addr.h"
#include "model/verdict.h"

#include <stddef.h>

struct saved_verdict {
    char *host, *probe; /* owned */
    struct hostport target;
    enum verdict verdict;
};

struct saved {
    struct saved_verdict *items;
    size_t count, room;
};

void saved_release(struct saved *saved);
void saved_add(struct saved *saved, const char *host, const char *probe, const struct hostport *target, enum verdict verdict);

/* The order of checks by identity, for sorting and finding. */
int identity_order(const char *host_a, const char *probe_a, const struct hostport *a, const char *host_b, const char *probe_b,
                   const struct hostport *b);

/* Sorts for saved_find(). */
void saved_sort(struct saved *saved);
/* VERDICT_UNKNOWN where nothing is saved. */
enum verdict saved_find(const struct saved *saved, const char *host, const char *probe, const struct hostport *target);
