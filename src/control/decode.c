#include "control/decode.h"

#include "base/memory.h"
#include "dns/message.h"
#include "zone/zone.h"

#include <stdlib.h>
#include <string.h>

struct decoder {
    struct reader r;
    json_t *answer;
};

/* A name that may be compressed (RFC 1035 4.1.4), written out whole, case kept. Returns its length, 0 when unsound. Pointers only lead backwards, so
 * that there is an end. */
static size_t expand_name(struct reader *r, uint8_t out[NAME_OCTETS])
{
    struct reader at = *r;
    bool jumped = false;
    size_t len = 0;
    for (;;) {
        const uint8_t *mark = at.at;
        const uint8_t size = read_u8(&at);
        if (at.bad || (size > LABEL_OCTETS && size < 0xc0))
            return 0;
        if (size >= 0xc0) {
            const size_t to = (size_t)(size & 0x3f) << 8 | read_u8(&at);
            if (at.bad || to >= (size_t)(mark - at.start))
                return 0;
            if (!jumped)
                r->at = at.at;
            jumped = true;
            at.at = at.start + to;
            continue;
        }
        const uint8_t *label = read_span(&at, size);
        if (!label || len + 1 + size > NAME_OCTETS)
            return 0;
        out[len] = size;
        memcpy(out + len + 1, label, size);
        len += 1u + size;
        if (size == 0)
            break;
    }
    if (!jumped)
        r->at = at.at;
    return len;
}

/* Octets before the first name of the data, and how many names there are; types whose names may be compressed (RFC 3597 4), and those of SRV,
 * which some servers compress. */
static unsigned names_in(uint16_t type, unsigned *ret_before)
{
    *ret_before = type == TYPE_MX ? 2 : type == TYPE_SRV ? 6 : 0;
    switch (type) {
    case TYPE_SOA: return 2;
    case TYPE_NS:
    case TYPE_CNAME:
    case TYPE_PTR:
    case TYPE_DNAME:
    case TYPE_MX:
    case TYPE_SRV: return 1;
    default: return 0;
    }
}

/* The record's data with every name written out; its length, or -1. */
static int expand_rdata(struct reader message, const uint8_t *rdata, uint16_t rdlen, uint16_t type, uint8_t *out, size_t room)
{
    struct reader r = {.start = message.start, .at = rdata, .end = rdata + rdlen};
    struct writer w = writer_over(out, room);
    unsigned before;
    unsigned names = names_in(type, &before);
    write_bytes(&w, read_span(&r, before), r.bad ? 0 : before);
    while (names--) {
        uint8_t name[NAME_OCTETS];
        const size_t len = expand_name(&r, name);
        if (!len)
            return -1;
        write_bytes(&w, name, len);
    }
    write_bytes(&w, r.at, reader_left(&r));
    return r.bad || w.bad ? -1 : (int)writer_len(&w);
}

static void decode_opt(struct decoder *d, struct reader rdata)
{
    while (!rdata.bad && reader_left(&rdata) >= 4) {
        const uint16_t code = read_u16(&rdata), len = read_u16(&rdata);
        const uint8_t *option = read_span(&rdata, len);
        if (option && code == OPTION_ECS && len >= 4)
            json_object_set_new(d->answer, "scope", json_integer(option[3]));
    }
}

static bool decode_record(struct decoder *d, json_t *section)
{
    uint8_t owner[NAME_OCTETS];
    if (!expand_name(&d->r, owner))
        return false;
    const uint16_t type = read_u16(&d->r);
    read_u16(&d->r);
    const uint32_t ttl_s = read_u32(&d->r);
    const uint16_t rdlen = read_u16(&d->r);
    const uint8_t *rdata = read_span(&d->r, rdlen);
    if (!rdata)
        return false;
    if (type == TYPE_OPT) {
        decode_opt(d, reader_over(rdata, rdlen));
        return true;
    }
    const size_t room = (size_t)rdlen + 2 * NAME_OCTETS;
    uint8_t *whole = mem_new(room, 1);
    const int len = expand_rdata(d->r, rdata, rdlen, type, whole, room);
    char *text = len < 0 || len > UINT16_MAX ? NULL : zone_record_text(owner, type, ttl_s, whole, (uint16_t)len);
    if (text)
        json_array_append_new(section, json_string(text));
    free(text);
    free(whole);
    return text != NULL;
}

static bool decode_section(struct decoder *d, const char *name, unsigned count)
{
    json_t *section = json_array();
    json_object_set_new(d->answer, name, section);
    while (count--)
        if (!decode_record(d, section))
            return false;
    return true;
}

static const char *rcode_text(unsigned rcode)
{
    static const char *const texts[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
    return rcode < sizeof texts / sizeof *texts ? texts[rcode] : "other";
}

json_t *decode_answer(const uint8_t *message, size_t len)
{
    struct decoder d = {.r = reader_over(message, len), .answer = json_object()};
    read_u16(&d.r);
    const uint16_t flags = read_u16(&d.r), questions = read_u16(&d.r);
    const uint16_t answers = read_u16(&d.r), authority = read_u16(&d.r), additional = read_u16(&d.r);
    bool sound = !d.r.bad;
    for (unsigned i = 0; sound && i < questions; i++) {
        uint8_t name[NAME_OCTETS];
        sound = expand_name(&d.r, name) && read_span(&d.r, 4);
    }
    json_object_set_new(d.answer, "rcode", json_string(rcode_text(flags & 15)));
    json_object_set_new(d.answer, "authoritative", json_boolean(flags & FLAG_AA));
    json_object_set_new(d.answer, "truncated", json_boolean(flags & FLAG_TC));
    sound = sound && decode_section(&d, "answer", answers) && decode_section(&d, "authority", authority) &&
            decode_section(&d, "additional", additional);
    if (sound)
        return d.answer;
    json_decref(d.answer);
    return NULL;
}
