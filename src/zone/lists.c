/* Lists: of address prefixes (APL, RFC 3123) and of ports (WKS, RFC 1035 3.4.2). */
#include "zone/special.h"

#include "base/decimal.h"

#include <netdb.h>
#include <string.h>
#include <strings.h>

enum { APL_NEGATED = 0x80, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, WKS_HEAD = 5 };

static bool item_wrong(struct fields *f, const char *text)
{
    return error_set(f->err, "\"%.60s\" where [!]1:ADDRESS/PREFIX or [!]2:ADDRESS/PREFIX was expected", text);
}

/* [!]FAMILY:ADDRESS/PREFIX; zero octets at the end of the address are left out. */
static bool read_item(struct fields *f, const char *text)
{
    const bool negated = *text == '!';
    const char *family = text + negated, *slash = strchr(text, '/');
    char address[64];
    struct addr addr;
    uint32_t prefix;
    if ((*family != '1' && *family != '2') || family[1] != ':' || slash == NULL || slash - family >= (ptrdiff_t)sizeof address)
        return item_wrong(f, text);
    memcpy(address, family + 2, (size_t)(slash - family - 2));
    address[slash - family - 2] = 0;
    if (!addr_parse(address, &addr) || addr.family != (*family == '1' ? FAMILY_V4 : FAMILY_V6) ||
        !decimal_parse(slash + 1, addr_bits(addr.family), &prefix))
        return item_wrong(f, text);
    unsigned octets = addr_octets(addr.family);
    while (octets > 0 && addr.bytes[octets - 1] == 0)
        octets--;
    write_u16(f->out, (uint16_t)(*family - '0'));
    write_u8(f->out, (uint8_t)prefix);
    write_u8(f->out, (uint8_t)((negated ? APL_NEGATED : 0) | octets));
    write_bytes(f->out, addr.bytes, octets);
    return true;
}

bool apl_read(struct fields *f)
{
    while (fields_left(f)) {
        const char *text = take_word(f);
        if (text == NULL || !read_item(f, text))
            return false;
    }
    return true;
}

const char *apl_check(struct reader r)
{
    while (reader_left(&r) > 0) {
        const unsigned family = read_u16(&r), prefix = read_u8(&r), octets = read_u8(&r) & ~(unsigned)APL_NEGATED;
        const unsigned bits = family == 1 ? 32 : family == 2 ? 128 : UINT8_MAX;
        const uint8_t *at = read_span(&r, octets);
        if (r.bad)
            return "an item that ends too early";
        if (prefix > bits || (family <= 2 && octets > bits / 8) || (octets > 0 && at[octets - 1] == 0))
            return "an item of the wrong length";
    }
    return NULL;
}

static bool read_protocol(struct fields *f, uint8_t *ret_protocol)
{
    const char *text = take_word(f);
    uint32_t number = 0;
    if (text == NULL)
        return false;
    if (strcasecmp(text, "tcp") == 0)
        number = PROTOCOL_TCP;
    else if (strcasecmp(text, "udp") == 0)
        number = PROTOCOL_UDP;
    else if (!decimal_parse(text, UINT8_MAX, &number))
        return error_set(f->err, "\"%.60s\" where TCP, UDP or a number from 0 to 255 was expected", text);
    *ret_protocol = (uint8_t)number;
    return true;
}

/* A port, or a service's name in /etc/services. */
static bool read_port(struct fields *f, const char *text, uint8_t protocol, uint32_t *ret_port)
{
    struct servent space, *found = NULL;
    char names[1024];
    if (decimal_parse(text, UINT16_MAX, ret_port))
        return true;
    const char *of = protocol == PROTOCOL_TCP ? "tcp" : protocol == PROTOCOL_UDP ? "udp" : "";
    if (getservbyname_r(text, of, &space, names, sizeof names, &found) != 0 || found == NULL)
        return error_set(f->err, "\"%.60s\" where a port or the name of a service was expected", text);
    *ret_port = ((uint32_t)space.s_port & 0xff) << 8 | ((uint32_t)space.s_port >> 8 & 0xff);
    return true;
}

bool wks_read(struct fields *f)
{
    uint8_t bits[(UINT16_MAX + 1) / 8] = {0}, protocol = 0;
    size_t octets = 0;
    const char *address = take_word(f);
    if (address == NULL || !read_address(f, address, FAMILY_V4) || !read_protocol(f, &protocol))
        return false;
    write_u8(f->out, protocol);
    while (fields_left(f)) {
        const char *text = take_word(f);
        uint32_t port;
        if (text == NULL || !read_port(f, text, protocol, &port))
            return false;
        bits[port / 8] |= (uint8_t)(0x80 >> port % 8);
        if (octets < port / 8 + 1)
            octets = port / 8 + 1;
    }
    write_bytes(f->out, bits, octets);
    return true;
}

const char *wks_check(struct reader r)
{
    const size_t len = reader_left(&r);
    return len < WKS_HEAD || len > WKS_HEAD + (UINT16_MAX + 1) / 8 ? "RDATA of a length that it cannot have" : NULL;
}
