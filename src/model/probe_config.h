/* How something is asked whether it lives, as the configuration says it. Parts of struct config; see there.
 * Thread: any (immutable). */
#pragma once

#include "base/addr.h"
#include "model/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ALIVE_MAX = 32, EVERY_TRANSPORT = (1 << TRANSPORT_COUNT) - 1 };

enum probe_type { PROBE_SIP, PROBE_TCP, PROBE_TLS, PROBE_TYPE_COUNT };

/* TLS to an endpoint, and how its certificate is judged. */
struct probe_tls {
    char *name;              /* that the certificate must bear, and that is asked for (SNI); NULL: the first service's of the endpoint */
    char *ca;                /* file of the authorities to trust; NULL: the system's */
    char *certificate, *key; /* files of our own, shown if the peer asks; NULL: none */
    bool verify;
    uint32_t warn_s; /* a certificate that ends within this is warned of */
};

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
    uint32_t renew_ms;                       /* a kept connection is replaced when it is this old */
    char *path, *origin;                     /* of a WebSocket: what is asked for, and who asks (NULL: no Origin) */
    struct probe_tls tls;
    struct addr address; /* probe here instead of at the endpoint's addresses; FAMILY_NONE if not set */
};

/* "sip", "tcp" ...: as the configuration says it. */
const char *probe_type_text(enum probe_type type);

/* Its texts become copies of its own, */
void probe_own_texts(struct probe *probe);
/* which this frees. */
void probe_release(struct probe *probe);
