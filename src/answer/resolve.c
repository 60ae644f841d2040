/* The look-up of RFC 1034 4.3.2 with DNAMEs (RFC 6672) and the proofs of signed zones (RFC 4035 3.1, RFC 5155 7.2): names are found, bodies copied. */
#include "answer/reply.h"

enum { RENAMES_MAX = 8 /* DNAMEs after one another; resolvers go on by themselves */, RECORD_HEADER = 12 };

void reply_truncate(struct reply *reply)
{
    reply->w.at = reply->w.start + HEADER_LEN + reply->query.question_len;
    reply->w.bad = false;
    reply->flags |= FLAG_TC;
    memset(reply->counts, 0, sizeof reply->counts);
}

/* How much of a body goes out: all of it, or less additional records, or nothing (0 with *ret_fits false). */
static size_t body_part(const struct body *body, size_t room, uint16_t *ret_additional, bool *ret_fits)
{
    *ret_fits = true;
    *ret_additional = body->counts[SECTION_ADDITIONAL];
    if (body->len <= room)
        return body->len;
    *ret_fits = body->authority_len <= room && !(body->bits & BODY_GLUE_NEEDED);
    size_t len = body->authority_len;
    *ret_additional = 0;
    for (unsigned i = 0; i < body->counts[SECTION_ADDITIONAL] && body->ends[i] <= room; i++) {
        len = body->ends[i];
        (*ret_additional)++;
    }
    return len;
}

/* Where the body was made to stand. */
static unsigned body_home(const struct body *body)
{
    return HEADER_LEN + body->base_len + QUESTION_TAIL;
}

/* By how much pointers to the base name move: the name at hand may be longer, and stand elsewhere than in the question. */
static unsigned base_shift(const struct reply *reply, const struct body *body)
{
    return reply->name_len - body->base_len + reply->name_at - HEADER_LEN;
}

static void move_pointers(uint8_t *octets, const struct body *body, size_t len, unsigned shift, unsigned further)
{
    for (unsigned i = 0; i < body->pointer_count && body->pointers[i] < len; i++) {
        uint8_t *at = octets + body->pointers[i];
        const unsigned target = get_u16(at) & POINTER_MASK;
        put_u16(at, (uint16_t)(POINTER | (target + (target < body_home(body) ? shift : further))));
    }
}

/* What belongs to the question's name belongs to the one that a DNAME has put in its place. */
static void move_owners(uint8_t *octets, const struct body *body, size_t len, unsigned name_at)
{
    for (unsigned i = 0; i < body->owner_count && body->owners[i] < len; i++)
        put_u16(octets + body->owners[i], (uint16_t)(POINTER | name_at));
}

void reply_body(struct reply *reply, const struct body *body)
{
    const unsigned at = (unsigned)writer_len(&reply->w), shift = base_shift(reply, body), further = at - body_home(body);
    const bool renamed = reply->name_at != HEADER_LEN;
    uint16_t additional;
    bool fits;
    if (renamed && at + body->len > POINTER_MASK) /* pointers would not reach; the chain so far is an answer, too */
        return;
    const size_t len = body_part(body, reply_room(reply), &additional, &fits);
    reply->flags |= body->flags;
    if (!fits) {
        reply_truncate(reply);
        return;
    }
    uint8_t *octets = reply->w.at;
    write_bytes(&reply->w, body->octets, len);
    if (shift | further)
        move_pointers(octets, body, len, shift, further);
    if (renamed)
        move_owners(octets, body, len, reply->name_at);
    for (unsigned i = 0; i < body->proof_count && reply->proof_count < REPLY_PROOFS; i++)
        reply->proofs[reply->proof_count++] = body->proofs[i];
    for (unsigned s = 0; s < 3; s++)
        reply->counts[s] = (uint16_t)(reply->counts[s] + (s == SECTION_ADDITIONAL ? additional : body->counts[s]));
}

static const struct body *body_of(const struct reply *reply, uint32_t index)
{
    return reply->snapshot->world->bodies[index].of[reply->secure];
}

/* Each once; and not beside an emptied set's own, for the two would be one RRset that nobody has signed. */
static void reply_proof(struct reply *reply, uint32_t index)
{
    for (unsigned i = 0; i < reply->proof_count; i++)
        if (reply->proofs[i] == index)
            return;
    if (!(reply->flags & FLAG_TC))
        reply_body(reply, body_of(reply, index));
}

