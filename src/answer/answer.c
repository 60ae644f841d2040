#include "answer/answer.h"

#include "answer/reply.h"

void reply_refuse(struct reply *reply, enum ede why)
{
    reply->flags |= RCODE_REFUSED;
    reply->ede = why;
}

static void reply_question(struct reply *reply)
{
    if (reply->query.qclass == CLASS_CH) {
        reply_identity(reply);
        return;
    }
    const struct query *query = &reply->query;
    reply->answered->special |= query->qtype == TYPE_AXFR || query->qtype == TYPE_IXFR;
    if (query->qtype == TYPE_NXNAME) { /* RFC 9824 3.5 */
        reply->flags |= RCODE_FORMERR;
        reply->ede = EDE_QTYPE;
    } else if (query->qclass != CLASS_IN)
        reply_refuse(reply, EDE_CLASS);
    else
        reply_resolve(reply);
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
    reply_keepalive(reply);
    reply->opt = opt_len(opt) + reply_padding_room(reply);
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
    reply_pad(reply);
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
    reply->answered->special |= query->special;
    return writer_len(&reply->w);
}

size_t answer_query(const struct snapshot *snapshot, const uint8_t *packet, size_t len, const struct asker *asker, uint8_t *out,
                    size_t room, struct answered *ret_answered)
{
    struct reply reply;
    *ret_answered = (struct answered){0};
    if (!query_parse(packet, len, &reply.query))
        return 0;
    reply.answered = ret_answered;
    reply.snapshot = snapshot;
    reply.asker = asker;
    reply.w = writer_over(out, room);
    reply.limit = client_limit(&reply.query, asker->channel, room);
    reply_channel(&reply);
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
