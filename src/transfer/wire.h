/* One connection to a server, TCP or TLS, with a time by which all must be done: messages with their length in front (RFC 1035 4.2.2). For
 * transfer/ only. Thread: the owner's; blocks. wire_close() frees. */
#pragma once

#include "base/error.h"
#include "model/config.h"

#include <stdatomic.h>

struct wire {
    int fd;
    void *tls, *tls_context; /* SSL, SSL_CTX; NULL over TCP */
    uint64_t end_ms;         /* monotonic */
    const _Atomic bool *stop;
};

/* Also after false it is to be closed. */
bool wire_open(struct wire *wire, const struct primary_config *primary, const struct addr *source, const _Atomic bool *stop,
               struct error *err);
void wire_close(struct wire *wire);
/* octets: the length, then the message. */
bool wire_send(struct wire *wire, const uint8_t *octets, size_t len, struct error *err);
/* The next message. room: MESSAGE_MAX. */
bool wire_receive(struct wire *wire, uint8_t *message, size_t *ret_len, struct error *err);
