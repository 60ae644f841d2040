/* How something is asked whether it lives, as the configuration says it. Parts of struct config; see there.
 * Thread: any (immutable). */
#pragma once

#include "base/addr.h"
#include "model/verdict.h"

#include <stddef.h>
#include <stdint.h>

enum { ALIVE_MAX = 32, EVERY_TRANSPORT = (1 << TRANSPORT_COUNT) - 1 };

enum probe_type { PROBE_SIP, PROBE_TCP, PROBE_TYPE_COUNT };

struct probe {
    char *name;
    enum probe_type type;
    enum transport transport;
    unsigned speaks; /* bit 1 << enum transport: the ways to reach the endpoint whose verdict this probe decides */
    uint16_t port;
    uint32_t interval_ms, timeout_ms, confirm_ms;
    unsigned fall, rise;
    uint32_t hold_down_ms, hold_down_max_ms; /* damping: the first hold and the longest; 0: none. hold_down_max_ms >= hold_down_ms */
    uint16_t alive[ALIVE_MAX];               /* status codes that count as alive; a 2xx class is written out by its members */
    size_t alive_count;                      /* 0: the default list (2xx 401 403 404 405 407 481 483 486 488 501) */
    unsigned max_forwards;                   /* 0 to 255 */
    char *from;                              /* domain of the From header, or NULL for the local address */
    struct addr address;                     /* probe here instead of at the endpoint's addresses; FAMILY_NONE if not set */
};
