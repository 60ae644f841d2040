/* Delegation signer records (RFC 4034 5, RFC 4509, RFC 6605) and their requests to the parent (CDS, RFC 7344). Thread: any (values). */
#pragma once

#include "dnssec/key.h"

enum { DIGEST_SHA1 = 1 /* read only */, DIGEST_SHA256 = 2, DIGEST_SHA384 = 4, DS_OCTETS_MAX = 4 + 48 };

/* RDATA of the DS of this key of the zone; digest is one of those above. Returns its length. */
size_t ds_of_key(const uint8_t *apex, size_t apex_len, const struct key *key, unsigned digest, uint8_t ret[DS_OCTETS_MAX]);

/* The same of any server's DNSKEY RDATA, whatever its algorithm. 0: another digest, or no DNSKEY. */
size_t ds_of_dnskey(const uint8_t *apex, size_t apex_len, const uint8_t *dnskey, size_t dnskey_len, unsigned digest,
                    uint8_t ret[DS_OCTETS_MAX]);
