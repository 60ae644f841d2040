/* Reads a DNS message back to text, so that a test says what it expects as a person would. For tests only. */
#pragma once

#include "dns/message.h"
#include "zone/zone.h"

#include <stdio.h>
#include <stdlib.h>

/* A name with its pointers followed; false when it leads nowhere. Pointers must point back. */
static bool decode_name(struct reader *r, uint8_t out[NAME_OCTETS], size_t *ret_len)
{
    struct reader at = *r;
    bool jumped = false;
    size_t len = 0;
    for (;;) {
        const size_t here = (size_t)(at.at - at.start);
        const uint8_t label = read_u8(&at);
        if (at.bad)
            return false;
        if (label >= 0xc0) {
            const size_t target = (size_t)(label & 0x3f) << 8 | read_u8(&at);
            if (at.bad || target >= here)
                return false;
            if (!jumped)
                r->at = at.at;
            jumped = true;
            at.at = at.start + target;
            continue;
        }
        const uint8_t *from = read_span(&at, label);
        if (at.bad || label > LABEL_OCTETS || len + label + 1 > NAME_OCTETS)
            return false;
        out[len++] = label;
        memcpy(out + len, from, label);
        len += label;
        if (label == 0)
            break;
    }
    if (!jumped)
        r->at = at.at;
    *ret_len = len;
    return true;
}

/* RDATA with its names written out. */
static bool decode_rdata(struct reader *r, uint16_t type, uint16_t len, uint8_t *out, size_t *ret_len)
{
    const uint8_t *end = r->at + len;
    size_t made = 0;
    unsigned names = type == TYPE_SOA ? 2 : type == TYPE_NS || type == TYPE_CNAME || type == TYPE_PTR || type == TYPE_MX ? 1 : 0;
    if (type == TYPE_MX) {
        memcpy(out, read_span(r, 2), 2);
        made = 2;
    }
    for (; names > 0; names--) {
        size_t n;
        if (!decode_name(r, out + made, &n))
            return false;
        made += n;
    }
    if (r->at > end)
        return false;
    const size_t rest = (size_t)(end - r->at);
    memcpy(out + made, read_span(r, rest), rest);
    *ret_len = made + rest;
    return true;
}

