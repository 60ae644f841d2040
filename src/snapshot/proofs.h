/* Denial of existence: which NSEC (RFC 4034 4) or NSEC3 (RFC 5155) record of a signed zone proves what is missing, by binary search over all of
 * them. For snapshot/ and answer/ only. Thread: any, immutable once the world is made; belongs to the world's arena. */
#pragma once

#include "dns/name.h"
#include "zone/zone.h"

enum { PROOF_HASH_OCTETS = 20 /* SHA-1 */ };

struct proof {
    const uint8_t *key; /* NSEC: the owner's sort key; NSEC3: the hash */
    uint16_t key_len;
    uint32_t body; /* of world.bodies: the record and its signatures, as authority; its base is the apex */
    const struct zone_node *node;
};

struct proofs {
    enum denial kind; /* DENIAL_NONE: not signed, nothing to prove */
    size_t count;
    const struct proof *all; /* by key, ascending */
};

/* The proof that stands exactly at this name (lower case), or NULL. */
const struct proof *proofs_match(const struct proofs *proofs, const uint8_t *name, size_t len);
/* The one at or before it in the chain's order: it covers the name if it does not match it. proofs is not empty. */
const struct proof *proofs_cover(const struct proofs *proofs, const uint8_t *name, size_t len);

/* The name one label longer than an existing one, on the way to qname (RFC 5155 1.3): its octets in qname. qname lies below the encloser. */
static inline const uint8_t *proofs_next_closer(const uint8_t *qname, size_t len, size_t encloser_len)
{
    while (len - *qname - 1u > encloser_len) {
        len -= *qname + 1u;
        qname += *qname + 1;
    }
    return qname;
}
