#include "answer/answer.h"

#include "answer/reply.h"

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

/* Pointers into the question move by as much as it is longer than the base; those into the body itself by as much as it stands further behind. */
static void move_pointers(uint8_t *octets, const struct body *body, size_t len, unsigned longer, unsigned further)
{
    const unsigned body_at = HEADER_LEN + body->base_len + QUESTION_TAIL;
    for (unsigned i = 0; i < body->pointer_count && body->pointers[i] < len; i++) {
        uint8_t *at = octets + body->pointers[i];
        const unsigned target = get_u16(at) & POINTER_MASK;
        put_u16(at, (uint16_t)(POINTER | (target + (target < body_at ? longer : further))));
    }
}

void reply_body(struct reply *reply, const struct body *body)
{
    const unsigned longer = reply->query.qname_len - body->base_len;
    const unsigned further = (unsigned)writer_len(&reply->w) - (HEADER_LEN + body->base_len + QUESTION_TAIL);
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
    if (further)
        move_pointers(octets, body, len, longer, further);
    for (unsigned s = 0; s < 3; s++)
        reply->counts[s] = (uint16_t)(reply->counts[s] + (s == SECTION_ADDITIONAL ? additional : body->counts[s]));
}

void reply_nodata(struct reply *reply, uint32_t zone)
{
    const struct world *world = reply->snapshot->world;
    reply_body(reply, world->bodies[world->zone_answers[zone].nodata]);
}

/* An alias that leads to a steered name: its chain, then the client's selection. */
static void reply_alias(struct reply *reply, const struct alias *alias)
{
    const unsigned longer = reply->query.qname_len - alias->chain->base_len;
    reply_body(reply, alias->chain);
    if (!(reply->flags & FLAG_TC))
        reply_steered(reply, &reply->snapshot->world->steered[alias->steered], (uint16_t)(POINTER | (alias->target + longer)));
}

static void reply_name(struct reply *reply, const struct name *name)
{
    const struct world *world = reply->snapshot->world;
    const struct slot *slot = world_slot(world, name, reply->query.qtype);
    if (slot == NULL && reply->query.qtype == TYPE_ANY && name->slot_count > 0)
        slot = world_slot(world, name, TYPE_CNAME); /* RFC 8482 4.2: no HINFO beside a CNAME */
    if (slot == NULL && reply->query.qtype == TYPE_ANY && name->slot_count > 0)
        reply_body(reply, world->any);
    else if (slot == NULL)
        reply_body(reply, world->bodies[name->other]);
    else if (slot->kind == SLOT_BODY)
        reply_body(reply, slot->body);
    else if (slot->kind == SLOT_STEERED)
        reply_steered(reply, &world->steered[slot->index], OWNER_IS_QUESTION);
    else
        reply_alias(reply, &world->aliases[slot->index]);
}

static void refuse(struct reply *reply, enum ede why)
{
    reply->flags |= RCODE_REFUSED;
    reply->ede = why;
}

/* RFC 4892: which server is it. Its name is asked in class CH, where we have no zone. */
static void reply_identity(struct reply *reply)
{
    static const uint8_t id_server[] = "\2id\6server", hostname_bind[] = "\10hostname\4bind";
    const struct query *query = &reply->query;
    const size_t len = reply->snapshot->nsid_len;
    const bool known = (query->qname_len == sizeof id_server && memcmp(query->qname, id_server, sizeof id_server) == 0) ||
                       (query->qname_len == sizeof hostname_bind && memcmp(query->qname, hostname_bind, sizeof hostname_bind) == 0);
    if (!known || len == 0 || len > 255 || query->qtype != TYPE_TXT) {
        refuse(reply, EDE_NO_ZONE);
        return;
    }
    write_u16(&reply->w, OWNER_IS_QUESTION);
    write_u16(&reply->w, TYPE_TXT);
    write_u16(&reply->w, CLASS_CH);
    write_u32(&reply->w, 0);
    write_u16(&reply->w, (uint16_t)(len + 1));
    write_u8(&reply->w, (uint8_t)len);
    write_bytes(&reply->w, reply->snapshot->nsid, len);
    reply->counts[SECTION_ANSWER] = 1;
    reply->flags |= FLAG_AA;
}

/* See struct answered. */
static uint32_t subject_of(const struct world *world, const struct found *found)
{
    if (found->kind == FOUND_NOTHING)
        return 0;
    return found->kind == FOUND_MISSING ? UINT32_MAX - found->name->zone : (uint32_t)(found->name - world->names) + 1;
}

