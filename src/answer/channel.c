/* What the transport adds to an answer: edns-tcp-keepalive (RFC 7828) and padding (RFC 7830, 8467). */
#include "answer/reply.h"

enum { PADDING_BLOCK = 468 /* RFC 8467 4.1 */ };

void reply_channel(struct reply *reply)
{
    struct query *query = &reply->query;
    const enum channel channel = reply->asker->channel;
    query->keepalive &= channel != CHANNEL_UDP;
    query->padding &= channel == CHANNEL_TLS && query->edns;
    if (query->keepalive && query->keepalive_wrong && query->rcode == RCODE_NOERROR)
        query->rcode = RCODE_FORMERR;
}

void reply_keepalive(struct reply *reply)
{
    if (!reply->query.keepalive)
        return;
    put_u16(reply->keepalive, reply->asker->idle_ds);
    opt_add(&reply->options, OPTION_KEEPALIVE, reply->keepalive, sizeof reply->keepalive);
}

size_t reply_padding_room(const struct reply *reply)
{
    return reply->query.padding ? OPTION_HEADER : 0;
}

/* All else stands; the message that grows to the next block may end earlier, where a message must. */
void reply_pad(struct reply *reply)
{
    static const uint8_t zeroes[PADDING_BLOCK];
    if (!reply->query.padding)
        return;
    const size_t len = writer_len(&reply->w) + opt_len(&reply->options) + OPTION_HEADER;
    const size_t rest = len % PADDING_BLOCK, most = reply->limit - len, wanted = rest ? PADDING_BLOCK - rest : 0;
    opt_add(&reply->options, OPTION_PADDING, zeroes, wanted < most ? wanted : most);
}
