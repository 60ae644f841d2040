#include "serve/special.h"

#include "answer/answer.h"
#include "base/clock.h"
#include "transfer/requests.h"

/* What the client takes over UDP; the rest of the message must leave room for the signature. */
static size_t udp_limit(const struct query *query)
{
    return query->udp_size < UDP_CAP ? query->udp_size : UDP_CAP;
}

static void count(struct special *special, size_t len)
{
    const unsigned flags = len ? get_u16(special->out + 2) : 0;
    special->answered->rcode = flags & 15;
    special->answered->truncated = flags & FLAG_TC;
}

/* Over UDP an answer that has no room for its signature is truncated, and signed (RFC 8945 5.3). */
static size_t sign(struct special *special, const struct query *query, struct tsig *tsig, size_t len)
{
    if (special->asker->channel == CHANNEL_UDP && len + tsig_room(tsig) > udp_limit(query))
        len = bare_answer(query, (get_u16(special->out + 2) & (FLAG_AA | 15)) | FLAG_TC, special->out, special->room);
    return tsig_sign(tsig, special->out, len, special->room, (uint64_t)special->asker->now_s);
}

/* The request without its signature, by whom it concerns. */
static size_t answer_inner(struct special *special, struct ledger *ledger, const struct query *query, struct tsig *tsig)
{
    const size_t room = special->room - (tsig ? tsig_room(tsig) : 0);
    if (!zone_request_is(query))
        return answer_query(special->snapshot, special->query, special->len, special->asker, special->out, room, special->answered);
    const struct zone_request request = {.world = snapshot_world(special->snapshot),
                                         .query = query,
                                         .message = special->query,
                                         .len = special->len,
                                         .peer = special->asker->peer,
                                         .tsig = tsig,
                                         .ledger = ledger,
                                         .wall_s = clock_wall_s};
    return zone_request_answer(&request, special->out, room, special->asker->channel == CHANNEL_UDP ? NULL : &special->stream);
}

/* RFC 8945 5.2 and 5.3.2. */
static size_t refuse_signature(struct special *special, const struct query *query, struct tsig *tsig, struct ledger *ledger)
{
    struct ledger_event event = {.kind = LEDGER_REFUSED, .peer = *special->asker->peer, .error = tsig->error};
    memcpy(event.zone, query->qname, query->has_question ? query->qname_len : 0);
    ledger_tell(ledger, &event);
    return sign(special, query, tsig, bare_answer(query, RCODE_NOTAUTH, special->out, special->room));
}

size_t special_answer(void *context, struct special *special)
{
    const struct config *config = world_config(snapshot_world(special->snapshot));
    struct query query;
    struct tsig tsig;
    const enum tsig_taken taken =
        tsig_take_request(&tsig, config->keys, config->key_count, special->query, &special->len, special->asker->now_s);
    size_t len = special->made;
    if (!query_parse(special->query, special->len, &query)) /* now without its signature */
        return 0;
    if (taken == TSIG_WRONG) {
        len = refuse_signature(special, &query, &tsig, context);
    } else if (taken == TSIG_UNSOUND) {
        len = bare_answer(&query, RCODE_FORMERR, special->out, special->room);
    } else {
        len = answer_inner(special, context, &query, taken == TSIG_GOOD ? &tsig : NULL);
        if (taken == TSIG_GOOD && len > 0)
            len = sign(special, &query, &tsig, len);
    }
    count(special, len);
    special->answered->special = true; /* answer_query() has begun anew */
    special->answered->verified = taken == TSIG_GOOD;
    return len;
}
