/* The group http as plain data; part of struct config. Thread: any (immutable). */
#pragma once

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>

struct http_config {
    struct hostport *listen; /* none: no HTTP */
    size_t listen_count;
    bool listen_given;       /* by the file: each of them must be had. The default's may be taken by another process */
    char *certificate, *key; /* paths of PEM files; both NULL: no TLS */
    bool plain;              /* others than loopback without TLS: something in front of it speaks TLS */
    char *tokens;            /* path; NULL: there are none */
    bool loopback_view;      /* who asks on loopback may view without a token */
    char **hosts;            /* names it is asked by, beside addresses and localhost; with a final dot */
    size_t host_count;
    bool public_status;
    unsigned clients; /* connections at once */
};
