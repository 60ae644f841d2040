/* One complete answer without its header and question: the octets that follow the question, prepared at load.
 * A body is made as if the question were its base name. Behind a longer question (a name below the base: a referral, a wildcard's instance, an
 * NXDOMAIN) every compression pointer in it moves by the difference; the owner pointer 0xC00C of an answer does not.
 * Immutable; belongs to the arena it was made in. Thread: the loader's makes it, any reads it. */
#pragma once

#include "base/arena.h"
#include "dns/compress.h"
#include "dns/message.h"
#include "zone/zone.h"

enum { BODY_GLUE_NEEDED = 1 /* a referral: without its glue it must say TC (RFC 9471) */ };

struct body {
    uint16_t flags;              /* AA and the rcode, as in the header */
    uint16_t counts[3];          /* answer, authority, additional */
    uint16_t len, authority_len; /* octets: all; of answer and authority */
    uint16_t pointer_count;
    uint8_t base_len, bits; /* octets of the base name; BODY_ bits */
    uint16_t owner_count;
    uint16_t proof_count;
    const uint16_t *pointers; /* offsets in octets */
    const uint16_t *owners;   /* the same of the answer's owners that are the question's own name, 0xC00C */
    const uint32_t *proofs;   /* the proofs that stand in it, by their own bodies */
    const uint16_t *ends;     /* by additional record: end of its RRset, which goes out whole or not at all (RFC 2181 9) */
    uint8_t octets[];         /* beside the rest, for the cache */
};

/* The same answer without and with what DNSSEC adds (RFC 4035 3.1), by the query's DO; one body twice where the zone is not signed. */
struct body_pair {
    const struct body *of[2];
};

/* Behind a question of 255 octets and before the longest OPT a prepared message still fits. */
enum { BODY_MESSAGE_MAX = MESSAGE_MAX - NAME_OCTETS - 512 };

enum { PROOFS_MAX = 40 /* a chain of wildcards and what its end needs */ };

struct body_maker {
    struct compressor c;
    uint16_t counts[3];
    size_t start, section_end[3];
    size_t rdata_at; /* offset of the last record's RDATA, signatures apart */
    uint16_t ends[UINT16_MAX / 16];
    uint8_t base_len;
    bool whole;  /* the base is the question or above it; false: the question is an instance of it, a wildcard */
    bool secure; /* RRSIG records are added, too; stays as it is set */
    uint16_t owners[UINT16_MAX / 12];
    unsigned owner_count, proof_count;
    uint32_t proofs[PROOFS_MAX];
    uint8_t message[BODY_MESSAGE_MAX];
};

/* whole: see compress_begin(). */
void body_begin(struct body_maker *maker, const uint8_t *base, size_t base_len, bool whole);
/* Appends an RRset; sections in their order only. owner NULL: the question's own name (0xC00C). */
void body_add(struct body_maker *maker, enum section section, const uint8_t *owner, const struct rrset *set, uint32_t ttl_s);
/* Whether it all fitted into a message. */
bool body_fits(const struct body_maker *maker);
const struct body *body_finish(struct body_maker *maker, struct arena *arena, uint16_t flags, uint8_t bits);
