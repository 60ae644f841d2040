/* Where a worker shows what it answers: one point each. While nobody looks, a worker reads one flag a batch. Else it copies what was chosen into a
 * ring for each of the two ways out; nothing here waits, allocates or asks the clock.
 * Thread: the functions are the worker's; the director switches (tap/tap.h), the readers of the rings are tap's own. */
#pragma once

#include "base/addr.h"
#include "dns/channel.h"
#include "model/demand.h"
#include "tap/ring.h"

#include <stdbool.h>

enum tap_kind { TAP_DNSTAP, TAP_LOG, TAP_KINDS };

/* What became of a query. */
enum tap_outcome { TAP_ANSWERED, TAP_LIMITED /* no answer: its network has had its share */, TAP_STREAMED /* with many messages */ };

/* One query. The octets of the query follow, then, for dnstap, those of the answer. */
struct tap_record {
    uint64_t asked_ns, answered_ns; /* monotonic */
    uint64_t generation;            /* of the snapshot */
    struct hostport client, server;
    uint32_t query_len, answer_len; /* answer_len 0: there is none */
    uint8_t channel, outcome;       /* enum channel, enum tap_outcome */
    uint8_t rcode;                  /* low four bits */
    bool badcookie, truncated, steered;
    struct sample sample; /* steered, and for the log */
};

struct tap_point {
    _Atomic bool on;
    struct {
        _Atomic uint64_t below; /* of the 2^32 hashes of draws, those that are taken; 0: off */
        _Atomic(struct ring *) ring;
    } of[TAP_KINDS];
};

/* The point as it is for a batch. */
struct tap_view {
    bool on;
    uint64_t below[TAP_KINDS];
    struct ring *rings[TAP_KINDS];
};

void tap_look_closer(struct tap_point *point, struct tap_view *ret_view);

/* point may be NULL: there is nobody who could look. */
static inline void tap_look(struct tap_point *point, struct tap_view *ret_view)
{
    ret_view->on = point && atomic_load_explicit(&point->on, memory_order_relaxed);
    if (ret_view->on)
        tap_look_closer(point, ret_view);
}

/* Bit 1 << enum tap_kind: who takes the query of this draw (as of struct asker). */
static inline unsigned tap_choose(const struct tap_view *view, uint32_t draw)
{
    const uint32_t hash = draw * 0x9e3779b1u; /* spread evenly over any short cycle of queries */
    return (hash < view->below[TAP_DNSTAP]) << TAP_DNSTAP | (hash < view->below[TAP_LOG]) << TAP_LOG;
}

/* kinds: of tap_choose(). */
void tap_put(const struct tap_view *view, unsigned kinds, const struct tap_record *record, const uint8_t *query, const uint8_t *answer);
/* Lets the readers have what was put. */
void tap_end(const struct tap_view *view);
