/* Changing keys without a moment in which any cache finds the zone bogus (RFC 6781 4.1, RFC 7583, RFC 7344). Everything is timings of keys, made
 * here once and obeyed by the daemon; only the parent's DS has to be waited for. Pure: time is an argument. Thread: any. */
#pragma once

#include "dnssec/folder.h"
#include "dnssec/keyfile.h"

/* How long what was is still in some cache or on some secondary. */
struct delays {
    uint32_t dnskey_ttl_s, longest_ttl_s; /* of the DNSKEY set; of any record of the zone, as answered */
    uint32_t propagation_s;               /* until all servers of the zone have a change */
    uint32_t ds_ttl_s;                    /* at the parent */
    uint32_t parent_propagation_s;        /* until all servers of the parent have it */
};

/* A CSK signs everything: a key with the SEP flag in an algorithm that has no ZSK. */
enum key_role { ROLE_CSK, ROLE_KSK, ROLE_ZSK };

enum key_state {
    STATE_FUTURE,
    STATE_PRESIGNING, /* signs before it is published: a change of the algorithm */
    STATE_PUBLISHED,  /* and does not sign yet */
    STATE_ACTIVE,
    STATE_RETIRED,     /* published, signs no more */
    STATE_POSTSIGNING, /* signs after it was published */
    STATE_REMOVED,
};

enum { ROLLOVER_MADE_MAX = 2 };

/* Keys to make, and new timings of those that are there. */
struct rollover {
    struct key_plan made[ROLLOVER_MADE_MAX];
    unsigned made_count;
    bool changed[KEYS_MAX];
    int64_t times[KEYS_MAX][KEY_TIMES];
};

enum key_role key_role_of(const struct keys *keys, size_t number, int64_t now_s);
enum key_state key_state_of(const struct key *key, int64_t now_s);

/* The timings of a key that is published and signs at once, in a zone that was not signed before: its DS may be at the parent when no cache has
 * an unsigned answer any more. */
void rollover_first_times(uint16_t flags, int64_t now_s, const struct delays *delays, int64_t ret[KEY_TIMES]);

/* Begins to replace the current key of this role. ZSK: the new key is published first and signs when every cache knows it; the old one
 * is removed when no cache has its signatures (RFC 6781 4.1.1.1). KSK and CSK: both are published and sign, CDS changes to the new one when
 * every cache knows it, and the old one stays until rollover_ds_seen() (RFC 6781 4.1.2). Another algorithm replaces all keys: its signatures
 * come before its keys, and go after them (RFC 6781 4.1.4); role does not count then. False with why in err when there is not exactly one
 * key to replace, or a replacement is under way. */
bool rollover_start(const struct keys *keys, enum key_role role, const struct algorithm *algorithm, int64_t now_s,
                    const struct delays *delays, struct rollover *ret, struct error *err);

/* The operator has seen the new DS at all servers of the parent, in the place of the old: the old key goes when no cache has the old DS. */
bool rollover_ds_seen(const struct keys *keys, int64_t now_s, const struct delays *delays, struct rollover *ret, struct error *err);

/* Whether the key waits for rollover_ds_seen(): CDS has left it, and nothing says when it goes. */
bool rollover_waits(const struct key *key);

/* The first moment from now on at which no published key signs the keys or the data; KEY_NEVER: none. */
int64_t rollover_gap_s(const struct keys *keys, int64_t now_s);
