/* Answers that do not depend on the client: every type at every name, the CNAME chains, referrals, and what is said of what is missing. */
#include "base/memory.h"
#include "snapshot/build.h"

#include <stdlib.h>

enum { HINFO_TTL_S = 3600, TYPE_HINFO = 13, SOA_MINIMUM_AT_END = 4 };

static uint32_t add_body(struct builder *b, const struct body *body)
{
    struct world *world = b->world;
    world->bodies = mem_grow(world->bodies, &world->body_room, world->body_count + 1, sizeof *world->bodies);
    world->bodies[world->body_count] = body;
    return (uint32_t)world->body_count++;
}

static struct slot *add_slot(struct builder *b, uint16_t type, enum slot_kind kind)
{
    struct world *world = b->world;
    world->slots = mem_grow(world->slots, &world->slot_room, world->slot_count + 1, sizeof *world->slots);
    struct slot *slot = &world->slots[world->slot_count++];
    *slot = (struct slot){.type = type, .kind = (uint8_t)kind};
    return slot;
}

void build_add_body_slot(struct builder *b, uint16_t type, uint32_t body)
{
    add_slot(b, type, SLOT_BODY)->body = b->world->bodies[body];
}

void build_add_slot(struct builder *b, uint16_t type, enum slot_kind kind, uint32_t index)
{
    add_slot(b, type, kind)->index = index;
}

uint32_t build_steered(const struct builder *b, uint32_t name, uint16_t type)
{
    uint32_t set = b->steered_of[name];
    while (set != NONE && b->world->steered[set].type != type)
        set = b->steered_next[set];
    return set;
}

uint32_t build_finish_body(struct builder *b, uint16_t flags, uint8_t bits)
{
    if (!body_fits(b->maker))
        return NONE;
    return add_body(b, body_finish(b->maker, &b->world->arena, flags, bits));
}

void build_write_record(struct writer *w, uint16_t type, uint32_t ttl_s, const struct rdata *rdata)
{
    write_u16(w, type);
    write_u16(w, CLASS_IN);
    write_u32(w, ttl_s);
    write_u16(w, rdata->len);
    write_bytes(w, rdata->octets, rdata->len);
}

bool build_too_large(struct builder *b, uint32_t name, uint16_t type)
{
    char text[NAME_TEXT];
    const struct name *n = &b->world->names[name];
    return report_error(b->report, b->world->zones[n->zone]->file,
                        "%s TYPE%u: the answer would be longer than a DNS message (65535 octets)", name_to_text(n->octets, text), type);
}

/* The name that a record's RDATA points at and whose addresses belong into the additional section (RFC 1035 3.3, 2782), or NULL. */
static const uint8_t *rdata_target(uint16_t type, const struct rdata *rdata)
{
    switch (type) {
    case TYPE_NS: return rdata->octets;
    case TYPE_MX: return rdata->octets + 2;
    case TYPE_SRV: return rdata->octets + 6;
    default: return NULL;
    }
}

size_t build_lower(const uint8_t *name, uint8_t out[NAME_OCTETS])
{
    struct reader r = reader_over(name, name_len(name));
    return name_read(&r, out);
}

/* Adds the addresses of one target, once. below: only targets at or below this name (in-domain glue), NULL for any. */
static void add_addresses(struct builder *b, const uint8_t *target, uint32_t *done, unsigned *done_count, unsigned done_max)
{
    static const uint16_t types[] = {TYPE_A, TYPE_AAAA};
    uint8_t name[NAME_OCTETS];
    const size_t len = build_lower(target, name);
    const uint32_t found = build_find(b, name, len);
    if (found == NONE || *done_count == done_max)
        return;
    for (unsigned i = 0; i < *done_count; i++)
        if (done[i] == found)
            return;
    done[(*done_count)++] = found;
    for (unsigned t = 0; t < 2; t++) {
        const struct rrset *set = zone_rrset(b->nodes[found], types[t]);
        if (set && build_steered(b, found, types[t]) == NONE) /* steered addresses depend on the client */
            body_add(b->maker, SECTION_ADDITIONAL, target, set, set->ttl_s);
    }
}

