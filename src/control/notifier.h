/* Tells secondaries of new serials (RFC 1996): one notice for each zone and secondary, sent again with growing pauses until it is answered or a
 * newer serial replaces it. For control/ only. Thread: the director's; nothing waits. */
#pragma once

#include "snapshot/world.h"

#include <event2/event.h>
#include <jansson.h>

enum {
    NOTIFY_FIRST_MS = 2000,  /* from the first to the second try; then always twice as long */
    NOTIFY_LAST_MS = 900000, /* but no longer than this */
    NOTIFY_WAIT_MS = 5000,   /* for an answer, unless the next try comes before */
    NOTIFY_SOCKETS = 64,     /* that wait for answers at a time */
};

struct notifier;

struct notifier *notifier_new(struct event_base *base);
void notifier_free(struct notifier *notifier);

/* The zones that are served from now on. Those with another serial than before, and all at the start, are told of. Holds the world. */
void notifier_set(struct notifier *notifier, struct world *world);
/* Sends what is due, the longest overdue first, as sockets allow. */
void notifier_pass(struct notifier *notifier, uint64_t now_ms);

/* [{"to", "serial", "answered", "tries", "problem"}] of a zone. */
json_t *notifier_json(const struct notifier *notifier, size_t zone);
