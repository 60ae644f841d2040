/* CNAME chains inside a zone (RFC 1034 3.6.2, 4.3.2), through DNAMEs too (RFC 6672), followed once, at load. */
#include "base/memory.h"
#include "snapshot/build.h"

enum { CHAIN_MAX = 16 /* as far as resolvers follow; a loop ends here too */ };

/* One step: a CNAME at its owner, or a DNAME above it and then the CNAME that is made of it. */
struct step {
    const uint8_t *owner;
    const struct rrset *set;
    uint8_t encloser_len; /* the owner is there by a wildcard below this name; 0: by itself */
};

struct chain {
    struct step steps[CHAIN_MAX];
    unsigned length;
    bool from_wildcard;
    uint32_t end;                /* the name it leads to (a delegation, if it leads below one); NONE: out of the zone, missing, or a loop */
    uint32_t encloser;           /* it leads to a name of this zone that does not exist: the closest name that does; else NONE */
    uint8_t encloser_len;        /* the end is there by a wildcard below this name; 0: by itself */
    uint8_t target[NAME_OCTETS]; /* of the last CNAME, lower case */
    size_t target_len;
};

/* A wildcard's first owner is whatever was asked, so it repeats nothing yet. */
static bool is_repeated(const struct chain *chain)
{
    for (unsigned i = chain->from_wildcard; i < chain->length; i++) {
        const struct step *step = &chain->steps[i];
        if (step->set->type == TYPE_CNAME && name_len(step->owner) == chain->target_len &&
            memcmp(step->owner, chain->target, chain->target_len) == 0)
            return true;
    }
    return false;
}

static void add_step(struct chain *chain, const uint8_t *owner, const struct rrset *set)
{
    chain->steps[chain->length++] = (struct step){owner, set, chain->encloser_len};
    chain->encloser_len = 0;
}

/* The CNAME that a DNAME makes of a name below its owner (RFC 6672 2.2, 3.1); NULL when it would be too long. */
static const struct rrset *make_cname(struct builder *b, const struct chain *chain, const struct name *owner, const struct rrset *dname)
{
    struct arena *arena = &b->world->arena;
    const struct rdata *to = &dname->rdatas[0];
    const size_t before = chain->target_len - owner->len;
    if (before + to->len > NAME_OCTETS)
        return NULL;
    uint8_t *octets = arena_new(arena, before + to->len);
    memcpy(octets, chain->target, before);
    memcpy(octets + before, to->octets, to->len);
    struct rdata *rdata = arena_new(arena, sizeof *rdata);
    *rdata = (struct rdata){.octets = octets, .len = (uint16_t)(before + to->len)};
    struct rrset *set = arena_new(arena, sizeof *set);
    *set = (struct rrset){.type = TYPE_CNAME, .count = 1, .ttl_s = dname->ttl_s, .rdatas = rdata};
    return set;
}

static void take_target(struct chain *chain, const struct rrset *cname)
{
    chain->target_len = build_lower(cname->rdatas[0].octets, chain->target);
}

/* The target lies below a DNAME: two steps. False ends the chain. */
static bool rename_target(struct builder *b, struct chain *chain, const struct name *owner, const struct rrset *dname)
{
    const struct rrset *cname = chain->length + 2 <= CHAIN_MAX ? make_cname(b, chain, owner, dname) : NULL;
    if (cname == NULL)
        return false;
    add_step(chain, owner->octets, dname);
    add_step(chain, arena_copy(&b->world->arena, chain->target, chain->target_len), cname);
    take_target(chain, cname);
    return true;
}

