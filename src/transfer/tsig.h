/* TSIG (RFC 8945): messages signed with a secret that both sides share. One struct tsig is one exchange: a request, and the answer or
 * the stream of answers to it, for either side.
 * Thread: the owner's. tsig_release() frees what an exchange holds; keys are the caller's and must outlive it. */
#pragma once

#include "base/error.h"
#include "dns/message.h"
#include "model/transfer_config.h"

enum {
    TSIG_MAC_MAX = 64,
    TSIG_FUDGE_S = 300,     /* how far clocks may differ (RFC 8945 10) */
    TSIG_UNSIGNED_MAX = 99, /* messages between two signed ones of a stream (RFC 8945 5.3.1) */
};

enum tsig_error { TSIG_BADSIG = 16, TSIG_BADKEY = 17, TSIG_BADTIME = 18, TSIG_BADTRUNC = 22 };

/* A TSIG record as it stands in a message. */
struct tsig_record {
    uint16_t at; /* offset of its first octet */
    uint8_t name[NAME_OCTETS], name_len, algorithm[NAME_OCTETS], algorithm_len;
    uint64_t signed_s; /* seconds since 1970, 48 bits */
    uint16_t fudge_s, original_id, error;
    const uint8_t *mac, *other;
    uint16_t mac_len, other_len;
};

enum tsig_stage { TSIG_REQUEST, TSIG_FIRST_ANSWER, TSIG_LATER_ANSWER };

struct tsig {
    const struct tsig_key *key;         /* NULL: not known */
    enum tsig_stage stage;              /* of the next message */
    uint16_t error;                     /* what was wrong with the request: enum tsig_error or 0 */
    uint8_t mac[TSIG_MAC_MAX], mac_len; /* of the last signed message */
    struct tsig_record asked;           /* server: of the request; its pointers are gone */
    void *running;                      /* client: digest over the messages since the last signed one */
    unsigned unsigned_count;            /* client: how many these are */
};

enum tsig_taken {
    TSIG_NONE,    /* the message has no TSIG */
    TSIG_GOOD,    /* signed as it should be; the record has been taken off */
    TSIG_WRONG,   /* tsig->error; to be answered NOTAUTH with tsig_sign() */
    TSIG_UNSOUND, /* malformed, or not at its place: to be answered FORMERR, unsigned */
};

/* "hmac-sha256" ..., by enum tsig_algorithm; NULL at the end. */
extern const char *const tsig_algorithms[];

/* Server: looks at a request, takes the record off (its length and ARCOUNT are then as before the signing, its ID stays as received) and begins the exchange. The
 * order of checks is that of RFC 8945 5.2; MACs must be whole. More records than a request has use for are unsound. */
enum tsig_taken tsig_take_request(struct tsig *ret_tsig, const struct tsig_key *keys, size_t key_count, uint8_t *message, size_t *len,
                                  uint64_t now_s);

/* Client: begins an exchange under this key. */
void tsig_begin(struct tsig *tsig, const struct tsig_key *key);
void tsig_release(struct tsig *tsig);

/* Octets that tsig_sign() will add; 0 for an exchange without a record to write. */
size_t tsig_room(const struct tsig *tsig);

/* Signs the next message of the exchange: appends the record. The message is sound and room has been kept. Returns its new length. */
size_t tsig_sign(struct tsig *tsig, uint8_t *message, size_t len, size_t room, uint64_t now_s);

/* Client: checks the next answer and takes its record off. An unsigned one is taken when it is neither the first nor one too many; *ret_signed
 * tells, and the last one of a stream must be signed. */
bool tsig_take_answer(struct tsig *tsig, uint8_t *message, size_t *len, uint64_t now_s, bool *ret_signed, struct error *err);