static void reply_question(struct reply *reply)
{
    if (reply->query.qclass == CLASS_CH) {
        reply_identity(reply);
        return;
    }
    const struct world *world = reply->snapshot->world;
    const struct query *query = &reply->query;
    const bool transfer = query->qtype == TYPE_AXFR || query->qtype == TYPE_IXFR;
    const struct found found = world_find(world, query->qname, query->qname_len);
    reply->answered->subject = subject_of(world, &found);
    if (query->qtype == TYPE_NXNAME) { /* RFC 9824 3.5 */
        reply->flags |= RCODE_FORMERR;
        reply->ede = EDE_QTYPE;
    } else if (query->qclass != CLASS_IN)
        refuse(reply, EDE_CLASS);
    else if (found.kind == FOUND_NOTHING)
        refuse(reply, EDE_NO_ZONE);
    else if (transfer)
        refuse(reply, EDE_TRANSFER);
    else if (found.kind == FOUND_MISSING)
        reply_body(reply, world->bodies[world->zone_answers[found.name->zone].nxdomain]);
    else if (found.kind == FOUND_CUT && !(query->qtype == TYPE_DS && found.name->len == query->qname_len))
        reply_body(reply, world->bodies[found.name->referral]);
    else
        reply_name(reply, found.name);
}

static size_t client_limit(const struct query *query, enum channel channel, size_t room)
{
    size_t limit = channel != CHANNEL_UDP ? MESSAGE_MAX : query->udp_size < UDP_CAP ? query->udp_size : UDP_CAP;
    return limit < room ? limit : room;
}

/* The options whose room must be kept while the answer is made. */
static void begin_options(struct reply *reply)
{
    const struct query *query = &reply->query;
    struct opt *opt = &reply->options;
    *opt = (struct opt){.present = query->edns};
    if (query->ecs.present)
        opt_add(opt, OPTION_ECS, reply->ecs, ecs_write(&query->ecs, 0, reply->ecs));
    reply_cookie(reply);
    const size_t nsid_len = reply->snapshot->nsid_len;
    if (query->nsid && nsid_len &&
        opt_len(opt) + OPTION_HEADER + nsid_len + STEERED_BUDGET <= reply->limit) /* a name is not worth a record */
        opt_add(opt, OPTION_NSID, reply->snapshot->nsid, nsid_len);
    reply->opt = opt_len(opt);
}

/* The reason behind the rcode goes where room is left: whole, or its number alone. */
static void add_ede(struct reply *reply)
{
    const struct ede_octets *ede = &ede_table[reply->ede];
    const size_t room = reply_room(reply);
    if (ede->len == 0 || (reply->flags & FLAG_TC) || room < OPTION_HEADER + EDE_CODE)
        return;
    opt_add(&reply->options, OPTION_EDE, ede->octets, room < OPTION_HEADER + (size_t)ede->len ? EDE_CODE : ede->len);
}

static size_t finish(struct reply *reply)
{
    const struct query *query = &reply->query;
    const unsigned rcode = (reply->flags & 15u) | (query->rcode & ~15u);
    reply->ecs[ECS_SCOPE_AT] = (uint8_t)reply->scope;
    add_ede(reply);
    opt_write(&reply->w, &reply->options, rcode, UDP_CAP, query->dnssec_ok);
    uint8_t *header = reply->w.start;
    put_u16(header, query->id);
    put_u16(header + 2, (uint16_t)(FLAG_QR | (query->flags & (FLAG_OPCODE | FLAG_RD)) | reply->flags));
    put_u16(header + 4, query->has_question);
    for (unsigned s = 0; s < 3; s++)
        put_u16(header + 6 + 2 * s, (uint16_t)(reply->counts[s] + (s == SECTION_ADDITIONAL && query->edns)));
    reply->answered->rcode = reply->flags & 15;
    reply->answered->truncated = reply->flags & FLAG_TC;
    reply->answered->by_subnet = reply->answered->steered && query->ecs.present && query->ecs.source > 0;
    return writer_len(&reply->w);
}

size_t answer_query(const struct snapshot *snapshot, const uint8_t *packet, size_t len, const struct asker *asker, uint8_t *out,
                    size_t room, struct answered *ret_answered)
{
    struct reply reply;
    if (!query_parse(packet, len, &reply.query))
        return 0;
    *ret_answered = (struct answered){0};
    reply.answered = ret_answered;
    reply.snapshot = snapshot;
    reply.asker = asker;
    reply.w = writer_over(out, room);
    reply.limit = client_limit(&reply.query, asker->channel, room);
    begin_options(&reply);
    reply.flags = reply.query.rcode & 15;
    memset(reply.counts, 0, sizeof reply.counts);
    reply.scope = 0;
    reply.ede = reply.query.rcode == RCODE_NOTIMP ? EDE_OPCODE : EDE_NONE;
    write_span(&reply.w, HEADER_LEN);
    if (reply.query.has_question)
        write_bytes(&reply.w, reply.query.question, reply.query.question_len);
    if (reply.query.rcode == RCODE_NOERROR && (asker->brief || !reply.query.has_question))
        reply_brief(&reply);
    else if (reply.query.rcode == RCODE_NOERROR)
        reply_question(&reply);
    return finish(&reply);
}
