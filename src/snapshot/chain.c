/* CNAME chains inside a zone (RFC 1034 3.6.2, 4.3.2), followed once, at load. */
#include "base/memory.h"
#include "snapshot/build.h"

enum { CHAIN_MAX = 16 /* as far as resolvers follow; a loop ends here too */ };

struct chain {
    const uint8_t *owners[CHAIN_MAX];
    const struct rrset *sets[CHAIN_MAX];
    unsigned length;
    uint32_t end;                /* the name it leads to (a delegation, if it leads below one); NONE: out of the zone, missing, or a loop */
    bool missing;                /* it leads to a name of this zone that does not exist */
    uint8_t target[NAME_OCTETS]; /* of the last CNAME, lower case */
    size_t target_len;
};

static bool is_repeated(const struct chain *chain)
{
    for (unsigned i = 0; i < chain->length; i++)
        if (name_len(chain->owners[i]) == chain->target_len && memcmp(chain->owners[i], chain->target, chain->target_len) == 0)
            return true;
    return false;
}

/* The next name of the chain: NONE ends it, with chain->missing saying whether the name does not exist. */
static uint32_t next_name(const struct builder *b, uint32_t zone, struct chain *chain)
{
    const struct zone_answers *answers = &b->world->zone_answers[zone];
    if (!name_below(chain->target, chain->target_len, answers->apex, answers->apex_len, NULL) || is_repeated(chain))
        return NONE;
    const struct found found = world_find(b->world, chain->target, chain->target_len);
    if (found.name->zone != zone)
        return NONE; /* a zone of its own, though ours too */
    chain->missing = found.kind == FOUND_MISSING;
    return chain->missing ? NONE : (uint32_t)(found.name - b->world->names);
}

static void follow(const struct builder *b, uint32_t start, struct chain *ret_chain)
{
    struct chain *chain = ret_chain;
    *chain = (struct chain){.end = start};
    while (chain->end != NONE && b->world->names[chain->end].cut == NONE) {
        const struct rrset *cname = zone_rrset(b->nodes[chain->end], TYPE_CNAME);
        if (cname == NULL)
            return;
        if (chain->length == CHAIN_MAX) {
            chain->end = NONE;
            return;
        }
        chain->owners[chain->length] =
            chain->length ? arena_copy(&b->world->arena, chain->target, chain->target_len) : b->world->names[start].octets;
        chain->sets[chain->length++] = cname;
        chain->target_len = build_lower(cname->rdatas[0].octets, chain->target);
        chain->end = next_name(b, b->world->names[start].zone, chain);
    }
}

static void begin(struct builder *b, uint32_t start, const struct chain *chain)
{
    const struct name *name = &b->world->names[start];
    body_begin(b->maker, name->octets, name->len, !build_is_wildcard(name));
    for (unsigned i = 0; i < chain->length; i++)
        body_add(b->maker, SECTION_ANSWER, i ? chain->owners[i] : NULL, chain->sets[i], chain->sets[i]->ttl_s);
}

/* What a type gets that the end of the chain lacks: RFC 6604 3 says which rcode, RFC 2308 2 the SOA. */
static bool add_other(struct builder *b, uint32_t index, const struct chain *chain)
{
    uint16_t flags = FLAG_AA;
    uint8_t bits = 0;
    begin(b, index, chain);
    if (chain->end != NONE && b->world->names[chain->end].cut == chain->end) {
        build_add_referral(b, chain->end);
        bits = BODY_GLUE_NEEDED;
    } else if (chain->end != NONE || chain->missing) {
        build_add_soa(b, b->world->names[index].zone);
        flags |= chain->missing ? RCODE_NXDOMAIN : RCODE_NOERROR;
    }
    const uint32_t body = build_finish_body(b, flags, bits);
    b->world->names[index].other = body;
    return body != NONE || build_too_large(b, index, TYPE_CNAME);
}

static bool add_steered(struct builder *b, uint32_t index, const struct chain *chain, uint32_t steered)
{
    struct world *world = b->world;
    begin(b, index, chain);
    size_t target = b->maker->rdata_at; /* the last CNAME's RDATA is the steered name, or a pointer to it */
    while (b->maker->message[target] >= POINTER >> 8)
        target = get_u16(b->maker->message + target) & POINTER_MASK;
    const uint32_t body = target <= POINTER_MASK - NAME_OCTETS ? build_finish_body(b, FLAG_AA, 0) : NONE;
    if (body == NONE)
        return build_too_large(b, index, world->steered[steered].type);
    world->aliases = mem_grow(world->aliases, &world->alias_room, world->alias_count + 1, sizeof *world->aliases);
    world->aliases[world->alias_count] = (struct alias){.chain = world->bodies[body], .steered = steered, .target = (uint16_t)target};
    build_add_slot(b, world->steered[steered].type, SLOT_ALIAS, (uint32_t)world->alias_count++);
    return true;
}

static bool add_static(struct builder *b, uint32_t index, const struct chain *chain, const struct rrset *set)
{
    begin(b, index, chain);
    body_add(b->maker, SECTION_ANSWER, chain->target, set, set->ttl_s);
    build_add_additional(b, set);
    const uint32_t body = build_finish_body(b, FLAG_AA, 0);
    if (body == NONE)
        return build_too_large(b, index, set->type);
    build_add_body_slot(b, set->type, body);
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
        return ds == NULL || name_len(chain->target) != end->name_len || add_static(b, index, chain, ds);
    for (unsigned i = 0; i < end->rrset_count; i++) {
        const uint32_t steered = build_steered(b, chain->end, end->rrsets[i].type);
        if (steered != NONE)
            good = add_steered(b, index, chain, steered) && good;
        else
            good = add_static(b, index, chain, &end->rrsets[i]) && good;
    }
    return good;
}

bool build_chain(struct builder *b, uint32_t index)
{
    struct chain own = {.length = 1, .sets = {zone_rrset(b->nodes[index], TYPE_CNAME)}};
    begin(b, index, &own);
    const uint32_t body = build_finish_body(b, FLAG_AA, 0);
    if (body == NONE)
        return build_too_large(b, index, TYPE_CNAME);
    build_add_body_slot(b, TYPE_CNAME, body);
    struct chain chain;
    follow(b, index, &chain);
    return add_other(b, index, &chain) && add_end(b, index, &chain);
}
