#include "answer/answer.h"

#include "answer/reply.h"

enum { FLAG_CD = 0x0010, OWNER_IS_QUESTION = 0xc00c };

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

static void move_pointers(uint8_t *octets, const struct body *body, size_t len, unsigned delta)
{
    for (unsigned i = 0; i < body->pointer_count && body->pointers[i] < len; i++) {
        uint8_t *at = octets + body->pointers[i];
        put_u16(at, (uint16_t)(get_u16(at) + delta));
    }
}

void reply_body(struct reply *reply, const struct body *body, unsigned delta)
{
    uint16_t additional;
    bool fits;
    const size_t len = body_part(body, reply_room(reply), &additional, &fits);
    reply->flags |= body->flags;
    if (!fits) {
        reply_truncate(reply);
        return;
    }
    uint8_t *octets = reply->w.at;
    write_bytes(&reply->w, body->octets, len);
    if (delta)
        move_pointers(octets, body, len, delta);
    for (unsigned s = 0; s < 3; s++)
        reply->counts[s] = (uint16_t)(reply->counts[s] + (s == SECTION_ADDITIONAL ? additional : body->counts[s]));
}

void reply_nodata(struct reply *reply, uint32_t zone)
{
    const struct world *world = reply->snapshot->world;
    const struct zone_answers *answers = &world->zone_answers[zone];
    reply_body(reply, world->bodies[answers->nodata], reply->query.qname_len - answers->apex_len);
}

/* An alias that leads to a steered name: its chain, then the client's selection. */
static void reply_alias(struct reply *reply, const struct alias *alias, const struct addr *peer, uint32_t draw)
{
    const unsigned delta = reply->query.qname_len - alias->chain->base_len;
    reply_body(reply, alias->chain, delta);
    if (!(reply->flags & FLAG_TC))
        reply_steered(reply, &reply->snapshot->world->steered[alias->steered], (uint16_t)(0xc000 | (alias->target + delta)), peer, draw);
}

static void reply_name(struct reply *reply, const struct name *name, const struct addr *peer, uint32_t draw)
{
    const struct world *world = reply->snapshot->world;
    const struct slot *slot = world_slot(world, name, reply->query.qtype);
    if (slot == NULL && reply->query.qtype == TYPE_ANY)
        reply_body(reply, world->any, 0);
    else if (slot == NULL)
        reply_body(reply, world->bodies[name->other], reply->query.qname_len - world->bodies[name->other]->base_len);
    else if (slot->kind == SLOT_BODY)
        reply_body(reply, world->bodies[slot->index], reply->query.qname_len - name->len);
    else if (slot->kind == SLOT_STEERED)
        reply_steered(reply, &world->steered[slot->index], OWNER_IS_QUESTION, peer, draw);
    else
        reply_alias(reply, &world->aliases[slot->index], peer, draw);
}

static void reply_referral(struct reply *reply, uint32_t cut)
{
    const struct world *world = reply->snapshot->world;
    const struct name *name = &world->names[cut];
    reply_body(reply, world->bodies[name->referral], reply->query.qname_len - name->len);
}

/* The name does not exist: the closest one above it says what that means (RFC 1034 4.3.2, RFC 4592 3.3.1). */
static void reply_missing(struct reply *reply, const struct addr *peer, uint32_t draw)
{
    const struct world *world = reply->snapshot->world;
    const uint8_t *octets = reply->query.qname;
    size_t len = reply->query.qname_len;
    const struct name *name = NULL;
    while (len > 1 && name == NULL) {
        len -= *octets + 1u;
        octets += *octets + 1;
        name = world_name(world, octets, len);
    }
    if (name == NULL)
        reply->flags |= RCODE_REFUSED;
    else if (name->cut != NONE)
        reply_referral(reply, name->cut);
    else if (name->wildcard != NONE)
        reply_name(reply, &world->names[name->wildcard], peer, draw);
    else
        reply_body(reply, world->bodies[world->zone_answers[name->zone].nxdomain],
                   reply->query.qname_len - world->zone_answers[name->zone].apex_len);
}

static void reply_question(struct reply *reply, const struct addr *peer, uint32_t draw)
{
    const struct query *query = &reply->query;
    const bool transfer = query->qtype == TYPE_AXFR || query->qtype == TYPE_IXFR;
    if (query->qclass != CLASS_IN || transfer) {
        reply->flags |= RCODE_REFUSED;
        return;
    }
    const struct world *world = reply->snapshot->world;
    const struct name *name = world_name(world, query->qname, query->qname_len);
    if (name == NULL)
        reply_missing(reply, peer, draw);
    else if (name->cut != NONE && !(query->qtype == TYPE_DS && &world->names[name->cut] == name))
        reply_referral(reply, name->cut);
    else
        reply_name(reply, name, peer, draw);
}

static size_t client_limit(const struct query *query, enum channel channel, size_t room)
{
    size_t limit = channel == CHANNEL_TCP ? MESSAGE_MAX : query->udp_size < UDP_CAP ? query->udp_size : UDP_CAP;
    return limit < room ? limit : room;
}

static size_t finish(struct reply *reply)
{
    const struct query *query = &reply->query;
    const unsigned rcode = (reply->flags & 15u) | (query->rcode & ~15u);
    opt_write(&reply->w, query, rcode, reply->scope, reply->snapshot->nsid, reply->snapshot->nsid_len);
    uint8_t *header = reply->w.start;
    put_u16(header, query->id);
    put_u16(header + 2, (uint16_t)(FLAG_QR | (query->flags & (FLAG_OPCODE | FLAG_RD | FLAG_CD)) | reply->flags));
    put_u16(header + 4, query->has_question);
    for (unsigned s = 0; s < 3; s++)
        put_u16(header + 6 + 2 * s, (uint16_t)(reply->counts[s] + (s == SECTION_ADDITIONAL && query->edns)));
    reply->answered->rcode = reply->flags & 15;
    reply->answered->truncated = reply->flags & FLAG_TC;
    return writer_len(&reply->w);
}

size_t answer_query(const struct snapshot *snapshot, const uint8_t *packet, size_t len, const struct addr *peer, enum channel channel, uint32_t draw,
                    uint8_t *out, size_t room, struct answered *ret_answered)
{
    struct reply reply;
    if (!query_parse(packet, len, &reply.query))
        return 0;
    *ret_answered = (struct answered){0};
    reply.snapshot = snapshot;
    reply.w = writer_over(out, room);
    reply.limit = client_limit(&reply.query, channel, room);
    reply.opt = opt_room(&reply.query, snapshot->nsid_len);
    reply.flags = reply.query.rcode & 15;
    memset(reply.counts, 0, sizeof reply.counts);
    reply.scope = 0;
    reply.answered = ret_answered;
    write_span(&reply.w, HEADER_LEN);
    if (reply.query.has_question)
        write_bytes(&reply.w, reply.query.question, reply.query.question_len);
    if (reply.query.rcode == RCODE_NOERROR)
        reply_question(&reply, peer, draw);
    return finish(&reply);
}
