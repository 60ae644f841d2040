/* The two ICMP messages of a probe: echo request and reply (RFC 792, RFC 4443 4). Pure: no I/O, no clock.
 * Thread: any (values). */
#pragma once

#include "base/addr.h"
#include "base/cursor.h"

enum {
    ECHO_OCTETS = 8 + 16,
    ECHO_REQUEST_V4 = 8,
    ECHO_REPLY_V4 = 0,
    ECHO_REQUEST_V6 = 128,
    ECHO_REPLY_V6 = 129,
};

/* What tells one echo from all others: identifier and sequence number are for the kernel and for the eyes of people, the token (64 random bits) for us. */
struct echo {
    uint16_t id, sequence;
    uint32_t slot; /* which of the running probes it is of; comes back as it was sent */
    uint64_t token;
};

/* The request's octets. The checksum is that of IPv4 (RFC 1071); of ICMPv6 the kernel makes it. */
void echo_write(enum family family, const struct echo *echo, uint8_t out[ECHO_OCTETS]);

/* Reads an ICMP message of this family; false when it is no echo reply with our payload. */
bool echo_read(enum family family, struct reader message, struct echo *ret_echo);

/* Steps over the IPv4 header that raw sockets give (RFC 791 3.1). False when there is none. */
bool echo_skip_ip(struct reader *packet);
