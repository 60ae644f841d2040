/* A query as the server sees it (RFC 1035 4.1, 6891, 7871), and the constants of the wire.
 * Thread: any. No memory of its own: a struct query points into the packet. */
#pragma once

#include "base/addr.h"
#include "dns/name.h"
#include "dns/opt.h"

enum rr_type {
    TYPE_A = 1,
    TYPE_NS = 2,
    TYPE_CNAME = 5,
    TYPE_SOA = 6,
    TYPE_PTR = 12,
    TYPE_MX = 15,
    TYPE_TXT = 16,
    TYPE_AAAA = 28,
    TYPE_SRV = 33,
    TYPE_NAPTR = 35,
    TYPE_DNAME = 39,
    TYPE_OPT = 41,
    TYPE_DS = 43,
    TYPE_RRSIG = 46,
    TYPE_NSEC = 47,
    TYPE_DNSKEY = 48,
    TYPE_NSEC3 = 50,
    TYPE_NXNAME = 128,
    TYPE_TSIG = 250,
    TYPE_IXFR = 251,
    TYPE_AXFR = 252,
    TYPE_ANY = 255,
};

enum rr_class { CLASS_IN = 1, CLASS_CH = 3, CLASS_NONE = 254, CLASS_ANY = 255 };

enum rcode {
    RCODE_NOERROR = 0,
    RCODE_FORMERR = 1,
    RCODE_SERVFAIL = 2,
    RCODE_NXDOMAIN = 3,
    RCODE_NOTIMP = 4,
    RCODE_REFUSED = 5,
    RCODE_YXDOMAIN = 6,
    RCODE_NOTAUTH = 9,
    RCODE_BADVERS = 16,
    RCODE_BADCOOKIE = 23
};

enum opcode { OPCODE_QUERY = 0, OPCODE_IQUERY = 1, OPCODE_STATUS = 2, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5 };

/* Header flags, in the 16 bits at offset 2. */
enum { FLAG_QR = 0x8000, FLAG_OPCODE = 0x7800, FLAG_AA = 0x0400, FLAG_TC = 0x0200, FLAG_RD = 0x0100 };

enum { HEADER_LEN = 12, UDP_DEFAULT = 512, UDP_CAP = 1232 /* RFC 9715 */, MESSAGE_MAX = 65535 };

/* The pointer to the question's name: every question starts right behind the header. */
enum { POINTER = 0xc000, POINTER_MASK = 0x3fff, OWNER_IS_QUESTION = POINTER | 12 };

enum { EDNS_DO = 0x8000 /* in an OPT record's TTL (RFC 3225) */ };

/* Of the records behind the question, in the order of the header's counts. */
enum section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL };

enum { ECS_SCOPE_AT = 3, ECS_HEADER, ECS_OCTETS = ECS_HEADER + 16 };

struct ecs {
    bool present;
    struct addr addr; /* bits beyond source are zero */
    uint8_t source;   /* prefix length the client gave */
};

struct query {
    uint16_t id, flags;
    uint8_t opcode;
    uint8_t rcode;     /* RCODE_NOERROR, or what is wrong with it (RCODE_FORMERR, RCODE_NOTIMP, RCODE_BADVERS) */
    bool has_question; /* the question could be read: it is echoed. Only a query for a cookie alone (RFC 7873 5.4) is sound without one */
    uint16_t qtype, qclass;
    uint8_t qname_len;
    uint8_t qname[NAME_OCTETS]; /* lower case */
    const uint8_t *question;    /* in the packet, as asked */
    uint16_t question_len;
    bool edns, dnssec_ok, nsid;
    bool special;                    /* signed (RFC 8945) or NOTIFY (RFC 1996) */
    bool keepalive, keepalive_wrong; /* RFC 7828; wrong: with a timeout, which only a server gives. Both mean nothing over UDP */
    bool padding;                    /* RFC 7830; means nothing in the clear */
    uint16_t udp_size;               /* what the client takes, at least 512 */
    struct ecs ecs;
    const uint8_t *cookie; /* the first cookie option, in the packet, of a sound length; NULL */
    uint8_t cookie_len;
};

/* Reads a packet. False: nothing must be answered (shorter than a header, or a response: RFC 1035, answering QR=1 makes loops). True: an
 * answer is due, with query->rcode. */
bool query_parse(const uint8_t *packet, size_t len, struct query *ret_query);

/* The client subnet as an option of the answer: what was asked, and for which prefix the answer holds. Returns its octets. */
size_t ecs_write(const struct ecs *ecs, unsigned scope, uint8_t out[ECS_OCTETS]);
