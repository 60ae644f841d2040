#include "base/addr.h"

#include "base/decimal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool addr_parse(const char *text, struct addr *ret_addr)
{
    struct addr addr = {0};
    if (inet_pton(AF_INET, text, addr.bytes) == 1)
        addr.family = FAMILY_V4;
    else if (inet_pton(AF_INET6, text, addr.bytes) == 1)
        addr.family = FAMILY_V6;
    else
        return false;
    *ret_addr = addr;
    return true;
}

bool prefix_parse(const char *text, struct prefix *ret_prefix)
{
    char host[ADDR_TEXT];
    const char *slash = strchr(text, '/');
    const size_t len = slash ? (size_t)(slash - text) : strlen(text);
    struct prefix prefix;
    if (len >= sizeof host)
        return false;
    memcpy(host, text, len);
    host[len] = 0;
    if (!addr_parse(host, &prefix.addr))
        return false;
    uint32_t bits = addr_bits(prefix.addr.family);
    if (slash && (strlen(slash + 1) > 3 || !decimal_parse(slash + 1, bits, &bits)))
        return false;
    prefix.len = (uint8_t)bits;
    struct addr masked = prefix.addr;
    addr_mask(&masked, bits);
    if (!addr_equal(&masked, &prefix.addr))
        return false;
    *ret_prefix = prefix;
    return true;
}

bool hostport_parse(const char *text, struct hostport *ret_hostport)
{
    char host[ADDR_TEXT];
    const bool bracket = text[0] == '[';
    const char *end = bracket ? strchr(text, ']') : strrchr(text, ':');
    const char *from = text + bracket;
    uint32_t port;
    if (end == NULL || (bracket && end[1] != ':') || (size_t)(end - from) >= sizeof host)
        return false;
    memcpy(host, from, (size_t)(end - from));
    host[end - from] = 0;
    struct hostport made = {0};
    if (!addr_parse(host, &made.addr) || (made.addr.family == FAMILY_V6) != bracket)
        return false;
    if (!decimal_parse(end + 1 + bracket, UINT16_MAX, &port))
        return false;
    made.port = (uint16_t)port;
    *ret_hostport = made;
    return true;
}

const char *addr_format(const struct addr *addr, char out[ADDR_TEXT])
{
    const int af = addr->family == FAMILY_V4 ? AF_INET : AF_INET6;
    if (addr->family == FAMILY_NONE || inet_ntop(af, addr->bytes, out, ADDR_TEXT) == NULL)
        snprintf(out, ADDR_TEXT, "-");
    return out;
}

const char *prefix_format(const struct prefix *prefix, char out[PREFIX_TEXT])
{
    char host[ADDR_TEXT];
    snprintf(out, PREFIX_TEXT, "%s/%u", addr_format(&prefix->addr, host), prefix->len);
    return out;
}

const char *hostport_format(const struct hostport *hostport, char out[HOSTPORT_TEXT])
{
    char host[ADDR_TEXT];
    const bool v6 = hostport->addr.family == FAMILY_V6;
    snprintf(out, HOSTPORT_TEXT, v6 ? "[%s]:%u" : "%s:%u", addr_format(&hostport->addr, host), hostport->port);
    return out;
}

void addr_mask(struct addr *addr, unsigned len)
{
    for (unsigned i = 0; i < sizeof addr->bytes; i++) {
        const unsigned before = i * 8;
        if (before >= len)
            addr->bytes[i] = 0;
        else if (len - before < 8)
            addr->bytes[i] &= (uint8_t)(0xff00u >> (len - before));
    }
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

void addr_unmap(struct addr *addr)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (addr->family != FAMILY_V6 || memcmp(addr->bytes, mapped, sizeof mapped) != 0)
        return;
    struct addr v4 = {.family = FAMILY_V4};
    memcpy(v4.bytes, addr->bytes + 12, 4);
    *addr = v4;
}

bool addr_is_loopback(const struct addr *addr)
{
    static const struct addr loopback6 = {.family = FAMILY_V6, .bytes = {[15] = 1}};
    struct addr plain = *addr;
    addr_unmap(&plain);
    return plain.family == FAMILY_V4 ? plain.bytes[0] == 127 : addr_equal(&plain, &loopback6);
}
