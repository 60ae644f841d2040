/* One key of a zone: its DNSKEY record, its timings, its pair. Texts as BIND's dnssec-keygen writes them: Kname.+alg+tag.key holds the
 * record, Kname.+alg+tag.private (version 1.3) the private key and the timings in UTC.
 * Thread: any one at a time; key_release() frees what a key holds. */
#pragma once

#include "base/error.h"
#include "dnssec/pair.h"

#define KEY_NEVER INT64_MAX

enum key_time {
    KEY_CREATED,
    KEY_PUBLISH,      /* the DNSKEY RRset has it from here */
    KEY_ACTIVATE,     /* it signs from here */
    KEY_REVOKE,       /* RFC 5011; refused */
    KEY_INACTIVE,     /* it signs no more */
    KEY_DELETE,       /* the DNSKEY RRset has it no more */
    KEY_SYNC_PUBLISH, /* CDS and CDNSKEY (RFC 7344) name it from here */
    KEY_SYNC_DELETE,  /* and no more from here */
    KEY_TIMES,
};

enum {
    KEY_FLAG_ZONE = 0x100,
    KEY_FLAG_REVOKE = 0x80,
    KEY_FLAG_SEP = 1, /* secure entry point: KSK or CSK */
    DNSKEY_OCTETS_MAX = 4 + PUBLIC_OCTETS_MAX,
    KEY_TEXT_MAX = 64 * 1024, /* octets of a key file */
};

struct key {
    const struct algorithm *algorithm;
    uint16_t flags, tag;
    uint32_t ttl_s;           /* of the DNSKEY record, 0: the file says none */
    int64_t times[KEY_TIMES]; /* seconds since 1970; KEY_NEVER: not set */
    uint8_t dnskey[DNSKEY_OCTETS_MAX];
    uint16_t dnskey_len;
    struct pair *pair;
};

/* Reads both texts (ending in NUL); the key must be apex's (wire format, lower case). False with why in err, and nothing to release. */
bool key_read(struct key *ret, const char *public_text, const char *private_text, const uint8_t *apex, size_t apex_len, struct error *err);
void key_release(struct key *key);

/* RFC 4034 B. */
uint16_t key_tag(const uint8_t *dnskey, size_t len);

/* Whether the DNSKEY RRset has it, it signs, CDS and CDNSKEY name it. Without Inactive a key signs until it is deleted; with one
 * behind Delete also longer, as changes of the algorithm need it (RFC 6781 4.1.4). */
bool key_published(const struct key *key, int64_t now_s);
bool key_active(const struct key *key, int64_t now_s);
bool key_synced(const struct key *key, int64_t now_s);
/* When key_active() ends. */
int64_t key_signs_until(const struct key *key);
/* When any of these next changes. */
int64_t key_next_event(const struct key *key, int64_t now_s);

/* "Activate". */
const char *key_time_name(enum key_time which);
/* "20260131120000" -> seconds since 1970, strictly; false when malformed. And back. */
bool key_time_read(const char *text, int64_t *ret_s);
enum { KEY_TIME_TEXT = 16 };
const char *key_time_text(int64_t time_s, char out[KEY_TIME_TEXT]);
