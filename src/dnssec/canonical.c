#include "dnssec/canonical.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "dns/name.h"

#include <stdlib.h>
#include <string.h>

enum { CLASS_IN = 1, RECORD_FIXED = 10 /* type, class, TTL, RDLENGTH */ };

/* Where the names stand in the RDATA of the types whose names become lower case (RFC 4034 6.2, less HINFO, which has none, and NSEC by
 * RFC 6840 5.1; RRSIG records are never signed). Digits: so many octets before; s: a character string; n: a name; a: the address of an
 * A6 record (RFC 2874 3.1). What follows the last name stays. */
static const struct {
    uint16_t type;
    const char *form;
} forms[] = {{2, "n"},  {3, "n"},   {4, "n"},      {5, "n"},   {6, "nn"},  {7, "n"},   {8, "n"},    {9, "n"},
             {12, "n"}, {14, "nn"}, {15, "2n"},    {17, "nn"}, {18, "2n"}, {21, "2n"}, {24, "99n"}, {26, "2nn"},
             {30, "n"}, {33, "6n"}, {35, "4sssn"}, {36, "2n"}, {38, "an"}, {39, "n"}};

static const char *form_of(uint16_t type)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms && forms[i].type <= type; i++)
        if (forms[i].type == type)
            return forms[i].form;
    return "";
}

/* Makes the name that stands at the reader lower case in octets, a copy of what is read. */
static void lower_name(struct reader *r, uint8_t *octets)
{
    uint8_t name[NAME_OCTETS];
    const size_t at = (size_t)(r->at - r->start);
    const size_t len = name_read(r, name);
    memcpy(octets + at, name, len);
}

static void skip_a6_address(struct reader *r)
{
    const unsigned prefix = read_u8(r);
    if (prefix > 128)
        r->bad = true;
    else
        read_span(r, (128 - prefix + 7) / 8);
}

/* RDATA that is not sound stays as it is. */
static void lower_names(uint16_t type, const struct rdata *rdata, uint8_t *octets)
{
    struct reader r = reader_over(rdata->octets, rdata->len);
    for (const char *form = form_of(type); *form && !r.bad; form++) {
        if (*form == 'n')
            lower_name(&r, octets);
        else if (*form == 's')
            read_span(&r, read_u8(&r));
        else if (*form == 'a')
            skip_a6_address(&r);
        else
            read_span(&r, (size_t)(*form - '0'));
    }
}

static int by_octets(const void *left, const void *right)
{
    const struct rdata *a = left, *b = right;
    const int order = memcmp(a->octets, b->octets, a->len < b->len ? a->len : b->len);
    return order ? order : (int)a->len - (int)b->len;
}

/* Canonical copies of the RDATA, in order. The octets lie in one piece at room. */
static void order_rdatas(const struct rrset *set, struct rdata *rdatas, uint8_t *room)
{
    for (unsigned i = 0; i < set->count; i++) {
        const struct rdata *rdata = &set->rdatas[i];
        if (rdata->len)
            memcpy(room, rdata->octets, rdata->len);
        lower_names(set->type, rdata, room);
        rdatas[i] = (struct rdata){.octets = room, .len = rdata->len};
        room += rdata->len;
    }
    if (set->count > 1)
        qsort(rdatas, set->count, sizeof *rdatas, by_octets);
}

uint8_t *canonical_set(const uint8_t *owner, const struct rrset *set, size_t headroom, size_t *ret_len)
{
    uint8_t name[NAME_OCTETS];
    struct reader r = reader_over(owner, name_len(owner));
    const size_t owner_len = name_read(&r, name);
    size_t octets = 0;
    for (unsigned i = 0; i < set->count; i++)
        octets += set->rdatas[i].len;
    const size_t most = headroom + set->count * (owner_len + RECORD_FIXED) + octets;
    struct rdata *rdatas = mem_new(1, set->count * sizeof *rdatas + octets);
    uint8_t *room = (uint8_t *)(rdatas + set->count);
    order_rdatas(set, rdatas, room);
    uint8_t *out = mem_new(most, 1);
    struct writer w = writer_over(out, most);
    write_span(&w, headroom);
    for (unsigned i = 0; i < set->count; i++) {
        if (i > 0 && by_octets(&rdatas[i - 1], &rdatas[i]) == 0)
            continue; /* differed in the case of a name only */
        write_bytes(&w, name, owner_len);
        write_u16(&w, set->type);
        write_u16(&w, CLASS_IN);
        write_u32(&w, set->ttl_s);
        write_u16(&w, rdatas[i].len);
        write_bytes(&w, rdatas[i].octets, rdatas[i].len);
    }
    free(rdatas);
    *ret_len = writer_len(&w);
    return out;
}
