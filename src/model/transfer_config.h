/* Keys, transfers to secondaries and hidden primaries, as the configuration has them. Parts of struct config; see there.
 * Thread: any (immutable). */
#pragma once

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TSIG_KEYS_MAX = 1000,
    TSIG_SECRET_MAX = 256, /* octets; longer ones than a hash's block (at most 128) gain nothing (RFC 2104 3) */
    NO_KEY = UINT16_MAX,
    DNS_TLS_PORT = 853,
};

enum tsig_algorithm { TSIG_HMAC_SHA1, TSIG_HMAC_SHA224, TSIG_HMAC_SHA256, TSIG_HMAC_SHA384, TSIG_HMAC_SHA512 };

/* Never shown, never logged. */
struct tsig_secret {
    uint8_t *octets;
    size_t len;
};

/* A secret shared with other servers (RFC 8945). */
struct tsig_key {
    char *name; /* "xfr.example." */
    enum tsig_algorithm algorithm;
    struct tsig_secret secret;
    char *file; /* where the secret was read from, or NULL */
};

/* Who may fetch a zone, and who is told of a new serial. */
struct transfer_config {
    struct prefix *allow; /* a client must be in one of these; none: nobody gets the zone */
    size_t allow_count;
    uint16_t *keys; /* indices of struct tsig_key; if there are any, a client must use one. The first signs NOTIFY */
    size_t key_count;
    struct hostport *notify;
    size_t notify_count;
};

/* Where a zone without a file comes from. */
struct primary_config {
    struct hostport address; /* FAMILY_NONE: the zone is a file */
    uint16_t key;            /* index of struct tsig_key, or NO_KEY */
    bool tls;                /* RFC 9103 */
    char *tls_name;          /* that the certificate must bear; NULL: any, the connection is encrypted only */
    char *tls_ca;            /* file of the authorities to trust; NULL: the system's */
    uint32_t timeout_s;      /* of a whole transfer */
    uint32_t limit_mib;      /* of a whole transfer */
};
