/* How many connections each client has: an IPv4 address, or an IPv6 /64, in which one client has as many addresses as it likes.
 * For serve/ only. Thread: the TCP loop's. */
#pragma once

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>

struct clients;

/* most: connections of one client. expected: of all clients; more of them only make it slower. */
struct clients *clients_new(size_t expected, unsigned most);
void clients_free(struct clients *clients);

/* One connection more. False: the client has as many as it may. */
bool clients_enter(struct clients *clients, const struct addr *addr);
/* One less, of a client that has one. */
void clients_leave(struct clients *clients, const struct addr *addr);