/* That nothing lies between the name at hand and its closest encloser. */
static uint32_t expansion_proof(const struct reply *reply, const struct proofs *proofs, size_t encloser_len)
{
    const uint8_t *name = reply->name;
    if (proofs->kind == DENIAL_NSEC3)
        name = proofs_next_closer(name, reply->name_len, encloser_len);
    return proofs_cover(proofs, name, reply->name_len - (size_t)(name - reply->name))->body;
}

static void prove_missing(struct reply *reply, const struct proofs *proofs, const struct name *encloser)
{
    if (proofs->kind == DENIAL_NSEC3)
        reply_proof(reply, encloser->proof);
    reply_proof(reply, expansion_proof(reply, proofs, encloser->len));
    if (encloser->no_wildcard != NONE)
        reply_proof(reply, encloser->no_wildcard);
}

/* What a wildcard's instance needs beside its data or NODATA. */
static void prove_expansion(struct reply *reply, const struct proofs *proofs, const struct name *wildcard, bool nodata)
{
    if (nodata && proofs->kind == DENIAL_NSEC3)
        reply_proof(reply, world_name(reply->snapshot->world, wildcard->octets + 2, wildcard->len - 2u)->proof);
    reply_proof(reply, expansion_proof(reply, proofs, wildcard->len - 2u));
}

/* An alias that leads to a steered name: its chain, then the client's selection. */
static void reply_alias(struct reply *reply, const struct alias *alias, struct listing *list)
{
    const struct body *chain = alias->chain.of[reply->secure];
    const unsigned further = (unsigned)writer_len(&reply->w) - body_home(chain);
    const unsigned target = alias->targets[reply->secure];
    reply_body(reply, chain);
    if (reply->flags & FLAG_TC)
        return;
    const unsigned owner = target + (target < body_home(chain) ? base_shift(reply, chain) : further);
    if (owner > POINTER_MASK)
        return;
    reply_steered(reply, &reply->snapshot->world->steered[alias->steered], (uint16_t)(POINTER | owner), list);
    for (unsigned i = 0; reply->secure && i < alias->proof_count; i++)
        reply_proof(reply, alias->proofs[i]);
}

/* ANY (RFC 8482): what is small. A HINFO where nothing is signed; else a set that is there, for it can be validated (4.1). */
static const struct slot *any_slot(const struct world *world, const struct name *name)
{
    const struct slot *slot = world_slot(world, name, TYPE_CNAME);
    if (slot == NULL && world->zone_answers[name->zone].proofs.kind != DENIAL_NONE)
        slot = &world->slots[name->first_slot];
    return slot;
}

/* The question is the very name at which a wildcard's chain would begin again. */
static bool is_return(const struct reply *reply, const struct name *name)
{
    const uint8_t *at = name->returns == NONE ? NULL : reply->snapshot->world->returns[name->returns];
    return at && name_len(at) == reply->name_len && memcmp(at, reply->name, reply->name_len) == 0;
}

static void reply_name(struct reply *reply, const struct found *found)
{
    const struct world *world = reply->snapshot->world;
    const struct name *name = found->name;
    const struct proofs *proofs = &world->zone_answers[name->zone].proofs;
    const bool any = reply->query.qtype == TYPE_ANY && name->slot_count > 0;
    const struct slot *slot = any ? any_slot(world, name) : world_slot(world, name, reply->query.qtype);
    if (is_return(reply, name))
        slot = world_slot(world, name, TYPE_CNAME);
    const bool nodata = slot == NULL && !any, no_alias = name->other == world->zone_answers[name->zone].nodata;
    struct listing list = {.target_count = 0};
    if (slot == NULL)
        reply_body(reply, any ? world->any : body_of(reply, name->other));
    else if (slot->kind == SLOT_BODY)
        reply_body(reply, slot->body.of[reply->secure]);
    else if (slot->kind == SLOT_STEERED)
        reply_steered(reply, &world->steered[slot->index], (uint16_t)(POINTER | reply->name_at), &list);
    else
        reply_alias(reply, &world->aliases[slot->index], &list);
    if (reply->secure && nodata && no_alias && name->proof != NONE)
        reply_proof(reply, name->proof);
    if (reply->secure && found->kind == FOUND_WILDCARD && proofs->kind != DENIAL_NONE)
        prove_expansion(reply, proofs, name, nodata && no_alias);
    reply_glue(reply, &list);
}

