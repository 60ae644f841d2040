/* One TCP or TLS connection: queries in, answers out in their order, and streams, whose messages are made as the client takes them.
 * For serve/ only. Thread: the TCP loop's. A connection belongs to its server's lines and frees itself when it ends. */
#pragma once

#include "serve/clients.h"
#include "serve/counters.h"
#include "serve/demand.h"

#include "dns/message.h"
#include "serve/tls.h"
#include "tap/point.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <pthread.h>
#include <sys/queue.h>

enum {
    LENGTH_OCTETS = 2,
    OUTPUT_MAX = 64 << 10, /* octets waiting for a slow reader; no more of its queries are answered meanwhile */
    OUTPUT_LOW = 16 << 10, /* so few are left that it is time for more */
    HELD_MAX = 64 << 20,   /* octets in the buffers of all connections */
    QUERIES_PER_TURN = 32, /* of one connection, before others have their turn */
    TRANSFER_IDLES = 3,    /* within so many idle times, TRANSFER_PACE octets of a transfer must be taken */
    TRANSFER_PACE = 64 << 10,
    TRANSFERS_WAITING = 1000, /* more are refused */
};

/* Lower numbers first. What is much work at a time goes last: a TLS handshake, a client that has sent more than a turn's queries. */
enum { PRIORITY_STOP, PRIORITY_CLIENTS, PRIORITY_HEAVY, PRIORITIES };

TAILQ_HEAD(line, connection);

/* What connections share. */
struct tcp_server {
    struct tcp_counters counters;
    struct tcp_config limits;
    uint32_t handshake_ms;
    struct event_base *base;
    struct listener *listeners;
    size_t listener_count;
    struct event *stop, *sweep;
    int stop_fd;

    _Atomic(struct credentials *) renewed; /* handed over and not yet taken */
    struct credentials *credentials;       /* NULL until the first are taken */
    struct clients *clients;
    struct line quiet, handshaking; /* each connection stands in one of them; who has been silent for the longest time is first */
    size_t connection_max, connection_count, handshake_count;
    size_t held; /* octets in all buffers */
    uint32_t draw;
    struct demand_counts *demand;
    bool running, paused; /* paused: no descriptor is left, nobody is taken until the next sweep */
    pthread_t thread;

    struct event *turn;
    struct line turns; /* who has more to be done than fits one turn */

    special_fn *special;
    void *special_context;
    struct tap_point *tap; /* or NULL */
    unsigned transfers;
    struct line waiting; /* whose transfers wait for a place */
    size_t waiting_count;

    uint8_t query[MESSAGE_MAX], answer[LENGTH_OCTETS + MESSAGE_MAX];
};

struct connection {
    struct tcp_server *server;
    TAILQ_ENTRY(connection) in_line, in_turns, in_waiting;
    struct bufferevent *wire;
    struct hostport peer;
    uint64_t moved_ms; /* when it came, asked something whole, or took what it was owed */
    size_t held;
    int64_t given, taken;  /* octets ever put on the wire; those that had arrived when last looked at, or almost: TLS adds some */
    uint64_t taken_ms;     /* when that number was last seen to grow */
    int64_t paced;         /* of a transfer: octets given when it last was seen to have gone on by TRANSFER_PACE, */
    uint64_t paced_ms;     /* and when */
    struct stream *stream; /* what is being answered; the queries behind it wait */
    bool tls, handshaking, broken;
    bool has_turn, waiting, transferring; /* stands in turns, in waiting; has a transfer's place */
    bool ending;                          /* nothing more comes: it is closed as soon as all that came is answered and delivered */
};

/* Takes the descriptor. tls: for the handshake, taken as well; NULL without. */
void connection_open(struct tcp_server *server, int fd, const struct hostport *peer, SSL *tls);
/* Ends it at once; why is counted. */
void connection_drop(struct connection *connection, enum tcp_drop why);
/* The same, when it is no fault of anybody's. */
void connection_close(struct connection *connection);
/* Whether the client has still to take something, or the server to send it. */
bool connection_owes(const struct connection *connection);

/* Whether a client that is owed something has taken any of it within the last idle time; the first look always says so. */
bool connection_takes(struct connection *connection, uint64_t now_ms);

/* The event of server->turn: one connection's further queries. */
void connection_take_turn(struct tcp_server *server);
/* Drops who holds anything, the longest silent first, until the buffers hold no more than HELD_MAX. */
void connections_relieve(struct tcp_server *server);
