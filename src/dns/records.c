#include "dns/records.h"

enum { POINTER_BITS = 0xc0, JUMPS_MAX = 127 /* as many as a name has labels: a chain of bare pointers costs time and says nothing */ };

/* A pointer leads to a place before the labels that it ends, and behind the header: so no chain of them comes round. */
static const uint8_t *pointed_at(struct reader *r, const uint8_t *before)
{
    const size_t offset = read_u16(r) & POINTER_MASK;
    if (r->bad || offset < HEADER_LEN || offset >= (size_t)(before - r->start)) {
        r->bad = true;
        return NULL;
    }
    return r->start + offset;
}

size_t name_expand(struct reader *r, uint8_t out[NAME_OCTETS])
{
    struct reader at = *r;
    const uint8_t *first = at.at; /* of the labels that stand together */
    size_t len = 0;
    unsigned jumps = 0;
    while (!at.bad && reader_left(&at) > 0 && *at.at) {
        if (*at.at >= POINTER_BITS) {
            const uint8_t *target = pointed_at(&at, first);
            if (jumps == 0)
                r->at = at.at;
            at.bad |= ++jumps > JUMPS_MAX;
            at.at = first = target ? target : at.at;
            continue;
        }
        const size_t octets = *at.at + 1u;
        const uint8_t *label = read_span(&at, octets);
        if (octets > LABEL_OCTETS + 1 || len + octets > NAME_OCTETS - 1 || !label)
            at.bad = true;
        else
            memcpy(out + len, label, octets);
        len += octets;
    }
    read_u8(&at);
    if (jumps == 0)
        r->at = at.at;
    r->bad |= at.bad;
    if (r->bad)
        return 0;
    out[len] = 0;
    return len + 1;
}

void name_fold(uint8_t *name, size_t len)
{
    /* a length octet is at most 63 and so never a capital letter ('A' is 65) */
    for (size_t i = 0; i < len; i++)
        name[i] = (uint8_t)(name[i] + (name[i] >= 'A' && name[i] <= 'Z' ? 0x20 : 0));
}

static void read_question(struct records *records)
{
    struct reader *r = &records->r;
    records->has_question = true;
    records->qname_len = (uint8_t)name_expand(r, records->qname_as_sent);
    memcpy(records->qname, records->qname_as_sent, records->qname_len);
    name_fold(records->qname, records->qname_len);
    records->qtype = read_u16(r);
    records->qclass = read_u16(r);
}

bool records_begin(struct records *ret_records, const void *message, size_t len)
{
    struct records *records = ret_records;
    struct reader *r = &records->r;
    *records = (struct records){.r = reader_over(message, len)};
    records->id = read_u16(r);
    records->flags = read_u16(r);
    const unsigned questions = read_u16(r);
    for (unsigned section = 0; section < 3; section++)
        records->left[section] = read_u16(r);
    if (questions == 1 && !r->bad)
        read_question(records);
    records->bad = r->bad || questions > 1 || len > MESSAGE_MAX;
    return !records->bad;
}

void rr_read_owner(const struct records *records, struct rr *rr)
{
    struct reader r = records->r;
    r.at = r.start + rr->at;
    rr->owner_len = (uint8_t)name_expand(&r, rr->owner);
    name_fold(rr->owner, rr->owner_len);
}

static bool skim_rr(struct records *records, struct rr *rr)
{
    struct reader *r = &records->r;
    rr->at = (uint16_t)(r->at - r->start);
    rr->owner_len = 0;
    name_skip(r);
    rr->type = read_u16(r);
    rr->class = read_u16(r);
    rr->ttl_s = read_u32(r);
    rr->rdata_len = read_u16(r);
    rr->rdata_at = (uint16_t)(r->at - r->start);
    read_span(r, rr->rdata_len);
    return !r->bad;
}

bool records_skim(struct records *records, struct rr *ret_rr)
{
    unsigned section = 0;
    while (section < 3 && records->left[section] == 0)
        section++;
    if (section == 3)
        records->bad |= reader_left(&records->r) > 0;
    if (section == 3 || records->bad)
        return false;
    records->left[section]--;
    ret_rr->section = (uint8_t)section;
    records->bad = !skim_rr(records, ret_rr);
    return !records->bad;
}

