/* DNS over TCP (RFC 7766): one thread, one event loop, pipelined queries answered in order. For serve/ only. */
#pragma once

#include "base/error.h"
#include "serve/counters.h"

struct tcp_server;

enum {
    TCP_CONNECTIONS_MAX = 10000,
    TCP_IDLE_S = 10,            /* since the last whole query: neither silence nor a query in drops holds a place longer */
    TCP_OUTPUT_MAX = 128 << 10, /* octets waiting for a slow reader; no more of its queries are read meanwhile */
};

/* Takes the listening sockets. NULL with the reason. */
struct tcp_server *tcp_server_new(const int *fds, size_t count, struct error *err);
bool tcp_server_start(struct tcp_server *server, struct error *err);
/* Stops and joins, closes everything. NULL is allowed. */
void tcp_server_free(struct tcp_server *server);
const struct counters *tcp_server_counters(const struct tcp_server *server);
