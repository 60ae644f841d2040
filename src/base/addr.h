/* IP addresses and prefixes as plain values, IPv4 and IPv6, without a socket header.
 * Thread: any (values). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum family { FAMILY_NONE = 0, FAMILY_V4 = 4, FAMILY_V6 = 6 };

struct addr {
    uint8_t family;    /* enum family */
    uint8_t bytes[16]; /* network order; IPv4 in the first four, the rest zero */
};

struct prefix {
    struct addr addr; /* bits beyond len are zero */
    uint8_t len;      /* 0 to 32 or 128 */
};

struct hostport {
    struct addr addr;
    uint16_t port;
};

enum { ADDR_TEXT = 46, PREFIX_TEXT = 50, HOSTPORT_TEXT = 54 }; /* room for the text forms, NUL included */

/* 4 or 16 octets; 32 or 128 bits. */
static inline unsigned addr_octets(enum family family)
{
    return family == FAMILY_V4 ? 4 : 16;
}
static inline unsigned addr_bits(enum family family)
{
    return family == FAMILY_V4 ? 32 : 128;
}

/* Bit i counted from the most significant one. */
static inline unsigned addr_bit(const struct addr *addr, unsigned i)
{
    return addr->bytes[i >> 3] >> (7 - (i & 7)) & 1u;
}

/* Text to address; false when it is none (no port, no prefix, no zone index). */
bool addr_parse(const char *text, struct addr *ret_addr);
/* "192.0.2.0/24", "2001:db8::/32", or a lone address as a host prefix. False when malformed or with bits beyond the length. */
bool prefix_parse(const char *text, struct prefix *ret_prefix);
/* "127.0.0.1:5300", "[::1]:5300". The port is required, 0 is allowed. */
bool hostport_parse(const char *text, struct hostport *ret_hostport);

/* Text forms, written to out and returned. */
const char *addr_format(const struct addr *addr, char out[ADDR_TEXT]);
const char *prefix_format(const struct prefix *prefix, char out[PREFIX_TEXT]);
const char *hostport_format(const struct hostport *hostport, char out[HOSTPORT_TEXT]);

/* Zeroes the bits beyond len. len may exceed the family's bits. */
void addr_mask(struct addr *addr, unsigned len);
bool addr_equal(const struct addr *a, const struct addr *b);

/* 127.0.0.0/8 or ::1, also mapped: only this machine reaches it. */
bool addr_is_loopback(const struct addr *addr);
/* IPv4-mapped IPv6 (::ffff:a.b.c.d, RFC 4291 2.5.5.2) becomes the IPv4 address it stands for; others stay. */
void addr_unmap(struct addr *addr);