/* Where the target is: sets end, or encloser, or neither. */
static void find_target(struct builder *b, uint32_t zone, struct chain *chain)
{
    const struct zone_answers *answers = &b->world->zone_answers[zone];
    chain->end = NONE;
    while (name_below(chain->target, chain->target_len, answers->apex, answers->apex_len, NULL) && !is_repeated(chain)) {
        const struct found found = world_find(b->world, chain->target, chain->target_len);
        if (found.name->zone != zone)
            return; /* a zone of its own, though ours too */
        const uint32_t index = (uint32_t)(found.name - b->world->names);
        if (found.kind != FOUND_MISSING) {
            chain->end = index;
            chain->encloser_len = found.kind == FOUND_WILDCARD ? (uint8_t)(found.name->len - 2) : 0;
            return;
        }
        const struct rrset *dname = zone_rrset(b->nodes[index], TYPE_DNAME);
        if (dname == NULL)
            chain->encloser = index;
        if (dname == NULL || !rename_target(b, chain, found.name, dname))
            return;
    }
}

static void follow(struct builder *b, uint32_t start, struct chain *ret_chain)
{
    struct chain *chain = ret_chain;
    *chain = (struct chain){.from_wildcard = build_is_wildcard(&b->world->names[start]), .end = start, .encloser = NONE};
    while (chain->end != NONE && b->world->names[chain->end].cut == NONE) {
        const struct rrset *cname = zone_rrset(b->nodes[chain->end], TYPE_CNAME);
        if (cname == NULL)
            return;
        if (chain->length == CHAIN_MAX) {
            chain->end = NONE;
            return;
        }
        add_step(chain, chain->length ? arena_copy(&b->world->arena, chain->target, chain->target_len) : b->world->names[start].octets,
                 cname);
        take_target(chain, cname);
        find_target(b, b->world->names[start].zone, chain);
    }
}

/* A chain, the name it begins at, and what is put behind it. */
struct chained {
    uint32_t index;
    const struct chain *chain;
    const struct rrset *set;
};

static void write_chain(struct builder *b, const void *what)
{
    const struct chained *chained = what;
    const struct name *name = &b->world->names[chained->index];
    body_begin(b->maker, name->octets, name->len, !build_is_wildcard(name));
    for (unsigned i = 0; i < chained->chain->length; i++) {
        const struct step *step = &chained->chain->steps[i];
        body_add(b->maker, SECTION_ANSWER, i ? step->owner : NULL, step->set, step->set->ttl_s);
    }
}

/* What a wildcard stands for, for each name on the way that is there by one; the first name's is appended at the time of the query. */
static void add_expansions(struct builder *b, const struct chained *chained, struct proof_list *proofs)
{
    const struct chain *chain = chained->chain;
    const uint32_t zone = b->world->names[chained->index].zone;
    for (unsigned i = 1; i < chain->length; i++)
        if (chain->steps[i].encloser_len)
            build_add_expansion_proof(b, proofs, zone, chain->steps[i].owner, name_len(chain->steps[i].owner),
                                      chain->steps[i].encloser_len);
    if (chain->encloser_len)
        build_add_expansion_proof(b, proofs, zone, chain->target, chain->target_len, chain->encloser_len);
}

/* The end exists and lacks the type. */
static void add_nodata_proofs(struct builder *b, const struct chain *chain, struct proof_list *proofs)
{
    const struct name *end = &b->world->names[chain->end];
    build_add_proof(b, proofs, build_nodata_proof(b, end->zone, end->octets, end->len));
    if (chain->encloser_len && b->world->zone_answers[end->zone].proofs.kind == DENIAL_NSEC3)
        build_add_proof(b, proofs, build_nodata_proof(b, end->zone, end->octets + 2, end->len - 2u));
}

/* What a type gets that the end of the chain lacks: RFC 6604 3 says which rcode, RFC 2308 2 the SOA. */
static void write_other(struct builder *b, const void *what)
{
    const struct chained *chained = what;
    const struct chain *chain = chained->chain;
    struct proof_list proofs = {.count = 0};
    write_chain(b, what);
    if (chain->end != NONE && b->world->names[chain->end].cut == chain->end) {
        add_expansions(b, chained, &proofs);
        build_add_referral(b, chain->end, &proofs);
        return;
    }
    if (chain->end != NONE || chain->encloser != NONE)
        build_add_soa(b, b->world->names[chained->index].zone);
    add_expansions(b, chained, &proofs);
    if (chain->end != NONE)
        add_nodata_proofs(b, chain, &proofs);
    else if (chain->encloser != NONE)
        build_add_missing_proofs(b, &proofs, chain->encloser, chain->target, chain->target_len);
}

