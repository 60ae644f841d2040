/* The collector: one thread with its own event loop that asks every source of load on time - pages over HTTP, files, commands - and tells what came.
 * Nothing it waits for can hold up anything else: it shares two short-locked queues with the rest, and files are read by a thread beside it.
 * Thread: all functions here are for the director's thread; on_result is called in the collector's. */
#pragma once

#include "base/error.h"
#include "load/reading.h"
#include "model/load_place.h"

#include <stddef.h>

enum { LOAD_WHY = 160 };

/* One source for one endpoint, site or cluster. Those of type push are not asked. */
struct load_errand {
    const struct load_source *source; /* texts are copied */
    struct place_words words;
};

struct load_result {
    uint32_t errand;     /* index in the array given to collector_set() */
    uint32_t generation; /* of that set */
    bool done;
    struct load_sample sample; /* when done */
    char why[LOAD_WHY];        /* else: printable ASCII, never a secret */
};

struct collector;
typedef void (*load_result_fn)(const struct load_result *result, void *context);

/* Starts the threads. on_result must be quick and thread-safe. */
struct collector *collector_new(load_result_fn on_result, void *context, struct error *err);
/* Stops and frees. False: a file or a command's start is stuck in the kernel; that thread is left behind for the end of the process. */
bool collector_free(struct collector *collector);

/* Replaces the set. Sources that ask the same thing in the same way are asked together, once; what was asked before keeps its place in the
 * schedule, the rest is spread evenly over its interval. */
void collector_set(struct collector *collector, const struct load_errand *errands, size_t count, uint32_t generation);

struct collector_state {
    uint64_t heartbeat_ms; /* monotonic time of the loop's last turn (it turns at least every 250 ms) */
    uint64_t asked, failed;
};
struct collector_state collector_state(const struct collector *collector);
