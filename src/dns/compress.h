/* Writes message octets with name compression (RFC 1035 4.1.4), for answers that are prepared ahead of any query.
 * The message is written as if its question were a known name. Every pointer written is noted, because the same octets later serve behind a longer
 * question (a name below a delegation, a wildcard's instance, a missing name): all of them then move by the difference in length.
 * Thread: the owner's; the buffer is the caller's. */
#pragma once

#include "base/cursor.h"

enum { COMPRESS_NAMES = 64 /* remembered for pointing at; a bound on the work, more are written out */, COMPRESS_POINTERS = 4096 };

struct compressor {
    struct writer w;                /* from the message's first octet; the question is already there */
    uint16_t names[COMPRESS_NAMES]; /* offsets of names that may be pointed at */
    unsigned name_count;
    uint16_t pointers[COMPRESS_POINTERS]; /* offsets of the pointers written */
    unsigned pointer_count;
    bool question_only; /* point at nothing but the question: for octets that may stand further than pointers reach */
};

/* Starts a message in buffer with a blank header and this question name (wire format). whole: names equal to the question may point at it; false for a
 * wildcard's owner, whose octets will not be those of the question. */
void compress_begin(struct compressor *c, uint8_t *buffer, size_t room, const uint8_t *qname, size_t qname_len, bool whole);

/* Writes a name, compressed where a suffix of it was written before. */
void compress_name(struct compressor *c, const uint8_t *name);
