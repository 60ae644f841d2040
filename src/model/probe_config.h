/* How something is asked whether it lives, as the configuration says it. Parts of struct config; see there.
 * Thread: any (immutable). */
#pragma once

#include "base/addr.h"
#include "model/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ALIVE_MAX = 32, EVERY_TRANSPORT = (1 << TRANSPORT_COUNT) - 1 };

enum probe_type { PROBE_SIP, PROBE_TCP, PROBE_TLS, PROBE_HTTP, PROBE_DNS, PROBE_ICMP, PROBE_EXEC, PROBE_PUSH, PROBE_TYPE_COUNT };

/* TLS to an endpoint, and how its certificate is judged. */
struct probe_tls {
    char *name;              /* that the certificate must bear, and that is asked for (SNI); NULL: the first service's of the endpoint */
    char *ca;                /* file of the authorities to trust; NULL: the system's */
    char *certificate, *key; /* files of our own, shown if the peer asks; NULL: none */
    bool verify;
    uint32_t warn_s; /* a certificate that ends within this is warned of */
};

enum { RCODES_MAX = 16, COMMAND_WORDS_MAX = 32 };

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OPTIONS };

struct http_probe {
    enum http_method method;
    bool tls;
    char *host;                /* of the Host header; NULL: whom the caller thinks to speak to */
    char *match, *match_regex; /* to be found in the body; at most one of them */
};

struct dns_probe {
    char *query; /* "sip.example.com." */
    uint16_t record;
    uint8_t rcodes[RCODES_MAX];
    size_t rcode_count; /* 0: NOERROR alone */
    unsigned answers;   /* at least so many records of the type */
    bool recursion;
};

struct exec_probe {
    char **command; /* patterns: %a %h %p %s %% */
    size_t word_count;
};

struct push_probe {
    char *file;          /* a pattern; NULL: reports come by the admin socket */
    uint32_t expires_ms; /* of a report */
};

struct probe {
    char *name;
    enum probe_type type;
    enum transport transport;
    uint8_t spoken[TRANSPORT_COUNT]; /* the key for; with none the type decides */
    size_t spoken_count;
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
    char *path, *origin;                     /* of HTTP and WebSocket: what is asked for; of the latter: who asks (NULL: no Origin) */
    struct probe_tls tls;
    struct http_probe http;
    struct dns_probe dns;
    struct exec_probe exec;
    struct push_probe push;
    struct addr address; /* probe here instead of at the endpoint's addresses; FAMILY_NONE if not set */
};

/* "sip", "tcp" ...: as the configuration says it. */
const char *probe_type_text(enum probe_type type);

/* Its texts become copies of its own, */
void probe_own_texts(struct probe *probe);
/* which this frees. */
void probe_release(struct probe *probe);
