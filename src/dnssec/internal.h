/* What the files behind signer.h share. Thread: as struct signer. */
#pragma once

#include "base/arena.h"
#include "dnssec/folder.h"
#include "dnssec/signer.h"

enum {
    DNSKEY_TTL_S = 3600,       /* where the key files say none */
    INCEPTION_BEFORE_S = 3600, /* for validators whose clock is slow */
};

struct signing_key {
    const struct key *key;
    uint8_t fingerprint[CONTENT_OCTETS]; /* of zone and DNSKEY: part of what a signature is found by */
};

struct signing_keys {
    struct signing_key items[SIGNING_KEYS_MAX];
    unsigned count;
};

struct signer {
    _Atomic unsigned more_refs;
    uint8_t apex[255], apex_len;
    struct keys keys;
    struct signing_keys for_keys, for_data; /* for DNSKEY, CDS and CDNSKEY; for all other types */
    enum denial denial;
    uint32_t validity_s, refresh_s;
    int64_t next_event_s;
    struct signatures *cache;
    struct arena arena;                /* of these three: */
    struct rrset dnskey, cds, cdnskey; /* count 0: not published */
};

/* In roles.c: which keys sign what at now_s. False with findings when that would leave the zone bogus or break the bounds. */
bool roles_assign(struct signer *signer, int64_t now_s, const char *folder, struct report *report);

/* In publish.c: the sets that the keys' timings publish at now_s. */
void publish_keys(struct signer *signer, enum sync_mode mode, int64_t now_s);

/* In denial.c: a zone that is being signed. */
enum standing { STANDING_HIDDEN, STANDING_CUT, STANDING_OWN }; /* below a cut; a delegation; authoritative */

struct signing {
    struct signer *signer;
    const struct zone *plain;
    struct arena arena;
    struct zone_node *nodes; /* as plain's, with the sets that are added */
    uint8_t *standings;      /* by node */
    struct zone_node *nsec3_nodes;
    size_t nsec3_count;
    uint32_t denial_ttl_s; /* RFC 9077 */
    int64_t now_s, renew_s;
    uint32_t serial;
};

/* Makes signing->standings. */
void denial_stand(struct signing *signing);
/* NSEC sets into the nodes, or the NSEC3 nodes; the nodes hold all other sets. False with a finding when the names are too long. */
bool denial_add(struct signing *signing, struct report *report);
/* Puts the set among the node's, by type; the node has room for it. */
void node_add(struct zone_node *node, const struct rrset *set);
/* A set of one record in the arena. */
struct rrset single_set(struct arena *arena, uint16_t type, uint32_t ttl_s, const uint8_t *rdata, size_t len);