void build_add_additional(struct builder *b, const struct rrset *set)
{
    uint32_t done[64];
    unsigned count = 0;
    for (unsigned i = 0; i < set->count; i++) {
        const uint8_t *target = rdata_target(set->type, &set->rdatas[i]);
        if (target)
            add_addresses(b, target, done, &count, sizeof done / sizeof *done);
    }
}

/* An additional section that does not fit the largest message is left out rather than the answer. */
static uint32_t positive_body(struct builder *b, uint32_t index, const struct rrset *set)
{
    const struct name *name = &b->world->names[index];
    for (int with_additional = 1; with_additional >= 0; with_additional--) {
        body_begin(b->maker, name->octets, name->len, !build_is_wildcard(name));
        body_add(b->maker, SECTION_ANSWER, NULL, set, set->ttl_s);
        if (with_additional)
            build_add_additional(b, set);
        const uint32_t body = build_finish_body(b, FLAG_AA, 0);
        if (body != NONE)
            return body;
    }
    build_too_large(b, index, set->type);
    return NONE;
}

/* RFC 2308 3: the SOA's TTL in a negative answer is the smaller of its own and its MINIMUM. */
void build_add_soa(struct builder *b, uint32_t zone)
{
    const struct zone *of = b->world->zones[zone];
    const struct rrset *soa = zone_rrset(&of->nodes[0], TYPE_SOA);
    const struct rdata *rdata = &soa->rdatas[0];
    const uint8_t *end = rdata->octets + rdata->len - SOA_MINIMUM_AT_END;
    const uint32_t minimum = (uint32_t)get_u16(end) << 16 | get_u16(end + 2);
    body_add(b->maker, SECTION_AUTHORITY, of->apex, soa, minimum < soa->ttl_s ? minimum : soa->ttl_s);
}

static void build_negatives(struct builder *b)
{
    struct world *world = b->world;
    for (uint32_t z = 0; z < world->config->zone_count; z++) {
        struct zone_answers *answers = &world->zone_answers[z];
        body_begin(b->maker, answers->apex, answers->apex_len, true);
        build_add_soa(b, z);
        answers->nodata = build_finish_body(b, FLAG_AA | RCODE_NOERROR, 0);
        body_begin(b->maker, answers->apex, answers->apex_len, true);
        build_add_soa(b, z);
        answers->nxdomain = build_finish_body(b, FLAG_AA | RCODE_NXDOMAIN, 0);
    }
}

/* RFC 8482 4.2: ANY is answered with a HINFO record that names the RFC. */
static void build_any(struct builder *b)
{
    static const uint8_t octets[] = "\x07RFC8482";
    static const struct rdata rdata = {.octets = octets, .len = sizeof octets}; /* the literal's NUL is the empty second text */
    static const struct rrset set = {.type = TYPE_HINFO, .count = 1, .ttl_s = HINFO_TTL_S, .rdatas = &rdata};
    static const uint8_t root[] = {0};
    body_begin(b->maker, root, 1, false);
    body_add(b->maker, SECTION_ANSWER, NULL, &set, set.ttl_s);
    b->world->any = body_finish(b->maker, &b->world->arena, FLAG_AA, 0);
}

void build_add_referral(struct builder *b, uint32_t cut)
{
    const struct rrset *ns = zone_rrset(b->nodes[cut], TYPE_NS);
    body_add(b->maker, SECTION_AUTHORITY, b->world->names[cut].octets, ns, ns->ttl_s);
    build_add_additional(b, ns);
}

