#include "dns/message.h"

#include "dns/cookie.h"

/* RFC 7871 6 and 7.1.2: malformed is FORMERR, in every detail, so that a broken forwarder is noticed where it breaks. */
static bool read_ecs(struct reader option, struct ecs *ret_ecs)
{
    const uint16_t family = read_u16(&option);
    const uint8_t source = read_u8(&option), scope = read_u8(&option);
    const size_t octets = reader_left(&option);
    struct ecs ecs = {.present = true, .source = source};
    if (option.bad || scope != 0 || family > 2 || octets != (source + 7u) / 8)
        return false;
    /* family 0 is what `dig +subnet=0` sends: no family, and no address either */
    ecs.addr.family = family == 1 ? FAMILY_V4 : family == 2 ? FAMILY_V6 : FAMILY_NONE;
    if (source > (family == 0 ? 0u : addr_bits(ecs.addr.family)))
        return false;
    if (octets)
        memcpy(ecs.addr.bytes, option.at, octets);
    struct addr masked = ecs.addr;
    addr_mask(&masked, source);
    if (!addr_equal(&masked, &ecs.addr))
        return false;
    *ret_ecs = ecs;
    return true;
}

/* RFC 7873 5.2: the first one counts, all others are ignored; a length that no cookie has is FORMERR. */
static bool read_cookie(const uint8_t *at, size_t len, struct query *query)
{
    if (query->cookie)
        return true;
    query->cookie = cookie_length_sound(len) ? at : NULL;
    query->cookie_len = (uint8_t)len;
    return query->cookie != NULL;
}

static bool read_options(struct reader r, struct query *query)
{
    while (reader_left(&r) > 0) {
        const uint16_t code = read_u16(&r), len = read_u16(&r);
        const uint8_t *at = read_span(&r, len);
        if (r.bad)
            return false;
        if (code == OPTION_NSID)
            query->nsid = true;
        else if (code == OPTION_KEEPALIVE) {
            query->keepalive = true;
            query->keepalive_wrong |= len > 0;
        } else if (code == OPTION_PADDING)
            query->padding = true;
        else if (code == OPTION_ECS && (query->ecs.present || !read_ecs(reader_over(at, len), &query->ecs)))
            return false;
        else if (code == OPTION_COOKIE && !read_cookie(at, len, query))
            return false;
    }
    return true;
}

/* The OPT pseudo-record after its owner and type (RFC 6891 6.1.3). */
static bool read_opt(struct reader *r, bool root_owner, struct query *query)
{
    const uint16_t size = read_u16(r);
    const uint32_t ttl = read_u32(r);
    const uint16_t len = read_u16(r);
    const bool first = !query->edns;
    query->edns = true;
    if (!first || !root_owner)
        return false;
    query->udp_size = size < UDP_DEFAULT ? UDP_DEFAULT : size;
    query->dnssec_ok = ttl & 0x8000;
    const uint8_t *at = read_span(r, len);
    if (r->bad)
        return false;
    if (ttl >> 16 & 0xff)
        query->rcode = RCODE_BADVERS; /* the options of another version are not ours to read */
    else
        return read_options(reader_over(at, len), query);
    return true;
}

/* Everything behind the question. Counts that the packet does not bear out are FORMERR, as is anything left over. */
static bool read_records(struct reader *r, unsigned before_additional, unsigned additional, struct query *query)
{
    for (unsigned i = 0; i < before_additional + additional; i++) {
        const bool root_owner = reader_left(r) > 0 && *r->at == 0;
        name_skip(r);
        const uint16_t type = read_u16(r);
        if (type == TYPE_OPT) {
            if (i < before_additional || !read_opt(r, root_owner, query))
                return false;
            continue;
        }
        query->special |= type == TYPE_TSIG;
        read_span(r, 6);
        read_span(r, read_u16(r));
        if (r->bad)
            return false;
    }
    return !r->bad && reader_left(r) == 0;
}

static bool read_question(struct reader *r, struct query *query)
{
    query->question = r->at;
    const size_t len = name_read(r, query->qname);
    query->qtype = read_u16(r);
    query->qclass = read_u16(r);
    if (len == 0 || r->bad)
        return false;
    query->qname_len = (uint8_t)len;
    query->question_len = (uint16_t)(r->at - query->question);
    query->has_question = true;
    return true;
}

bool query_parse(const uint8_t *packet, size_t len, struct query *ret_query)
{
    struct reader r = reader_over(packet, len);
    struct query *query = ret_query;
    query->id = read_u16(&r);
    query->flags = read_u16(&r);
    const unsigned questions = read_u16(&r), answers = read_u16(&r), authorities = read_u16(&r), additionals = read_u16(&r);
    if (r.bad || (query->flags & FLAG_QR))
        return false;
    query->opcode = (query->flags & FLAG_OPCODE) >> 11;
    query->rcode = RCODE_NOERROR;
    query->has_question = query->edns = query->dnssec_ok = query->nsid = query->special = query->ecs.present = false;
    query->keepalive = query->keepalive_wrong = query->padding = false;
    query->udp_size = UDP_DEFAULT;
    query->question_len = 0;
    query->cookie = NULL;
    if (questions == 1 && !read_question(&r, query))
        query->rcode = RCODE_FORMERR;
    else if (!read_records(&r, answers + authorities, additionals, query) || questions > 1)
        query->rcode = RCODE_FORMERR; /* RFC 9619: exactly one question */
    else if (questions == 0 && (query->cookie == NULL || answers + authorities > 0))
        query->rcode = RCODE_FORMERR;
    if (query->opcode != OPCODE_QUERY) {
        query->rcode = RCODE_NOTIMP; /* its sections have a meaning that is not ours to judge */
        query->special |= query->opcode == OPCODE_NOTIFY;
    }
    return true;
}

size_t ecs_write(const struct ecs *ecs, unsigned scope, uint8_t out[ECS_OCTETS])
{
    const size_t octets = (ecs->source + 7u) / 8;
    put_u16(out, ecs->addr.family == FAMILY_V4 ? 1 : ecs->addr.family == FAMILY_V6 ? 2 : 0);
    out[2] = ecs->source;
    out[ECS_SCOPE_AT] = (uint8_t)scope;
    memcpy(out + ECS_HEADER, ecs->addr.bytes, octets);
    return ECS_HEADER + octets;
}
