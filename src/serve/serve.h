/* Sockets and threads that carry queries to answer_query(): one UDP worker a core, one TCP loop.
 * Thread: the director's; the workers are this folder's own. */
#pragma once

#include "base/addr.h"
#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct server;

/* Binds every address (UDP and TCP) before it returns: false result = NULL with the reason. Port 0: the kernel chooses one port for both. Nothing is
 * answered before server_start(). */
struct server *server_new(const struct hostport *listen, size_t count, unsigned workers, struct error *err);
/* Starts the threads; a snapshot must have been published. */
bool server_start(struct server *server, struct error *err);
/* Stops and joins the threads, closes the sockets. NULL is allowed. */
void server_free(struct server *server);

/* The addresses really bound (ports filled in), count as given. */
const struct hostport *server_addresses(const struct server *server, size_t *ret_count);

enum { SERVER_RCODES = 16 };

/* Sums over all threads since the start. */
struct server_counters {
    uint64_t udp_queries, udp_answers, udp_dropped /* not answered by rule */, udp_send_errors;
    uint64_t tcp_connections, tcp_queries, tcp_answers;
    uint64_t steered, truncated;
    uint64_t rcodes[SERVER_RCODES];
};
struct server_counters server_counters(const struct server *server);
