/* Where the callers of the largest flows are sent, and which of them have been sent elsewhere in the last minutes: for people to look at, nothing is
 * decided by it. Bounded: the largest flows, the largest moves. No clock: time is an argument. Thread: the director's. */
#pragma once

#include "control/setup.h"
#include "load/demand.h"

#include <jansson.h>

enum { STREAMS_MOVES_MS = 5 * 60 * 1000 /* how long a move is told of */ };

struct streams;

struct streams *streams_new(void);
/* NULL is allowed. */
void streams_free(struct streams *streams);

/* Looks where everybody goes; once a second. snapshot: the published one, or NULL. */
void streams_pass(struct streams *streams, const struct demand *demand, const struct setup *setup, const struct snapshot *snapshot,
                  uint64_t now_ms);

/* Steered answers a second that send to a site first, of the flows that are watched; 0 where nothing is measured. */
double streams_site_rate(const struct streams *streams, const struct setup *setup, size_t site);

/* "measured" (else shares are those of addresses), "watched" (0 to 1: what of all demand is looked at), "callers" and "moves" (README.md), put into object. */
void streams_describe(const struct streams *streams, const struct setup *setup, uint64_t now_ms, json_t *object);