static bool add_other(struct builder *b, uint32_t index, const struct chain *chain)
{
    const struct chained chained = {index, chain, NULL};
    const bool referral = chain->end != NONE && b->world->names[chain->end].cut == chain->end;
    const uint16_t rcode = chain->encloser != NONE ? RCODE_NXDOMAIN : RCODE_NOERROR;
    const uint32_t bodies =
        build_bodies(b, b->world->names[index].zone, write_other, &chained, FLAG_AA | rcode, referral ? BODY_GLUE_NEEDED : 0);
    b->world->names[index].other = bodies;
    return bodies != NONE || build_too_large(b, index, TYPE_CNAME);
}

/* Each by itself, for what else is proven at the time of the query may be the same. */
static void list_expansions(struct builder *b, const struct chained *chained, struct alias *alias)
{
    const struct zone_answers *answers = &b->world->zone_answers[b->world->names[chained->index].zone];
    struct proof_list proofs = {.count = 0};
    b->maker->secure = true;
    body_begin(b->maker, answers->apex, answers->apex_len, true);
    add_expansions(b, chained, &proofs);
    alias->proof_count = proofs.count;
    alias->proofs = arena_copy(&b->world->arena, b->maker->proofs, proofs.count * sizeof *alias->proofs);
}

/* Where the name is that the last CNAME leads to: in its RDATA, or where that points. */
static size_t target_offset(const struct builder *b)
{
    size_t target = b->maker->rdata_at;
    while (b->maker->message[target] >= POINTER >> 8)
        target = get_u16(b->maker->message + target) & POINTER_MASK;
    return target;
}

/* False: further than owner pointers reach. */
static bool find_targets(struct builder *b, const struct chained *chained, uint16_t ret_targets[2])
{
    const bool is_signed = build_is_signed(b, b->world->names[chained->index].zone);
    for (unsigned secure = 0; secure < 2; secure++) {
        b->maker->secure = secure && is_signed;
        write_chain(b, chained);
        if (!body_fits(b->maker))
            return false;
        const size_t target = target_offset(b);
        if (target > POINTER_MASK - NAME_OCTETS)
            return false;
        ret_targets[secure] = (uint16_t)target;
    }
    return true;
}

static bool add_steered(struct builder *b, uint32_t index, const struct chain *chain, uint32_t steered)
{
    struct world *world = b->world;
    const struct chained chained = {index, chain, NULL};
    const uint32_t zone = world->names[index].zone;
    struct alias alias = {.steered = steered};
    const bool reached = find_targets(b, &chained, alias.targets);
    const uint32_t bodies = build_bodies(b, zone, write_chain, &chained, FLAG_AA, 0);
    if (bodies == NONE)
        return build_too_large(b, index, world->steered[steered].type);
    if (!reached) { /* the chain alone: resolvers go on by themselves */
        build_add_body_slot(b, world->steered[steered].type, bodies);
        return true;
    }
    alias.chain = world->bodies[bodies];
    list_expansions(b, &chained, &alias);
    world->aliases = mem_grow(world->aliases, &world->alias_room, world->alias_count + 1, sizeof *world->aliases);
    world->aliases[world->alias_count] = alias;
    build_add_slot(b, world->steered[steered].type, SLOT_ALIAS, (uint32_t)world->alias_count++);
    return true;
}

static void write_end(struct builder *b, const void *what)
{
    const struct chained *chained = what;
    struct proof_list proofs = {.count = 0};
    write_chain(b, what);
    body_add(b->maker, SECTION_ANSWER, chained->chain->target, chained->set, chained->set->ttl_s);
    add_expansions(b, chained, &proofs);
    build_add_additional(b, chained->set);
}

