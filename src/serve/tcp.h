/* DNS over TCP (RFC 7766) and TLS (RFC 7858): one thread, one event loop, pipelined queries answered in order. For serve/ only.
 * Thread: made, started and freed by the director's; what runs is the loop's own. */
#pragma once

#include "base/error.h"
#include "model/transport_config.h"
#include "serve/counters.h"

struct tap_point;
struct tcp_server;

/* A listening socket. */
struct listening {
    int fd;
    bool tls;
};

/* Takes the listening sockets, in any case. NULL with the reason. */
struct tcp_server *tcp_server_new(const struct listening *sockets, size_t count, const struct tcp_config *limits, uint32_t handshake_ms,
                                  struct error *err);
/* Takes them, from any thread, at any time; the next handshakes show them. */
void tcp_server_set_credentials(struct tcp_server *server, struct credentials *credentials);
/* Before the start. */
void tcp_server_set_special(struct tcp_server *server, special_fn *answer, void *context);
/* The same. */
void tcp_server_set_tap(struct tcp_server *server, struct tap_point *tap);
bool tcp_server_start(struct tcp_server *server, struct error *err);
/* Stops and joins, closes everything. NULL is allowed. */
void tcp_server_free(struct tcp_server *server);
const struct tcp_counters *tcp_server_counters(const struct tcp_server *server);
struct demand_counts *tcp_server_demand(const struct tcp_server *server);
