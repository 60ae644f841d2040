/* server.tcp and server.tls as plain data; part of struct config. Thread: any (immutable). */
#pragma once

#include "base/addr.h"

#include <stddef.h>
#include <stdint.h>

struct tcp_config {
    uint32_t idle_ms;    /* since the last whole query; also how long a client may take nothing of what it is owed */
    unsigned clients;    /* connections at once, with TLS */
    unsigned per_client; /* of one IPv4 address or IPv6 /64 */
    unsigned transfers;  /* that run at once */
};

struct tls_config {
    struct hostport *listen; /* counts only with a certificate */
    size_t listen_count;
    char *certificate, *key; /* paths of PEM files; both NULL: no TLS */
    uint32_t handshake_ms;   /* how long one may take */
};
