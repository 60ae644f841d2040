/* Signatures by what they are over, so that a reload or a choice that was made before signs nothing anew. Bounded: the one that was not
 * asked for the longest goes. Thread: any (own lock). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIGNING_KEYS_MAX = 4, RRSIG_OCTETS_MAX = 18 + 255 + 512, CONTENT_OCTETS = 32 };

struct rrsig {
    uint16_t len;
    uint8_t octets[RRSIG_OCTETS_MAX]; /* RDATA (RFC 4034 3.1) */
};

/* The times of an RRSIG that is made or looked for at now_s. */
struct rrsig_times {
    int64_t now_s;
    uint32_t validity_s, refresh_s;
};

struct signatures;

/* For at most so many signatures; about 250 octets each with ECDSA. */
struct signatures *signatures_new(size_t most);
/* After the last signer that uses it. */
void signatures_free(struct signatures *signatures);

/* The RRSIG over this content (a digest of records and key), unless there is none that is valid now, is longer than refresh and no longer
 * than validity. NULL as signatures finds nothing. */
bool signatures_find(struct signatures *signatures, const uint8_t content[CONTENT_OCTETS], const struct rrsig_times *times,
                     struct rrsig *ret);
void signatures_keep(struct signatures *signatures, const uint8_t content[CONTENT_OCTETS], const struct rrsig *rrsig);

/* Expiration and inception of an RRSIG as seconds since 1970 near now_s (RFC 4034 3.1.5: serial numbers). */
int64_t rrsig_expiration_s(const uint8_t *rrsig, int64_t now_s);
int64_t rrsig_inception_s(const uint8_t *rrsig, int64_t now_s);