static bool add_static(struct builder *b, uint32_t index, const struct chain *chain, const struct rrset *set)
{
    const struct chained chained = {index, chain, set};
    const uint32_t bodies = build_bodies(b, b->world->names[index].zone, write_end, &chained, FLAG_AA, 0);
    if (bodies == NONE)
        return build_too_large(b, index, set->type);
    build_add_body_slot(b, set->type, bodies);
    return true;
}

static void write_no_ds(struct builder *b, const void *what)
{
    const struct chained *chained = what;
    struct proof_list proofs = {.count = 0};
    write_chain(b, what);
    build_add_soa(b, b->world->names[chained->index].zone);
    add_expansions(b, chained, &proofs);
    add_nodata_proofs(b, chained->chain, &proofs);
}

/* The chain leads to a delegation without DS: that is the parent's answer (RFC 4035 3.1.4.1), no referral. */
static bool add_no_ds(struct builder *b, uint32_t index, const struct chain *chain)
{
    const struct chained chained = {index, chain, NULL};
    const uint32_t bodies = build_bodies(b, b->world->names[index].zone, write_no_ds, &chained, FLAG_AA, 0);
    if (bodies == NONE)
        return build_too_large(b, index, TYPE_DS);
    build_add_body_slot(b, TYPE_DS, bodies);
    return true;
}

/* The types at the chain's end, each behind the whole chain. */
static bool add_end(struct builder *b, uint32_t index, const struct chain *chain)
{
    if (chain->end == NONE)
        return true;
    const struct zone_node *end = b->nodes[chain->end];
    const struct rrset *ds = zone_rrset(end, TYPE_DS);
    bool good = true;
    if (b->world->names[chain->end].cut != NONE) /* below it nothing is ours; of the cut itself the DS is */
        return name_len(chain->target) != end->name_len || (ds ? add_static(b, index, chain, ds) : add_no_ds(b, index, chain));
    for (unsigned i = 0; i < end->rrset_count; i++) {
        const struct rrset *set = &end->rrsets[i];
        const uint32_t steered = build_steered(b, chain->end, set->type);
        if (set->type == TYPE_NSEC) /* the alias has its own */
            continue;
        if (steered != NONE)
            good = add_steered(b, index, chain, steered) && good;
        else
            good = add_static(b, index, chain, set) && good;
    }
    return good;
}

/* The types that stand at the alias itself: its CNAME, and in a signed zone what proves it (RFC 4035 2.5). */
static bool add_own(struct builder *b, uint32_t index)
{
    const struct zone_node *node = b->nodes[index];
    for (unsigned i = 0; i < node->rrset_count; i++) {
        const struct chain own = {.steps = {{NULL, &node->rrsets[i], 0}}, .length = 1, .end = NONE, .encloser = NONE};
        const struct chained chained = {index, &own, NULL};
        const uint32_t bodies = build_bodies(b, b->world->names[index].zone, write_chain, &chained, FLAG_AA, 0);
        if (bodies == NONE)
            return build_too_large(b, index, node->rrsets[i].type);
        build_add_body_slot(b, node->rrsets[i].type, bodies);
    }
    return build_add_signatures(b, index);
}

/* A wildcard's chain may come back to the wildcard. Who asks for just that name has its record already: the chain would have it twice. */
static void note_return(struct builder *b, uint32_t index, const struct chain *chain)
{
    struct world *world = b->world;
    for (unsigned i = 1; chain->from_wildcard && i < chain->length; i++) {
        if (chain->steps[i].set != chain->steps[0].set)
            continue;
        world->returns = mem_grow(world->returns, &world->return_room, world->return_count + 1, sizeof *world->returns);
        world->names[index].returns = (uint32_t)world->return_count;
        world->returns[world->return_count++] = chain->steps[i].owner;
        return;
    }
}

bool build_chain(struct builder *b, uint32_t index)
{
    struct chain chain;
    follow(b, index, &chain);
    note_return(b, index, &chain);
    return add_own(b, index) && add_other(b, index, &chain) && add_end(b, index, &chain);
}
