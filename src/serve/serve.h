/* Sockets and threads that carry queries to answer_query(): one UDP worker a core, one loop for TCP and TLS.
 * Thread: the director's; the workers are this folder's own. */
#pragma once

#include "base/addr.h"
#include "base/error.h"
#include "model/config.h"

#include <stddef.h>
#include <stdint.h>

struct server;
struct answered;
struct asker;
struct credentials;
struct snapshot;
struct stream;
struct tap;

/* Binds every address (UDP and TCP; those of TLS if there is a certificate) before it returns: false result = NULL with the reason. Port 0: the kernel chooses one port for both. Nothing is
 * answered before server_start(). config need not outlive the call. */
struct server *server_new(const struct server_config *config, struct error *err);
/* Takes what TLS clients are shown from now on; the connections that there are go on with what they have. Without any, TLS clients are turned away. Any
 * thread but one at a time, also while the server runs. */
void server_set_credentials(struct server *server, struct credentials *credentials);
/* Starts the threads; a snapshot must have been published. */
bool server_start(struct server *server, struct error *err);
/* Stops and joins the threads, closes the sockets. NULL is allowed. */
void server_free(struct server *server);

/* A query that is signed, a NOTIFY, or for a transfer (struct answered's special). answer_query() has written what a stranger is told. */
struct special {
    const struct snapshot *snapshot; /* there for the call only, as are the octets */
    uint8_t *query;                  /* may be changed */
    size_t len;
    const struct asker *asker;
    uint8_t *out; /* the answer so far */
    size_t room, made;
    struct answered *answered;
    struct stream *stream; /* set by who answers with one (dns/stream.h); never over UDP */
};

/* Returns the length of the answer that shall go out, perhaps another one; 0 for none, or with a stream. Called in any worker. */
typedef size_t special_fn(void *context, struct special *special);
/* Before server_start(). context must outlive the server. */
void server_set_special(struct server *server, special_fn *answer, void *context);

/* Where queries are shown (tap/tap.h). Before server_start(). tap must outlive the server. */
void server_set_tap(struct server *server, struct tap *tap);

/* The addresses really bound (ports filled in): UDP and TCP, count as given; TLS. */
const struct hostport *server_addresses(const struct server *server, size_t *ret_count);
const struct hostport *server_tls_addresses(const struct server *server, size_t *ret_count);

enum { SERVER_RCODES = 16 };

/* Why a packet over UDP got no answer. */
enum udp_drop {
    UDP_DROP_SHORT,    /* less than a header */
    UDP_DROP_LONG,     /* more than any query */
    UDP_DROP_RESPONSE, /* an answer itself */
    UDP_DROP_LIMITED,  /* its network has had its share (server.rate_limit) */
    UDP_DROP_OVERLOAD, /* of a stranger, when not all can be answered */
    UDP_DROPS
};
const char *udp_drop_text(enum udp_drop why);

/* Why the server ended a connection that its client had not ended. */
enum tcp_drop {
    DROP_IDLE,           /* asked nothing whole for too long */
    DROP_STALLED,        /* took nothing of its answers for too long */
    DROP_GARBAGE,        /* a length that no query has */
    DROP_PER_CLIENT,     /* its client has too many */
    DROP_CROWDED,        /* all places are taken, and it was silent for the longest time */
    DROP_FILES,          /* no descriptor is left */
    DROP_MEMORY,         /* too much waits in buffers, and it was silent for the longest time */
    DROP_TRANSFER,       /* took too little of a transfer */
    DROP_HANDSHAKE,      /* spoke no TLS that we do */
    DROP_HANDSHAKE_SLOW, /* was too long about it */
    TCP_DROPS
};
/* "idle", "took nothing" ... */
const char *tcp_drop_text(enum tcp_drop why);

/* Sums over all threads since the start. */
struct server_counters {
    uint64_t udp_queries, udp_answers, udp_dropped /* not answered by rule, for all reasons */, udp_send_errors;
    uint64_t udp_drops[UDP_DROPS];
    uint64_t udp_slipped;    /* answered without records, in place of UDP_DROP_LIMITED */
    uint64_t udp_overloaded; /* workers that cannot answer all, now */
    uint64_t badcookie, cookies_valid, cookies_wrong;
    uint64_t tcp_connections, tcp_queries, tcp_answers; /* these three with TLS */
    uint64_t tls_connections, tls_queries, tls_handshakes, tls_resumed;
    uint64_t transfers;
    uint64_t tcp_open, transferring; /* now, not sums */
    uint64_t tcp_drops[TCP_DROPS];
    uint64_t steered, truncated;
    uint64_t rcodes[SERVER_RCODES];
};
struct server_counters server_counters(const struct server *server);

/* One of so many steered answers is counted for demand. */
enum { DEMAND_ONE_IN = 64 };
struct demand_cell;
typedef void demand_fn(void *context, const struct demand_cell *cell);
/* Gives what was counted since the last call but one; a thread's part comes a call later if it has not looked up since. Returns how many counts found no
 * room. To be called about once a second, by one thread. */
uint64_t server_take_demand(struct server *server, demand_fn *fn, void *context);
