/* The two DNS messages of a probe (RFC 1035 4.1): the query that we write and the reply that we read. Pure: no I/O, no clock.
 * Thread: any (values). */
#pragma once

#include "dns/message.h"

enum { DNS_QUERY_MAX = HEADER_LEN + NAME_OCTETS + 4 };

struct dns_question {
    uint16_t id, type;
    bool recursion; /* the server is asked to find out (RD) */
    uint8_t name[NAME_OCTETS];
    size_t name_len;
};

/* Writes the query; its octets. */
size_t dns_query_write(const struct dns_question *question, uint8_t out[DNS_QUERY_MAX]);

enum dns_heard {
    DNS_HEARD_NOTHING,  /* no reply to this question: another id, another question, not even a message. Anybody can send that */
    DNS_HEARD_NONSENSE, /* it has our id and our question, and what follows is malformed */
    DNS_HEARD_REPLY,
};

struct dns_reply {
    unsigned rcode;
    bool truncated;
    unsigned answers; /* records of the answer section that are whole and of the type asked for */
};

/* Reads a datagram. A name that comes back in other letters' case is the same name. */
enum dns_heard dns_reply_read(const uint8_t *octets, size_t len, const struct dns_question *question, struct dns_reply *ret_reply);
