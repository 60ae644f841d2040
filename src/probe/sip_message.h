/* The two SIP messages of a probe: the OPTIONS request that we write and the response that we read (RFC 3261). Pure: no I/O, no clock.
 * Everything read stays inside (pointer, length) spans; a NUL is just another octet that has no place in a header.
 * Thread: any (values; spans point into the caller's octets). */
#pragma once

#include "base/addr.h"
#include "model/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SIP_REQUEST_MAX = 1280, /* far below what RFC 3261 18.1.1 allows over UDP */
    SIP_BRANCH_TEXT = 7 + 16 + 1,
    SIP_CSEQ = 1, /* each probe is a transaction of its own, with a new Call-ID */
};

/* What makes a transaction unguessable: 64 random bits in each. */
struct sip_ids {
    uint64_t branch, call, tag;
};

struct sip_request {
    enum transport transport;
    struct hostport target, local; /* local: of the very socket it goes out by */
    unsigned max_forwards;
    const char *from; /* domain of From, or NULL for the local address */
    struct sip_ids ids;
};

struct sip_span {
    const char *at;
    size_t len;
};

enum sip_kind {
    SIP_INCOMPLETE, /* of a stream: more octets are needed */
    SIP_RESPONSE,
    SIP_OTHER, /* a well-formed request: nothing we wait for */
    SIP_BAD,
};

/* What we want to know of a response. Absent fields are empty spans and zeroes. */
struct sip_message {
    unsigned status;        /* 100 to 699; 0 in a request */
    unsigned vias;          /* values, over all Via headers */
    struct sip_span branch; /* of the topmost Via */
    struct sip_span call_id, from_tag, method;
    uint32_t cseq;
    uint32_t retry_after_s; /* 0 if absent or unreadable */
    bool has_length;        /* Content-Length was there */
    size_t length;
    size_t head; /* octets up to and including the empty line */
};

/* Writes the request; its length, or 0 when out is too small. */
size_t sip_request_write(const struct sip_request *request, char *out, size_t room);

/* Reads the head of one message at data; never SIP_INCOMPLETE: without its empty line a message is bad. Whether the body is whole is the
 * transport's question (sip_datagram_read, sip_framer_next). */
enum sip_kind sip_message_read(const char *data, size_t len, struct sip_message *ret_message);

/* The same for one whole datagram, which must hold its body (RFC 3261 18.3). */
enum sip_kind sip_datagram_read(const char *data, size_t len, struct sip_message *ret_message);

/* The octets up to and including the empty line that ends a head, or 0 when there is none yet. */
size_t sip_head_length(const char *data, size_t len);

/* Octets that can still become a head: no control characters (not looked for in the first checked octets), and if the first line is whole, a SIP
 * start line. */
bool sip_head_plausible(const char *data, size_t len, size_t checked);

/* Does this response answer this request: exactly one Via with its branch, its Call-ID, its CSeq and its From tag. */
bool sip_message_answers(const struct sip_message *message, const struct sip_request *request);
