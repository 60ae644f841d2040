#include "snapshot/body.h"

#include "base/invariant.h"

enum { SOA_NUMBERS = 20 };

void body_begin(struct body_maker *maker, const uint8_t *base, size_t base_len, bool whole)
{
    compress_begin(&maker->c, maker->message, sizeof maker->message, base, base_len, whole);
    memset(maker->counts, 0, sizeof maker->counts);
    maker->start = writer_len(&maker->c.w);
    maker->section_end[0] = maker->section_end[1] = maker->section_end[2] = maker->start;
    maker->base_len = (uint8_t)base_len;
    maker->owner_count = maker->proof_count = 0;
    maker->whole = whole;
}

/* Only the types of RFC 1035 may have names compressed in their RDATA (RFC 3597 4). */
static void add_rdata(struct compressor *c, uint16_t type, const struct rdata *rdata)
{
    const uint8_t *at = rdata->octets;
    switch (type) {
    case TYPE_MX:
        write_bytes(&c->w, at, 2);
        at += 2;
        compress_name(c, at);
        return;
    case TYPE_NS:
    case TYPE_CNAME:
    case TYPE_PTR: compress_name(c, at); return;
    case TYPE_SOA:
        compress_name(c, at);
        at += name_len(at);
        compress_name(c, at);
        at += name_len(at);
        write_bytes(&c->w, at, SOA_NUMBERS);
        return;
    default: write_bytes(&c->w, at, rdata->len);
    }
}

static void add_record(struct body_maker *maker, const uint8_t *owner, uint16_t type, uint32_t ttl_s, const struct rdata *rdata)
{
    struct compressor *c = &maker->c;
    if (owner) {
        compress_name(c, owner);
    } else {
        if (!c->w.bad)
            maker->owners[maker->owner_count++] = (uint16_t)(writer_len(&c->w) - maker->start);
        write_u16(&c->w, OWNER_IS_QUESTION);
    }
    write_u16(&c->w, type);
    write_u16(&c->w, CLASS_IN);
    write_u32(&c->w, ttl_s);
    uint8_t *len = write_span(&c->w, 2);
    const size_t at = writer_len(&c->w);
    add_rdata(c, type, rdata);
    if (type != TYPE_RRSIG)
        maker->rdata_at = at;
    if (len && !c->w.bad)
        put_u16(len, (uint16_t)(writer_len(&c->w) - at));
}

void body_add(struct body_maker *maker, enum section section, const uint8_t *owner, const struct rrset *set, uint32_t ttl_s)
{
    const unsigned count = set->count + (maker->secure ? set->rrsig_count : 0u);
    for (unsigned i = 0; i < count; i++) {
        const bool data = i < set->count;
        add_record(maker, owner, data ? set->type : TYPE_RRSIG, ttl_s, data ? &set->rdatas[i] : &set->rrsigs[i - set->count]);
        if (maker->c.w.bad)
            return;
        maker->counts[section]++;
    }
    for (unsigned i = 1; section == SECTION_ADDITIONAL && i <= count; i++)
        maker->ends[maker->counts[section] - i] = (uint16_t)(writer_len(&maker->c.w) - maker->start);
    for (unsigned s = section; s <= SECTION_ADDITIONAL; s++)
        maker->section_end[s] = writer_len(&maker->c.w);
}

bool body_fits(const struct body_maker *maker)
{
    return !maker->c.w.bad;
}

const struct body *body_finish(struct body_maker *maker, struct arena *arena, uint16_t flags, uint8_t bits)
{
    invariant(body_fits(maker));
    const size_t len = maker->section_end[SECTION_ADDITIONAL] - maker->start;
    struct body *body = arena_new(arena, sizeof *body + len);
    uint16_t *pointers = arena_new(arena, maker->c.pointer_count * sizeof *pointers);
    uint16_t *owners = arena_new(arena, maker->owner_count * sizeof *owners);
    memcpy(owners, maker->owners, maker->owner_count * sizeof *owners);
    for (unsigned i = 0; i < maker->c.pointer_count; i++)
        pointers[i] = (uint16_t)(maker->c.pointers[i] - maker->start);
    *body = (struct body){
        .flags = flags,
        .len = (uint16_t)len,
        .authority_len = (uint16_t)(maker->section_end[SECTION_AUTHORITY] - maker->start),
        .pointer_count = (uint16_t)maker->c.pointer_count,
        .pointers = pointers,
        .owner_count = (uint16_t)maker->owner_count,
        .owners = owners,
        .proof_count = (uint16_t)maker->proof_count,
        .proofs = arena_copy(arena, maker->proofs, maker->proof_count * sizeof *maker->proofs),
        .base_len = maker->base_len,
        .bits = bits,
    };
    memcpy(body->octets, maker->message + maker->start, len);
    memcpy(body->counts, maker->counts, sizeof body->counts);
    const size_t ends_len = body->counts[SECTION_ADDITIONAL] * sizeof *body->ends;
    body->ends = memcpy(arena_new(arena, ends_len), maker->ends, ends_len);
    return body;
}
