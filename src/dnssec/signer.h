/* A zone's keys as they are at one moment, and how to sign with them. A signer is immutable, shared by reference count; when its keys'
 * timings reach their next event, a new one is due. Thread: any. */
#pragma once

#include "base/report.h"
#include "dnssec/signatures.h"
#include "model/config.h"
#include "zone/zone.h"

struct signer;

/* Loads the zone's keys (apex: wire format, lower case) from the folder of config->dnssec, which must not be DENIAL_NONE. NULL with findings
 * in report: a file that is unreadable or unsound, a weak key, a key of another zone, a private key that is not the public one's, no key that
 * is published and signs now, more than SIGNING_KEYS_MAX signing, a key made after now_s (the clock is wrong). Warnings alone do not stop it.
 * cache may be NULL; it must outlive the signer. */
struct signer *signer_new(const struct zone_config *config, const uint8_t *apex, size_t apex_len, struct signatures *cache, int64_t now_s,
                          struct report *report);
struct signer *signer_ref(struct signer *signer);
/* NULL is allowed. */
void signer_unref(struct signer *signer);

/* RRSIG RDATAs over this RRset, one for each key that signs its type, the same keys and lengths at every call of one signer. owner may be a
 * wildcard, which the Labels field then does not count (RFC 4034 3.1.3). The set's RDATAs may be in any order. *ret_renew_s: when the
 * first of them should be made anew. From the cache where it has one that need not be renewed. Allocates. */
unsigned signer_sign(struct signer *signer, const uint8_t *owner, const struct rrset *set, int64_t now_s,
                     struct rrsig ret[SIGNING_KEYS_MAX], int64_t *ret_renew_s);

/* The zone, signed: with DNSKEY, CDS, CDNSKEY, NSEC or NSEC3 and NSEC3PARAM, RRSIGs over all that is authoritative, and this serial in the
 * SOA. plain stays as it is, and the result holds a reference to it. *ret_renew_s: the earliest renewal. NULL with findings when plain
 * already has records that only the signer makes. */
struct zone *signer_sign_zone(struct signer *signer, struct zone *plain, uint32_t serial, int64_t now_s, int64_t *ret_renew_s,
                              struct report *report);

/* When the keys' timings next change what is published or signs; INT64_MAX: never. */
int64_t signer_next_event(const struct signer *signer);

/* The hash of a lower-case name by the parameters of all zones here: SHA-1, no salt, no more iterations (RFC 5155 5, RFC 9276 3.1).
 * For the query path: neither allocates nor locks. */
void nsec3_hash(const uint8_t *name, size_t len, uint8_t ret[20]);