bool records_next(struct records *records, struct rr *ret_rr)
{
    if (!records_skim(records, ret_rr))
        return false;
    rr_read_owner(records, ret_rr);
    records->bad = ret_rr->owner_len == 0;
    return !records->bad;
}

struct reader rr_rdata(const struct records *records, const struct rr *rr)
{
    const uint8_t *start = records->r.start;
    return (struct reader){.start = start, .at = start + rr->rdata_at, .end = start + rr->rdata_at + rr->rdata_len};
}

/* How RDATA with names is laid out: octets, character strings, names, then a tail. */
static const struct layout {
    uint16_t type;
    uint8_t octets, strings, names, tail;
} layouts[] = {
    {.type = TYPE_NS, .names = 1},
    {.type = 3 /* MD */, .names = 1},
    {.type = 4 /* MF */, .names = 1},
    {.type = TYPE_CNAME, .names = 1},
    {.type = TYPE_SOA, .names = 2, .tail = 20},
    {.type = 7 /* MB */, .names = 1},
    {.type = 8 /* MG */, .names = 1},
    {.type = 9 /* MR */, .names = 1},
    {.type = TYPE_PTR, .names = 1},
    {.type = 14 /* MINFO */, .names = 2},
    {.type = TYPE_MX, .octets = 2, .names = 1},
    {.type = 17 /* RP */, .names = 2},
    {.type = 18 /* AFSDB */, .octets = 2, .names = 1},
    {.type = 21 /* RT */, .octets = 2, .names = 1},
    {.type = 26 /* PX */, .octets = 2, .names = 2},
    {.type = TYPE_SRV, .octets = 6, .names = 1},
    {.type = TYPE_NAPTR, .octets = 4, .strings = 3, .names = 1},
    {.type = 24 /* SIG */, .octets = 18, .names = 1, .tail = UINT8_MAX},
    {.type = 30 /* NXT */, .names = 1, .tail = UINT8_MAX},
};

static const struct layout *find_layout(uint16_t type)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (layouts[i].type == type)
            return &layouts[i];
    return NULL;
}

static void copy(struct reader *r, struct writer *w, size_t len)
{
    const uint8_t *from = read_span(r, len);
    if (from)
        write_bytes(w, from, len);
}

static void copy_name(struct reader *r, struct writer *w)
{
    uint8_t name[NAME_OCTETS];
    write_bytes(w, name, name_expand(r, name));
}

bool rr_expand(const struct records *records, const struct rr *rr, struct writer *w)
{
    struct reader r = rr_rdata(records, rr);
    const struct layout *layout = find_layout(rr->type);
    if (layout == NULL) {
        copy(&r, w, rr->rdata_len);
        return !w->bad;
    }
    copy(&r, w, layout->octets);
    for (unsigned i = 0; i < layout->strings; i++)
        copy(&r, w, r.bad || reader_left(&r) == 0 ? 1 : *r.at + 1u);
    for (unsigned i = 0; i < layout->names; i++)
        copy_name(&r, w);
    copy(&r, w, layout->tail == UINT8_MAX ? reader_left(&r) : layout->tail);
    return !r.bad && !w->bad && reader_left(&r) == 0;
}

void query_write(struct writer *w, const struct query_spec *spec)
{
    write_u16(w, spec->id);
    write_u16(w, spec->flags);
    write_u16(w, 1);
    write_u32(w, 0);
    write_u16(w, spec->udp_size != 0);
    write_bytes(w, spec->name, name_len(spec->name));
    write_u16(w, spec->type);
    write_u16(w, spec->class);
    if (spec->udp_size == 0)
        return;
    write_u8(w, 0);
    write_u16(w, TYPE_OPT);
    write_u16(w, spec->udp_size);
    write_u32(w, spec->dnssec_ok ? EDNS_DO : 0);
    write_u16(w, 0);
}