static const char *decode_rcode(unsigned rcode)
{
    static const char *const known[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN"};
    static char other[16];
    if (rcode < sizeof known / sizeof *known)
        return known[rcode];
    snprintf(other, sizeof other, "RCODE%u", rcode);
    return other;
}

/* One line for the header ("NOERROR aa rd"), then one a record: "an|ns|ar owner TTL IN TYPE rdata"; OPT as "opt size=1232 do ecs=1/24/20". To be
 * freed. "malformed" when it is. */
__attribute__((unused)) static char *decode_message(const uint8_t *octets, size_t len)
{
    static const char *const sections[] = {"an", "ns", "ar"};
    char *text = NULL, opt[256] = "";
    size_t size = 0;
    struct reader r = reader_over(octets, len);
    uint8_t name[NAME_OCTETS], rdata[MESSAGE_MAX];
    size_t name_octets, rdata_octets;
    read_u16(&r);
    const unsigned flags = read_u16(&r), questions = read_u16(&r), counts[3] = {read_u16(&r), read_u16(&r), read_u16(&r)};
    unsigned rcode = flags & 15;
    FILE *body = open_memstream(&text, &size);
    bool good = !r.bad && (questions == 0 || (questions == 1 && decode_name(&r, name, &name_octets) && read_span(&r, 4)));
    for (unsigned s = 0; s < 3 && good; s++)
        for (unsigned i = 0; i < counts[s] && good; i++) {
            good = decode_name(&r, name, &name_octets);
            const uint16_t type = read_u16(&r), class = read_u16(&r);
            const uint32_t ttl = read_u32(&r);
            const uint16_t rdlen = read_u16(&r);
            good = good && !r.bad && reader_left(&r) >= rdlen;
            if (good && type == TYPE_OPT) {
                rcode |= ttl >> 24 << 4;
                struct reader o = reader_over(read_span(&r, rdlen), rdlen);
                int at = snprintf(opt, sizeof opt, "opt size=%u version=%u%s", class, ttl >> 16 & 255, ttl & 0x8000 ? " do" : "");
                while (reader_left(&o)) {
                    const uint16_t code = read_u16(&o), olen = read_u16(&o);
                    const uint8_t *data = read_span(&o, olen);
                    good = good && !o.bad;
                    if (!good)
                        break;
                    if (code == OPTION_ECS)
                        at += snprintf(opt + at, sizeof opt - (size_t)at, " ecs=%u/%u/%u", get_u16(data), data[2], data[3]);
                    else if (code == OPTION_EDE)
                        at += snprintf(opt + at, sizeof opt - (size_t)at, " ede=%u", get_u16(data));
                    else
                        at += snprintf(opt + at, sizeof opt - (size_t)at, " option%u=%.*s", code, olen, (const char *)data);
                }
                continue;
            }
            good = good && class == CLASS_IN && decode_rdata(&r, type, rdlen, rdata, &rdata_octets);
            char *line = good ? zone_record_text(name, type, ttl, rdata, (uint16_t)rdata_octets) : NULL;
            good = line != NULL;
            for (char *c = line; c && *c; c++)
                if (*c == '\t')
                    *c = ' ';
            fprintf(body, "%s %s\n", sections[s], line ? line : "?");
            free(line);
        }
    good = good && reader_left(&r) == 0;
    fclose(body);
    char *whole = NULL;
    if (!good ||
        asprintf(&whole, "%s%s%s%s%s%s\n%s%s%s", decode_rcode(rcode), flags & FLAG_AA ? " aa" : "", flags & FLAG_TC ? " tc" : "",
                 flags & FLAG_RD ? " rd" : "", flags & 0x00f0 ? " z" : "", questions ? "" : " noquestion", text, opt, *opt ? "\n" : "") < 0)
        whole = strdup("malformed\n");
    free(text);
    return whole;
}

/* What a test asks. */
struct asked {
    const char *name;
    uint16_t type;
    const char *ecs; /* "192.0.2.0/24", or NULL */
    bool edns, nsid, dnssec_ok;
    uint16_t size; /* EDNS, 0 = 1232 */
};

__attribute__((unused)) static size_t make_query(const struct asked *asked, uint8_t *out, size_t room)
{
    struct writer w = writer_over(out, room);
    struct prefix ecs = {0};
    const bool edns = asked->edns || asked->ecs || asked->nsid || asked->dnssec_ok || asked->size;
    write_u16(&w, 0x1234);
    write_u16(&w, FLAG_RD);
    write_u16(&w, 1);
    write_u32(&w, 0);
    write_u16(&w, edns);
    uint8_t name[NAME_OCTETS];
    const size_t name_octets = name_from_text(asked->name, name);
    const size_t at = writer_len(&w);
    write_bytes(&w, name, name_octets);
    for (size_t i = 0, k = 0; asked->name[i]; i++, k++) /* the case as written (the names of tests have no escapes) */
        if (asked->name[i] != '.' && out[at + 1 + k] != (uint8_t)asked->name[i])
            out[at + 1 + k] = (uint8_t)asked->name[i];
    write_u16(&w, asked->type);
    write_u16(&w, CLASS_IN);
    if (!edns)
        return writer_len(&w);
    write_u8(&w, 0);
    write_u16(&w, TYPE_OPT);
    write_u16(&w, asked->size ? asked->size : UDP_CAP);
    write_u32(&w, asked->dnssec_ok ? 0x8000 : 0);
    uint8_t *len = write_span(&w, 2);
    const size_t options = writer_len(&w);
    if (asked->ecs && prefix_parse(asked->ecs, &ecs)) {
        const unsigned octets = (ecs.len + 7u) / 8;
        write_u16(&w, OPTION_ECS);
        write_u16(&w, (uint16_t)(4 + octets));
        write_u16(&w, ecs.addr.family == FAMILY_V4 ? 1 : 2);
        write_u8(&w, ecs.len);
        write_u8(&w, 0);
        write_bytes(&w, ecs.addr.bytes, octets);
    }
    if (asked->nsid) {
        write_u16(&w, OPTION_NSID);
        write_u16(&w, 0);
    }
    put_u16(len, (uint16_t)(writer_len(&w) - options));
    return writer_len(&w);
}
