/* One of the two ways out, with a thread that empties the rings of all points. For tap/ only. */
#pragma once

#include "tap/tap.h"

#include <pthread.h>

struct points {
    struct tap_point **items;
    size_t count, room;
};

struct sink {
    enum tap_kind kind;
    const struct points *points; /* complete before the thread starts */
    struct meanings *meanings;
    int wake_fd; /* raised when there is something else to see to */
    bool running;
    pthread_t thread;
    pthread_mutex_t lock;  /* of what follows; held for moments */
    struct config *wanted; /* a reference; NULL: off */
    bool changed, stop;
    struct tap_told told;
};

bool sink_init(struct sink *sink, enum tap_kind kind, const struct points *points, struct meanings *meanings, struct error *err);
/* config NULL: off. Takes the reference. The thread is started with the first that is not. */
void sink_set(struct sink *sink, struct config *config);
/* Ends the thread when all is written. */
void sink_release(struct sink *sink);
