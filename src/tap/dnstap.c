#include "tap/dnstap.h"

#include "base/cursor.h"
#include "base/invariant.h"

/* Of protocol buffers. */
enum wire_type { WIRE_VARINT = 0, WIRE_OCTETS = 2, WIRE_FIXED32 = 5 };

/* The fields' numbers in the schema. */
enum dnstap_field { FIELD_IDENTITY = 1, FIELD_VERSION = 2, FIELD_MESSAGE = 14, FIELD_TYPE = 15 };
enum message_field {
    MESSAGE_TYPE = 1,
    MESSAGE_FAMILY = 2,
    MESSAGE_PROTOCOL = 3,
    MESSAGE_QUERY_ADDRESS = 4,
    MESSAGE_RESPONSE_ADDRESS = 5,
    MESSAGE_QUERY_PORT = 6,
    MESSAGE_RESPONSE_PORT = 7,
    MESSAGE_QUERY_TIME_S = 8,
    MESSAGE_QUERY_TIME_NS = 9,
    MESSAGE_QUERY = 10,
    MESSAGE_RESPONSE_TIME_S = 12,
    MESSAGE_RESPONSE_TIME_NS = 13,
    MESSAGE_RESPONSE = 14,
};
enum { TYPE_MESSAGE = 1, FAMILY_INET = 1, FAMILY_INET6 = 2, PROTOCOL_UDP = 1, PROTOCOL_TCP = 2, PROTOCOL_DOT = 3 };

static void put_varint(struct writer *w, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        write_u8(w, (uint8_t)(value | 0x80));
    write_u8(w, (uint8_t)value);
}

static size_t varint_len(uint64_t value)
{
    size_t len = 1;
    while (value >>= 7)
        len++;
    return len;
}

static void put_number(struct writer *w, unsigned field, uint64_t value)
{
    put_varint(w, field << 3 | WIRE_VARINT);
    put_varint(w, value);
}

static void put_fixed32(struct writer *w, unsigned field, uint32_t value)
{
    const uint8_t octets[] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24)};
    put_varint(w, field << 3 | WIRE_FIXED32);
    write_bytes(w, octets, sizeof octets);
}

static void put_octets(struct writer *w, unsigned field, const void *octets, size_t len)
{
    put_varint(w, field << 3 | WIRE_OCTETS);
    put_varint(w, len);
    write_bytes(w, octets, len);
}

static void put_time(struct writer *w, unsigned field_s, uint64_t at_ns, int64_t clock_ns)
{
    const uint64_t wall_ns = at_ns + (uint64_t)clock_ns;
    put_number(w, field_s, wall_ns / 1000000000);
    put_fixed32(w, field_s + 1, (uint32_t)(wall_ns % 1000000000));
}

static void put_ends(struct writer *w, const struct tap_record *record)
{
    static const uint8_t protocols[] = {[CHANNEL_UDP] = PROTOCOL_UDP, [CHANNEL_TCP] = PROTOCOL_TCP, [CHANNEL_TLS] = PROTOCOL_DOT};
    put_number(w, MESSAGE_FAMILY, record->client.addr.family == FAMILY_V4 ? FAMILY_INET : FAMILY_INET6);
    put_number(w, MESSAGE_PROTOCOL, protocols[record->channel]);
    put_octets(w, MESSAGE_QUERY_ADDRESS, record->client.addr.bytes, addr_octets(record->client.addr.family));
    if (record->server.addr.family != FAMILY_NONE)
        put_octets(w, MESSAGE_RESPONSE_ADDRESS, record->server.addr.bytes, addr_octets(record->server.addr.family));
    put_number(w, MESSAGE_QUERY_PORT, record->client.port);
    put_number(w, MESSAGE_RESPONSE_PORT, record->server.port);
}

/* All but the DNS message, which comes last: its length is known, so the whole message's is. */
static size_t put_message_head(struct writer *w, const struct tap_record *record, enum dnstap_type type, int64_t clock_ns)
{
    put_number(w, MESSAGE_TYPE, type);
    put_ends(w, record);
    put_time(w, MESSAGE_QUERY_TIME_S, record->asked_ns, clock_ns);
    if (type == DNSTAP_AUTH_RESPONSE)
        put_time(w, MESSAGE_RESPONSE_TIME_S, record->answered_ns, clock_ns);
    return writer_len(w);
}

size_t dnstap_encode(const struct tap_record *record, enum dnstap_type type, const struct dnstap_source *source, int64_t clock_ns,
                     uint8_t out[DNSTAP_FRAME])
{
    uint8_t head[128];
    const bool response = type == DNSTAP_AUTH_RESPONSE;
    const uint8_t *dns = (const uint8_t *)(record + 1) + (response ? record->query_len : 0);
    const size_t dns_len = response ? record->answer_len : record->query_len;
    struct writer head_w = writer_over(head, sizeof head), w = writer_over(out, DNSTAP_FRAME);
    const size_t head_len = put_message_head(&head_w, record, type, clock_ns);
    if (source->identity[0])
        put_octets(&w, FIELD_IDENTITY, source->identity, strlen(source->identity));
    if (source->version[0])
        put_octets(&w, FIELD_VERSION, source->version, strlen(source->version));
    put_varint(&w, FIELD_MESSAGE << 3 | WIRE_OCTETS);
    put_varint(&w, head_len + 1 + varint_len(dns_len) + dns_len);
    write_bytes(&w, head, head_len);
    put_octets(&w, response ? MESSAGE_RESPONSE : MESSAGE_QUERY, dns, dns_len);
    put_number(&w, FIELD_TYPE, TYPE_MESSAGE);
    invariant(!w.bad && !head_w.bad);
    return writer_len(&w);
}
