/* Answers that do not depend on the client: every type at every name, the CNAME chains, referrals, and what is said of what is missing. */
#include "base/memory.h"
#include "snapshot/build.h"

#include <stdlib.h>

enum { HINFO_TTL_S = 3600, TYPE_HINFO = 13, SOA_MINIMUM_AT_END = 4 };

uint32_t build_add_bodies(struct builder *b, struct body_pair bodies)
{
    struct world *world = b->world;
    world->bodies = mem_grow(world->bodies, &world->body_room, world->body_count + 1, sizeof *world->bodies);
    world->bodies[world->body_count] = bodies;
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

void build_add_body_slot(struct builder *b, uint16_t type, uint32_t bodies)
{
    add_slot(b, type, SLOT_BODY)->body = b->world->bodies[bodies];
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

uint32_t build_bodies(struct builder *b, uint32_t zone, write_fn write, const void *what, uint16_t flags, uint8_t bits)
{
    struct body_pair pair;
    for (unsigned secure = 0; secure < 2; secure++) {
        if (secure && !build_is_signed(b, zone)) {
            pair.of[1] = pair.of[0];
            break;
        }
        b->maker->secure = secure;
        write(b, what);
        if (!body_fits(b->maker))
            return NONE;
        pair.of[secure] = body_finish(b->maker, &b->world->arena, flags, bits);
    }
    return build_add_bodies(b, pair);
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

/* Behind the answer of a wildcard in a signed zone comes, at the time of the query, its proof: nothing additional may stand before that. */
void build_add_additional(struct builder *b, const struct rrset *set)
{
    if (b->maker->secure && !b->maker->whole)
        return;
    uint32_t done[64];
    unsigned count = 0;
    for (unsigned i = 0; i < set->count; i++) {
        const uint8_t *target = rdata_target(set->type, &set->rdatas[i]);
        if (target)
            add_addresses(b, target, done, &count, sizeof done / sizeof *done);
    }
}

struct positive {
    uint32_t index;
    const struct rrset *set;
    bool with_additional;
};

static void write_positive(struct builder *b, const void *what)
{
    const struct positive *positive = what;
    const struct name *name = &b->world->names[positive->index];
    body_begin(b->maker, name->octets, name->len, !build_is_wildcard(name));
    body_add(b->maker, SECTION_ANSWER, NULL, positive->set, positive->set->ttl_s);
    if (positive->with_additional)
        build_add_additional(b, positive->set);
}

/* An additional section that does not fit the largest message is left out rather than the answer. */
static uint32_t positive_bodies(struct builder *b, uint32_t index, uint32_t zone, const struct rrset *set)
{
    for (int with_additional = 1; with_additional >= 0; with_additional--) {
        const struct positive positive = {index, set, with_additional};
        const uint32_t bodies = build_bodies(b, zone, write_positive, &positive, FLAG_AA, 0);
        if (bodies != NONE)
            return bodies;
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

static void write_soa(struct builder *b, const void *what)
{
    const uint32_t zone = *(const uint32_t *)what;
    const struct zone_answers *answers = &b->world->zone_answers[zone];
    body_begin(b->maker, answers->apex, answers->apex_len, true);
    b->maker->c.question_only = true;
    build_add_soa(b, zone);
}

/* Of a zone whose data have not come nothing can be told, not even what it lacks. */
static void write_nothing(struct builder *b, const void *what)
{
    const struct zone_answers *answers = what;
    body_begin(b->maker, answers->apex, answers->apex_len, true);
}

static void build_negatives(struct builder *b)
{
    struct world *world = b->world;
    for (uint32_t z = 0; z < world->config->zone_count; z++) {
        struct zone_answers *answers = &world->zone_answers[z];
        if (world->zones[z]->absent) {
            answers->nodata = answers->nxdomain = build_bodies(b, z, write_nothing, answers, RCODE_SERVFAIL, 0);
            continue;
        }
        world->zone_answers[z].nodata = build_bodies(b, z, write_soa, &z, FLAG_AA | RCODE_NOERROR, 0);
        world->zone_answers[z].nxdomain = build_bodies(b, z, write_soa, &z, FLAG_AA | RCODE_NXDOMAIN, 0);
    }
}

/* RFC 8482 4.2: ANY is answered with a HINFO record that names the RFC. */
static void build_any(struct builder *b)
{
    static const uint8_t octets[] = "\x07RFC8482";
    static const struct rdata rdata = {.octets = octets, .len = sizeof octets}; /* the literal's NUL is the empty second text */
    static const struct rrset set = {.type = TYPE_HINFO, .count = 1, .ttl_s = HINFO_TTL_S, .rdatas = &rdata};
    static const uint8_t root[] = {0};
    b->maker->secure = false;
    body_begin(b->maker, root, 1, false);
    body_add(b->maker, SECTION_ANSWER, NULL, &set, set.ttl_s);
    b->world->any = body_finish(b->maker, &b->world->arena, FLAG_AA, 0);
}

void build_add_referral(struct builder *b, uint32_t cut, struct proof_list *proofs)
{
    const struct name *name = &b->world->names[cut];
    const struct rrset *ns = zone_rrset(b->nodes[cut], TYPE_NS), *ds = zone_rrset(b->nodes[cut], TYPE_DS);
    body_add(b->maker, SECTION_AUTHORITY, name->octets, ns, ns->ttl_s);
    if (b->maker->secure && ds) /* RFC 4035 3.1.4 */
        body_add(b->maker, SECTION_AUTHORITY, name->octets, ds, ds->ttl_s);
    else
        build_add_proof(b, proofs, build_nodata_proof(b, name->zone, name->octets, name->len));
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

static void write_referral(struct builder *b, const void *what)
{
    const uint32_t cut = *(const uint32_t *)what;
    struct proof_list proofs = {.count = 0};
    body_begin(b->maker, b->world->names[cut].octets, b->world->names[cut].len, true);
    build_add_referral(b, cut, &proofs);
}

static bool build_referral(struct builder *b, uint32_t cut)
{
    struct name *name = &b->world->names[cut];
    name->referral = build_bodies(b, name->zone, write_referral, &cut, 0, has_glue_below(b, cut) ? BODY_GLUE_NEEDED : 0);
    return name->referral != NONE || build_too_large(b, cut, TYPE_NS);
}

static bool add_type(struct builder *b, uint32_t index, const struct rrset *set)
{
    const uint32_t steered = build_steered(b, index, set->type);
    const uint32_t bodies = steered == NONE ? positive_bodies(b, index, b->world->names[index].zone, set) : NONE;
    if (steered != NONE)
        build_add_slot(b, set->type, SLOT_STEERED, steered);
    else if (bodies != NONE)
        build_add_body_slot(b, set->type, bodies);
    return steered != NONE || bodies != NONE;
}

static void write_signatures(struct builder *b, const void *what)
{
    const uint32_t index = *(const uint32_t *)what;
    const struct zone_node *node = b->nodes[index];
    body_begin(b->maker, b->world->names[index].octets, b->world->names[index].len, !build_is_wildcard(&b->world->names[index]));
    for (unsigned i = 0; i < node->rrset_count; i++) {
        const struct rrset *set = &node->rrsets[i];
        const struct rrset signatures = {.type = TYPE_RRSIG, .count = set->rrsig_count, .ttl_s = set->ttl_s, .rdatas = set->rrsigs};
        body_add(b->maker, SECTION_ANSWER, NULL, &signatures, set->ttl_s);
    }
}

/* Asked for by type: a question that only people have. Of steered sets it holds the signatures of the whole set. */
bool build_add_signatures(struct builder *b, uint32_t index)
{
    const uint32_t zone = b->world->names[index].zone;
    if (!build_is_signed(b, zone) || b->nodes[index]->rrset_count == 0)
        return true;
    const uint32_t bodies = build_bodies(b, zone, write_signatures, &index, FLAG_AA, 0);
    if (bodies != NONE)
        build_add_body_slot(b, TYPE_RRSIG, bodies);
    return bodies != NONE || build_too_large(b, index, TYPE_RRSIG);
}

static void write_dname(struct builder *b, const void *what)
{
    const struct name *name = &b->world->names[*(const uint32_t *)what];
    const struct rrset *set = zone_rrset(b->nodes[*(const uint32_t *)what], TYPE_DNAME);
    body_begin(b->maker, name->octets, name->len, true);
    body_add(b->maker, SECTION_ANSWER, name->octets, set, set->ttl_s);
}

/* What the names below a DNAME's owner are made of, when they are asked for. */
static bool add_dname(struct builder *b, uint32_t index, const struct rrset *set)
{
    struct world *world = b->world;
    const uint32_t bodies = build_bodies(b, world->names[index].zone, write_dname, &index, FLAG_AA, 0);
    if (bodies == NONE)
        return build_too_large(b, index, TYPE_DNAME);
    uint8_t target[NAME_OCTETS];
    const size_t len = build_lower(set->rdatas[0].octets, target);
    world->dnames = mem_grow(world->dnames, &world->dname_room, world->dname_count + 1, sizeof *world->dnames);
    world->names[index].dname = (uint32_t)world->dname_count;
    world->dnames[world->dname_count++] = (struct dname){
        .body = world->bodies[bodies], .target = arena_copy(&world->arena, target, len), .target_len = (uint8_t)len, .ttl_s = set->ttl_s};
    return true;
}

static bool add_types(struct builder *b, uint32_t index)
{
    const struct zone_node *node = b->nodes[index];
    const bool apex = b->world->names[index].len == b->world->zone_answers[b->world->names[index].zone].apex_len;
    const struct rrset *dname = zone_rrset(node, TYPE_DNAME);
    for (unsigned i = 0; i < node->rrset_count; i++)
        if (!(apex && node->rrsets[i].type == TYPE_DS) && !add_type(b, index, &node->rrsets[i]))
            return false;
    return build_add_signatures(b, index) && (dname == NULL || add_dname(b, index, dname));
}

struct parents_nodata {
    uint32_t name, zone;
};

static void write_parents_nodata(struct builder *b, const void *what)
{
    const struct parents_nodata *nodata = what;
    const struct name *name = &b->world->names[nodata->name];
    struct proof_list proofs = {.count = 0};
    write_soa(b, &nodata->zone);
    build_add_proof(b, &proofs, build_nodata_proof(b, nodata->zone, name->octets, name->len));
}

/* At a cut the DS is the parent's to answer, with authority; its absence too (RFC 4035 3.1.4.1). */
static bool add_parent_ds(struct builder *b, uint32_t index)
{
    const struct zone_node *at_parent = b->parent_nodes[index];
    if (at_parent == NULL)
        return true;
    const struct rrset *ds = zone_rrset(at_parent, TYPE_DS);
    const struct parents_nodata nodata = {index, b->parent_zones[index]};
    const uint32_t bodies = ds ? positive_bodies(b, index, nodata.zone, ds)
                               : build_bodies(b, nodata.zone, write_parents_nodata, &nodata, FLAG_AA | RCODE_NOERROR, 0);
    if (bodies != NONE)
        build_add_body_slot(b, TYPE_DS, bodies);
    return bodies != NONE;
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
        good = add_types(b, index) && add_parent_ds(b, index);
    }
    b->world->names[index].slot_count = (uint16_t)(b->world->slot_count - b->world->names[index].first_slot);
    return good;
}

bool build_static(struct builder *b)
{
    bool good = true;
    struct world *world = b->world;
    world->slots = mem_grow(world->slots, &world->slot_room, 1, sizeof *world->slots); /* where all zones are absent there is no slot */
    build_negatives(b);
    build_proofs(b);
    build_emptied(b);
    build_any(b);
    for (uint32_t i = 0; i < b->world->name_count; i++)
        good = build_name(b, i) && good;
    return good;
}
