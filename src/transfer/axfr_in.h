/* The client's side of an AXFR (RFC 5936), and of the question for the SOA before it (RFC 1034 4.3.5): messages in, checked records out. Nothing that a primary
 * sends is trusted: whatever is not as it must be ends the transfer with a reason.
 * Thread: the owner's. axfr_in_release() frees; key and names are the caller's and must outlive it. */
#pragma once

#include "dns/records.h"
#include "transfer/tsig.h"

/* One record, names in its RDATA in full. False ends the transfer. */
typedef bool axfr_take_fn(void *context, const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata, uint16_t len,
                          struct error *err);

struct axfr_in {
    uint8_t apex[NAME_OCTETS], apex_len;
    uint16_t id;
    struct tsig tsig; /* key NULL: nothing is signed */
    uint64_t limit;   /* octets of all messages, and of all records with their names in full */
    axfr_take_fn *take;
    void *context;
    bool begun, ended; /* the first SOA has come; the last one, too */
    bool last_signed;  /* of the messages so far */
    uint32_t serial;
    uint64_t records, octets, messages;
    uint64_t expanded; /* octets of the records, names in full: compression makes much of little */
    uint8_t *soa;      /* RDATA of the first one, letters folded */
    size_t soa_len;
    uint8_t *rdata; /* room for one */
};

/* zone: text, as in the configuration. key may be NULL. */
void axfr_in_init(struct axfr_in *in, const char *zone, const struct tsig_key *key, uint64_t limit, axfr_take_fn *take, void *context);
void axfr_in_release(struct axfr_in *in);

/* Writes the next request, for the SOA or the whole zone (TYPE_SOA, TYPE_AXFR), with this id, and begins its exchange. Returns its length. room: at least 1024. */
size_t axfr_in_ask(struct axfr_in *in, uint16_t type, uint16_t id, uint64_t now_s, uint8_t *out, size_t room);

/* The answer to the question for the SOA. */
bool axfr_in_read_soa(struct axfr_in *in, uint8_t *message, size_t len, uint64_t now_s, uint32_t *ret_serial, struct error *err);

/* The next message of the transfer; in->ended tells whether it was the last one. */
bool axfr_in_read(struct axfr_in *in, uint8_t *message, size_t len, uint64_t now_s, struct error *err);