static void reply_found(struct reply *reply, const struct found *found)
{
    const struct world *world = reply->snapshot->world;
    const struct zone_answers *zone = &world->zone_answers[found->name->zone];
    if (found->kind == FOUND_MISSING) {
        reply_body(reply, body_of(reply, zone->nxdomain));
        if (reply->secure && zone->proofs.kind != DENIAL_NONE)
            prove_missing(reply, &zone->proofs, found->name);
    } else if (found->kind == FOUND_CUT && !(reply->query.qtype == TYPE_DS && found->name->len == reply->name_len)) {
        reply_body(reply, body_of(reply, found->name->referral));
    } else {
        reply_name(reply, found);
    }
}

/* RFC 6672 3.1: the CNAME that says what the name at hand is renamed to. */
static void write_cname(struct reply *reply, const uint8_t *target, size_t target_len, uint32_t ttl_s)
{
    write_u16(&reply->w, (uint16_t)(POINTER | reply->name_at));
    write_u16(&reply->w, TYPE_CNAME);
    write_u16(&reply->w, CLASS_IN);
    write_u32(&reply->w, ttl_s);
    write_u16(&reply->w, (uint16_t)target_len);
    reply->name_at = (uint16_t)writer_len(&reply->w);
    write_bytes(&reply->w, target, target_len);
    reply->counts[SECTION_ANSWER]++;
}

/* The name at hand lies below a DNAME's owner: the DNAME (unless it is there from an earlier round, RFC 2181 5), a CNAME made of it, and the new
 * name is at hand. False ends the answer. */
static bool rename_by(struct reply *reply, const struct dname *dname, bool listed, size_t owner_len)
{
    const size_t before = reply->name_len - owner_len, len = before + dname->target_len;
    if (!listed)
        reply_body(reply, dname->body.of[reply->secure]);
    if (reply->flags & FLAG_TC)
        return false;
    if (len > NAME_OCTETS) {
        reply->flags |= RCODE_YXDOMAIN;
        return false;
    }
    if (reply_room(reply) < RECORD_HEADER + len) {
        reply_truncate(reply);
        return false;
    }
    uint8_t target[NAME_OCTETS];
    memcpy(target, reply->name, before);
    memcpy(target + before, dname->target, dname->target_len);
    const bool changed = len != reply->name_len || memcmp(target, reply->name, len) != 0;
    write_cname(reply, target, len, dname->ttl_s);
    memcpy(reply->renamed, target, len);
    reply->name = reply->renamed;
    reply->name_len = (uint8_t)len;
    return changed && reply->name_at <= POINTER_MASK - NAME_OCTETS && reply->query.qtype != TYPE_CNAME && reply->query.qtype != TYPE_ANY;
}

static bool is_listed_dname(const uint32_t *listed, unsigned count, uint32_t dname)
{
    for (unsigned i = 0; i < count; i++)
        if (listed[i] == dname)
            return true;
    return false;
}

/* See struct answered. */
static uint32_t subject_of(const struct world *world, const struct found *found)
{
    if (found->kind == FOUND_NOTHING)
        return 0;
    return found->kind == FOUND_MISSING ? UINT32_MAX - found->name->zone : (uint32_t)(found->name - world->names) + 1;
}

void reply_resolve(struct reply *reply)
{
    const struct world *world = reply->snapshot->world;
    reply->secure = reply->query.dnssec_ok;
    reply->proof_count = 0;
    reply->name = reply->query.qname;
    reply->name_len = reply->query.qname_len;
    reply->name_at = HEADER_LEN;
    struct found found = world_find(world, reply->name, reply->name_len);
    reply->answered->subject = subject_of(world, &found);
    if (found.kind == FOUND_NOTHING) {
        reply_refuse(reply, EDE_NO_ZONE);
        return;
    }
    if (reply->query.qtype == TYPE_AXFR || reply->query.qtype == TYPE_IXFR) {
        reply_refuse(reply, EDE_TRANSFER);
        return;
    }
    const uint32_t zone = found.name->zone;
    uint32_t listed[RENAMES_MAX];
    for (unsigned renames = 0; found.kind == FOUND_MISSING && found.name->dname != NONE; renames++) {
        const uint32_t dname = found.name->dname;
        if (renames == RENAMES_MAX || !rename_by(reply, &world->dnames[dname], is_listed_dname(listed, renames, dname), found.name->len))
            return;
        found = world_find(world, reply->name, reply->name_len);
        if (found.kind == FOUND_NOTHING || found.name->zone != zone)
            return; /* the resolver's turn */
        listed[renames] = dname;
    }
    reply_found(reply, &found);
}
