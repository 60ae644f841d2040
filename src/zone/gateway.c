/* Types that name another host by address or by name: IPSECKEY (RFC 4025), AMTRELAY (RFC 8777), HIP (RFC 8005). */
#include "zone/special.h"

#include <string.h>

enum gateway { GATEWAY_NONE, GATEWAY_V4, GATEWAY_V6, GATEWAY_NAME };

static bool read_small(struct fields *f, unsigned max, uint8_t *ret_value)
{
    const char *text = take_word(f);
    uint8_t octet[1];
    struct writer w = writer_over(octet, 1), *out = f->out;
    f->out = &w;
    const bool good = text && read_number(f, text, 1);
    f->out = out;
    if (!good)
        return false;
    *ret_value = octet[0];
    return octet[0] <= max || error_set(f->err, "\"%.60s\" where a number from 0 to %u was expected", text, max);
}

static bool read_gateway(struct fields *f, unsigned kind)
{
    const char *text = take_word(f);
    if (text == NULL)
        return false;
    switch (kind) {
    case GATEWAY_V4: return read_address(f, text, FAMILY_V4);
    case GATEWAY_V6: return read_address(f, text, FAMILY_V6);
    case GATEWAY_NAME: return read_name(f, text);
    default: return strcmp(text, ".") == 0 || error_set(f->err, "\"%.60s\" where \".\" was expected: kind 0 has no gateway", text);
    }
}

static bool skip_wire_name(struct reader *r)
{
    for (unsigned total = 1, label; (label = read_u8(r)) != 0; read_span(r, label)) {
        total += label + 1;
        if (r->bad || label > NAME_MAX_LABEL || total > NAME_MAX_OCTETS)
            return false;
    }
    return !r->bad;
}

static const char *check_gateway(struct reader *r, unsigned kind)
{
    switch (kind) {
    case GATEWAY_NONE: return NULL;
    case GATEWAY_V4: read_span(r, 4); break;
    case GATEWAY_V6: read_span(r, 16); break;
    case GATEWAY_NAME: return skip_wire_name(r) ? NULL : "an unsound gateway";
    default: return "a gateway of no known kind";
    }
    return r->bad ? "a gateway that ends too early" : NULL;
}

bool ipseckey_read(struct fields *f)
{
    uint8_t precedence, kind, algorithm;
    if (!read_small(f, UINT8_MAX, &precedence) || !read_small(f, GATEWAY_NAME, &kind) || !read_small(f, UINT8_MAX, &algorithm))
        return false;
    write_u8(f->out, precedence);
    write_u8(f->out, kind);
    write_u8(f->out, algorithm);
    if (!read_gateway(f, kind))
        return false;
    if ((algorithm == 0) == fields_left(f)) /* 2.4: 0 says that there is no key */
        return error_set(f->err, algorithm ? "RDATA ends too early: the key is missing" : "a key of algorithm 0, which has none");
    return read_base64(f);
}

const char *ipseckey_check(struct reader r)
{
    read_u8(&r);
    const unsigned kind = read_u8(&r), algorithm = read_u8(&r);
    const char *what = check_gateway(&r, kind);
    if (r.bad || what)
        return what ? what : "RDATA that ends too early";
    return (algorithm == 0) == (reader_left(&r) > 0) ? "a key without an algorithm, or the other way round" : NULL;
}

bool amtrelay_read(struct fields *f)
{
    uint8_t precedence, discovery, kind;
    if (!read_small(f, UINT8_MAX, &precedence) || !read_small(f, 1, &discovery) || !read_small(f, GATEWAY_NAME, &kind))
        return false;
    write_u8(f->out, precedence);
    write_u8(f->out, (uint8_t)(discovery << 7 | kind));
    return read_gateway(f, kind);
}

const char *amtrelay_check(struct reader r)
{
    read_u8(&r);
    const char *what = check_gateway(&r, read_u8(&r) & 127u);
    if (what == NULL && (r.bad || reader_left(&r) > 0))
        return "RDATA of another length than its relay has";
    return what;
}

/* RFC 8005 5: length of the tag, algorithm, length of the key; tag, key, names of rendezvous servers. */
bool hip_read(struct fields *f)
{
    uint8_t algorithm;
    if (!read_small(f, UINT8_MAX, &algorithm))
        return false;
    uint8_t *tag_len = write_span(f->out, 1);
    write_u8(f->out, algorithm);
    uint8_t *key_len = write_span(f->out, 2);
    const uint8_t *from = f->out->at;
    const char *tag = take_word(f);
    if (tag == NULL || !read_hex_digits(f, tag))
        return false;
    const size_t tag_octets = (size_t)(f->out->at - from);
    const char *key = take_word(f);
    if (key == NULL || !read_by_ldns(f, LDNS_RDF_TYPE_B64, key))
        return false;
    const size_t key_octets = (size_t)(f->out->at - from) - tag_octets;
    if (f->out->bad)
        return true; /* told as too long */
    if (tag_octets == 0 || tag_octets > UINT8_MAX || key_octets == 0)
        return error_set(f->err, "a tag of 1 to 255 octets and a key were expected");
    *tag_len = (uint8_t)tag_octets;
    put_u16(key_len, (uint16_t)key_octets);
    while (fields_left(f)) {
        const char *server = take_word(f);
        if (server == NULL || !read_name(f, server))
            return false;
    }
    return true;
}

const char *hip_check(struct reader r)
{
    const unsigned tag_len = read_u8(&r);
    read_u8(&r);
    const unsigned key_len = read_u16(&r);
    read_span(&r, tag_len);
    read_span(&r, key_len);
    if (r.bad || tag_len == 0 || key_len == 0)
        return "lengths that its octets do not bear out";
    while (reader_left(&r) > 0)
        if (!skip_wire_name(&r))
            return "an unsound rendezvous server";
    return NULL;
}
