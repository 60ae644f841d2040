/* One UDP worker: one thread, one socket. For serve/ only. */
#pragma once

#include "base/error.h"
#include "serve/counters.h"
#include "tap/point.h"

#include <pthread.h>

struct udp_worker {
    struct udp_counters counters;
    struct demand_counts *demand; /* once it is started */
    int fd;
    struct hostport address; /* that it is bound to */
    struct tap_point *tap;   /* or NULL */
    unsigned siblings;       /* workers of its address, with it */
    _Atomic bool stop;
    bool running;
    special_fn *special; /* or NULL */
    void *special_context;
    pthread_t thread;
};

/* worker->fd is open; the worker closes it in udp_worker_stop(). */
bool udp_worker_start(struct udp_worker *worker, struct error *err);
/* Tells it to stop; it does so within STOP_CHECK_MS (platform/listen.c). */
void udp_worker_tell(struct udp_worker *worker);
/* Tells, joins, closes. */
void udp_worker_stop(struct udp_worker *worker);
