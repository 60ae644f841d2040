/* TLS on a connected socket, as a client that looks at the certificate: whether it is sound, whether it is for the domain (RFC 5922), when it ends.
 * Each step says what it waits for; none blocks. Thread: the engine's. Embedded in a stream. */
#pragma once

#include "health/health.h"
#include "model/verdict.h"
#include "probe/tls_client.h"

#include <openssl/types.h>
#include <sys/types.h>

enum tls_step { TLS_DONE, TLS_WANTS_READ, TLS_WANTS_WRITE, TLS_CLOSED, TLS_FAILED };

/* By which rules a certificate is for a domain. */
enum name_rules {
    NAMES_OF_SIP,  /* RFC 5922 7: SIP URIs before DNS names, no wildcards */
    NAMES_OF_HTTP, /* RFC 7118 7 with RFC 6125: DNS names, wildcards for the first label */
};

struct tls_link {
    SSL *ssl;         /* NULL: no TLS */
    char domain[256]; /* without a final dot */
    enum name_rules rules;
    bool verify;
    int64_t certificate_end_s;  /* of what the peer has shown; 0: nothing yet */
    struct observation failure; /* of TLS_FAILED */
};

/* What all links of a context share. */
void tls_link_prepare(SSL_CTX *context, bool verify);

/* Over this connected socket; false: there is no memory for it. */
bool tls_link_open(struct tls_link *link, struct tls_client *client, int fd, const char *domain, enum name_rules rules, bool verify);
void tls_link_close(struct tls_link *link);

/* The handshake, again and again until it is done. */
enum tls_step tls_link_shake(struct tls_link *link);
/* One read: the step is TLS_DONE with octets in *ret_got. */
enum tls_step tls_link_read(struct tls_link *link, void *to, size_t room, size_t *ret_got);
enum tls_step tls_link_write(struct tls_link *link, const void *from, size_t len);
/* Octets are there that the socket will not tell of. */
bool tls_link_pending(const struct tls_link *link);
