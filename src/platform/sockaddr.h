/* struct hostport to and from the kernel's socket addresses, and sockets made of them. The only place that knows sockaddr_in.
 * Thread: any (values). */
#pragma once

#include "base/addr.h"

#include <sys/socket.h>

/* hostport must be IPv4 or IPv6. *ret_len is what connect() and bind() want. */
void sockaddr_from(const struct hostport *hostport, struct sockaddr_storage *ret_address, socklen_t *ret_len);

/* False for any other family. An IPv4-mapped IPv6 address stays what it is. */
bool sockaddr_to(const struct sockaddr_storage *address, struct hostport *ret_hostport);

/* A non-blocking, close-on-exec socket of this type (SOCK_DGRAM, SOCK_STREAM) whose connect() to target has begun: a datagram socket is
 * connected on return, a stream may still be under way. -1 with errno set on failure. The caller closes it. */
int socket_connect(int type, const struct hostport *target);
/* The same from this address of ours; NULL: the kernel's choice. */
int socket_connect_from(int type, const struct addr *source, const struct hostport *target);

/* The socket's own address; false with errno set. */
bool socket_local(int fd, struct hostport *ret_local);
