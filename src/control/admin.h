/* The admin socket: JSON lines over a UNIX stream socket, one request of a client at a time, an answer for each. Whoever may open the socket may order.
 * Bounded on every side: request size, clients, idle time, a reader that does not read. Thread: the director's, in its event base; SIGPIPE must be ignored. */
#pragma once

#include "base/error.h"
#include "control/client.h"

#include <event2/event.h>

enum {
    REQUEST_MAX = 64 * 1024,
    CLIENTS_MAX = 64,
    GONE_MAX = 1024, /* clients that have gone before their answer came; they lock nobody out until there are this many */
    CLIENT_IDLE_S = 60,
    CLIENT_STALL_S = 5,
};

struct admin;

/* A request line has come; it must be answered once with client_reply(); who it is: a name of /etc/passwd, else "uid N", now or later. */
typedef void (*admin_request_fn)(struct client *client, const char *line, size_t len, void *context);

/* Makes the socket (and its folder, 0755) with mode 0660. A stale socket is replaced; one on which somebody answers is an error. priority: of its
 * events in base. */
struct admin *admin_new(struct event_base *base, int priority, const char *path, admin_request_fn on_request, void *context,
                        struct error *err);

/* No more requests; runs the base until all replies are sent, at most wait_ms. */
void admin_flush(struct admin *admin, unsigned wait_ms);

/* Closes everything and removes the socket. */
void admin_free(struct admin *admin);
