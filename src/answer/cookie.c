/* Cookies (RFC 7873, 9018), and the answers that hold nothing else. */
#include "answer/reply.h"

void reply_cookie(struct reply *reply)
{
    const struct siphash_keys *secrets = &reply->snapshot->cookies;
    const struct query *query = &reply->query;
    const struct asker *asker = reply->asker;
    if (query->cookie == NULL || secrets->count == 0)
        return;
    const enum cookie cookie = cookie_judge(secrets, query->cookie, query->cookie_len, asker->peer, asker->now_s);
    reply->answered->cookie = cookie;
    if (cookie == COOKIE_GOOD)
        memcpy(reply->cookie, query->cookie, COOKIE_WHOLE);
    else
        cookie_make(secrets, query->cookie, asker->peer, asker->now_s, reply->cookie);
    opt_add(&reply->options, OPTION_COOKIE, reply->cookie, COOKIE_WHOLE);
}

static void reply_badcookie(struct reply *reply)
{
    reply->query.rcode = RCODE_BADCOOKIE;
    reply->flags |= RCODE_BADCOOKIE & 15;
    reply->answered->badcookie = true;
}

void reply_brief(struct reply *reply)
{
    const enum cookie cookie = reply->answered->cookie;
    if (reply->query.has_question && (cookie == COOKIE_NONE || cookie >= COOKIE_OLD))
        reply->flags |= FLAG_TC;
    else if (reply->query.has_question || cookie == COOKIE_WRONG) /* also a client's part alone: RFC 7873 5.2.3 */
        reply_badcookie(reply);
    else if (cookie == COOKIE_NONE) { /* RFC 9619: without cookies, a query has a question */
        reply->query.rcode = RCODE_FORMERR;
        reply->flags |= RCODE_FORMERR;
    }
}

bool answer_knows(const struct snapshot *snapshot, const uint8_t *packet, size_t len, const struct addr *peer, uint32_t now_s)
{
    struct query query;
    if (snapshot->cookies.count == 0 || !query_parse(packet, len, &query) || query.rcode != RCODE_NOERROR || query.cookie == NULL)
        return false;
    return cookie_judge(&snapshot->cookies, query.cookie, query.cookie_len, peer, now_s) >= COOKIE_OLD;
}
