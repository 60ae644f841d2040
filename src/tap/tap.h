/* Queries and answers shown to people and programs: dnstap, and the query log. Off until the configuration asks for it; then each of the two has a
 * thread of its own (sink.h) that empties the workers' rings, so that neither a slow disk nor a reader that does not read holds up anything but itself:
 * what finds no room is counted.
 * Thread: the director's, but for tap_point()'s results (tap/point.h). */
#pragma once

#include "base/error.h"
#include "tap/meaning.h"
#include "tap/point.h"

struct tap;

struct tap *tap_new(struct error *err);
/* Writes what is still in the rings, then ends. After the last worker has ended. NULL is allowed. */
void tap_free(struct tap *tap);

/* One more worker's, before any of them starts; belongs to tap. */
struct tap_point *tap_point(struct tap *tap);

/* What is loaded from now on: its configuration says what is written where. Before a snapshot of it is published. Takes the reference. */
void tap_set(struct tap *tap, struct meaning *meaning);
/* Whether the query log is on: then tap_publish() is to be told of each snapshot before it is published (see meanings_publish()). */
bool tap_logs(const struct tap *tap);
void tap_publish(struct tap *tap, uint64_t generation, uint32_t place, const uint8_t *states, size_t count, uint64_t now_ms);

/* How one of them is doing. */
struct tap_told {
    bool on, works;
    uint32_t sample;
    uint64_t written; /* queries, since the start */
    uint64_t crowded; /* lost because the ring was full */
    uint64_t failed;  /* lost because they could not be written */
    char target[256];
    struct error err; /* why it does not work; "" */
};
void tap_tell(struct tap *tap, enum tap_kind kind, struct tap_told *ret_told);
/* "dnstap", "query_log" */
const char *tap_kind_text(enum tap_kind kind);
