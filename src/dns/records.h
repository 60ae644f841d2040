/* A whole message as a client sees it (RFC 1035 4.1): header, question, then one record after another, and how to write a query.
 * Everything that a peer sends is suspect: nothing is read past the end, names lead backwards only, and records.bad tells of a message that
 * is not sound. Thread: any. No memory of its own: a struct records points into the message. */
#pragma once

#include "dns/message.h"

struct records {
    struct reader r; /* at the next record; start is the message's first octet */
    uint16_t id, flags;
    uint16_t left[3];                      /* records still to come, by enum section */
    bool has_question;                     /* one may be missing: later messages of a transfer (RFC 5936 2.2.1), errors */
    uint8_t qname[NAME_OCTETS], qname_len; /* lower case */
    uint8_t qname_as_sent[NAME_OCTETS];    /* the same in the letters of the message */
    uint16_t qtype, qclass;
    bool bad; /* malformed: what was read before may be used or not, as the caller trusts it */
};

struct rr {
    uint8_t section; /* enum section */
    uint16_t type, class;
    uint32_t ttl_s;                        /* as sent; of OPT: extended rcode, version and flags */
    uint8_t owner[NAME_OCTETS], owner_len; /* lower case */
    uint16_t at;                           /* offset of the record's first octet in the message */
    uint16_t rdata_at, rdata_len;          /* in the message, names still compressed */
};

static inline unsigned records_rcode(const struct records *records)
{
    return records->flags & 0xf;
}

/* Reads header and question. False: malformed, more than one question, or longer than a message can be. */
bool records_begin(struct records *ret_records, const void *message, size_t len);

/* The next record of any section. False: there is none, or records->bad. A message is read whole, and sound, when that comes without bad:
 * octets behind the last record are malformed, too. */
bool records_next(struct records *records, struct rr *ret_rr);

/* The same without looking at the owner, whose length is then 0: for who seeks one record among many. */
bool records_skim(struct records *records, struct rr *ret_rr);
/* Reads the owner of a record that records_skim() gave; its length stays 0 when it is malformed. */
void rr_read_owner(const struct records *records, struct rr *rr);

/* Reads a name that may end in a pointer (RFC 1035 4.1.4) to a place before it; r->start is the message's first octet, r->end bounds the
 * part of the name that stands here. More than 127 pointers are malformed. Letters stay as sent. Returns its length, the final empty label included; 0 and r->bad when malformed. */
size_t name_expand(struct reader *r, uint8_t out[NAME_OCTETS]);

/* Letters to lower case, in place (RFC 4343). */
void name_fold(uint8_t *name, size_t len);

/* Reads over the RDATA; for name_expand() inside it. */
struct reader rr_rdata(const struct records *records, const struct rr *rr);

/* Writes the RDATA with its names in full, for the types whose names may be or once were compressed (RFC 3597 4); others are copied.
 * False: not the form of its type, or (w->bad) no room. */
bool rr_expand(const struct records *records, const struct rr *rr, struct writer *w);

/* A query to be sent. */
struct query_spec {
    uint16_t id, flags;  /* FLAG_RD, an opcode */
    const uint8_t *name; /* wire format */
    uint16_t type, class;
    uint16_t udp_size; /* for EDNS; 0: no OPT record */
    bool dnssec_ok;
};

/* Writes header, question and, for EDNS, an OPT record. */
void query_write(struct writer *w, const struct query_spec *spec);