static bool has_glue_below(const struct builder *b, uint32_t cut)
{
    const struct rrset *ns = zone_rrset(b->nodes[cut], TYPE_NS);
    const struct name *name = &b->world->names[cut];
    uint8_t target[NAME_OCTETS];
    for (unsigned i = 0; i < ns->count; i++) {
        const size_t len = build_lower(ns->rdatas[i].octets, target);
        if (name_below(target, len, name->octets, name->len, NULL) && build_find(b, target, len) != NONE)
            return true;
    }
    return false;
}

static bool build_referral(struct builder *b, uint32_t cut)
{
    struct name *name = &b->world->names[cut];
    body_begin(b->maker, name->octets, name->len, true);
    build_add_referral(b, cut);
    name->referral = build_finish_body(b, 0, has_glue_below(b, cut) ? BODY_GLUE_NEEDED : 0);
    return name->referral != NONE || build_too_large(b, cut, TYPE_NS);
}

static bool add_type(struct builder *b, uint32_t index, const struct rrset *set)
{
    const uint32_t steered = build_steered(b, index, set->type);
    const uint32_t body = steered == NONE ? positive_body(b, index, set) : NONE;
    if (steered != NONE)
        build_add_slot(b, set->type, SLOT_STEERED, steered);
    else if (body != NONE)
        build_add_body_slot(b, set->type, body);
    return steered != NONE || body != NONE;
}

/* DNAME would need names made at the time of the query; better to say so than to deny what it promises (RFC 6672). */
static bool refuse_dname(struct builder *b, uint32_t index)
{
    char text[NAME_TEXT];
    const struct name *name = &b->world->names[index];
    return zone_rrset(b->nodes[index], TYPE_DNAME) == NULL ||
           report_error(b->report, b->world->zones[name->zone]->file,
                        "%s DNAME: not answered by this server; write a CNAME for each name below it", name_to_text(name->octets, text));
}

static bool add_types(struct builder *b, uint32_t index)
{
    const struct zone_node *node = b->nodes[index];
    const bool apex = b->world->names[index].len == b->world->zone_answers[b->world->names[index].zone].apex_len;
    for (unsigned i = 0; i < node->rrset_count; i++)
        if (!(apex && node->rrsets[i].type == TYPE_DS) && !add_type(b, index, &node->rrsets[i]))
            return false;
    return true;
}

/* At a cut the DS is the parent's to answer, with authority; its absence too (RFC 4035 3.1.4.1). */
static bool add_parent_ds(struct builder *b, uint32_t index)
{
    const struct zone_node *at_parent = b->parent_nodes[index];
    if (at_parent == NULL)
        return true;
    const struct rrset *ds = zone_rrset(at_parent, TYPE_DS);
    const uint32_t body = ds ? positive_body(b, index, ds) : b->world->zone_answers[b->parent_zones[index]].nodata;
    if (body != NONE)
        build_add_body_slot(b, TYPE_DS, body);
    return body != NONE;
}

static bool build_name(struct builder *b, uint32_t index)
{
    struct name *name = &b->world->names[index];
    name->first_slot = (uint32_t)b->world->slot_count;
    name->other = b->world->zone_answers[name->zone].nodata;
    bool good = true;
    if (name->cut != NONE && name->cut != index)
        return true; /* below a delegation: only its glue is ever used */
    if (name->cut == index) {
        const struct rrset *ds = zone_rrset(b->nodes[index], TYPE_DS);
        good = build_referral(b, index) && (ds == NULL || add_type(b, index, ds));
    } else if (zone_rrset(b->nodes[index], TYPE_CNAME)) {
        good = build_chain(b, index);
    } else {
        good = refuse_dname(b, index) && add_types(b, index) && add_parent_ds(b, index);
    }
    b->world->names[index].slot_count = (uint16_t)(b->world->slot_count - b->world->names[index].first_slot);
    return good;
}

bool build_static(struct builder *b)
{
    bool good = true;
    build_negatives(b);
    build_any(b);
    for (uint32_t i = 0; i < b->world->name_count; i++)
        good = build_name(b, i) && good;
    return good;
}
