/* What one thread has counted. Only that thread writes, anybody may read: no lock, no shared cache line.
 * For serve/ only. */
#pragma once

#include "answer/answer.h"
#include "serve/serve.h"

#include <stdatomic.h>

struct counters {
    _Alignas(64) _Atomic uint64_t queries, answers, dropped, send_errors, steered, truncated, badcookie, cookies_valid, cookies_wrong;
    _Atomic uint64_t rcodes[SERVER_RCODES];
};

/* Of a UDP worker beside those. */
struct udp_counters {
    struct counters shared;
    _Atomic uint64_t drops[UDP_DROPS];
    _Atomic uint64_t slipped;
    _Atomic uint64_t pressure; /* now */
};

/* Of the TCP loop beside those. */
struct tcp_counters {
    struct counters shared;
    _Atomic uint64_t connections, tls_connections, tls_queries, tls_handshakes, tls_resumed, transfers;
    _Atomic uint64_t drops[TCP_DROPS];
    _Atomic uint64_t open, transferring; /* now */
};

static inline uint64_t counter_value(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline void counter_add(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more, memory_order_relaxed);
}

static inline void count_answer(struct counters *counters, const struct answered *answered)
{
    counter_add(&counters->answers, 1);
    if (answered->badcookie)
        counter_add(&counters->badcookie, 1);
    else
        counter_add(&counters->rcodes[answered->rcode], 1);
    if (answered->cookie >= COOKIE_OLD)
        counter_add(&counters->cookies_valid, 1);
    else if (answered->cookie == COOKIE_WRONG)
        counter_add(&counters->cookies_wrong, 1);
    if (answered->steered)
        counter_add(&counters->steered, 1);
    if (answered->truncated)
        counter_add(&counters->truncated, 1);
}
