/* Which server is it, and of which kind (RFC 4892): the names of class CH, where we have no zone. */
#include "answer/reply.h"

static bool is_name(const struct query *query, const char *name, size_t len)
{
    return query->qname_len == len && memcmp(query->qname, name, len) == 0;
}

/* The text behind the name that is asked; NULL or empty: there is none. */
static const char *identity(const struct reply *reply)
{
    const struct server_config *server = &reply->snapshot->world->config->server;
    const struct query *query = &reply->query;
#define IS(name) is_name(query, name, sizeof(name))
    if (IS("\2id\6server") || IS("\10hostname\4bind"))
        return server->id;
    if (IS("\7version\6server") || IS("\7version\4bind"))
        return server->version;
#undef IS
    return NULL;
}

void reply_identity(struct reply *reply)
{
    const char *text = identity(reply);
    const size_t len = text ? strlen(text) : 0;
    if (len == 0 || len > UINT8_MAX || reply->query.qtype != TYPE_TXT) {
        reply_refuse(reply, EDE_NO_ZONE);
        return;
    }
    write_u16(&reply->w, OWNER_IS_QUESTION);
    write_u16(&reply->w, TYPE_TXT);
    write_u16(&reply->w, CLASS_CH);
    write_u32(&reply->w, 0);
    write_u16(&reply->w, (uint16_t)(len + 1));
    write_u8(&reply->w, (uint8_t)len);
    write_bytes(&reply->w, text, len);
    reply->counts[SECTION_ANSWER] = 1;
    reply->flags |= FLAG_AA;
}
