/* Sockets that queries arrive at. Thread: any; the file descriptors are the caller's to close. */
#pragma once

#include "base/addr.h"
#include "base/error.h"

/* A bound UDP socket: SO_REUSEPORT (one for each worker), no fragmentation (RFC 9715), for the wildcard address the asked address comes with each
 * packet (see datagram.h), a receive timeout so that a blocked worker can see that it shall stop. */
bool listen_udp(const struct hostport *at, int *ret_fd, struct error *err);

/* A bound, listening, non-blocking TCP socket. */
bool listen_tcp(const struct hostport *at, int *ret_fd, struct error *err);

/* Octets of a TCP socket that the other side has not acknowledged, sent or not; 0 when it cannot be told. */
size_t socket_unacknowledged(int fd);

/* What the socket is really bound to (port 0 filled in). */
bool listen_address(int fd, struct hostport *ret_at, struct error *err);

/* The queue of packets that wait in a UDP socket. */
struct queue {
    uint32_t used, room; /* octets, as the kernel counts them; some of those just read may still count as used */
    uint32_t drops;      /* packets lost since the socket was made; wraps around */
};
/* False where the system cannot tell. */
bool listen_queue(int fd, struct queue *ret_queue);
