#include "probe/dns_question.h"

size_t dns_query_write(const struct dns_question *question, uint8_t out[DNS_QUERY_MAX])
{
    struct writer w = writer_over(out, DNS_QUERY_MAX);
    write_u16(&w, question->id);
    write_u16(&w, question->recursion ? FLAG_RD : 0);
    write_u16(&w, 1);
    write_u16(&w, 0);
    write_u16(&w, 0);
    write_u16(&w, 0);
    write_bytes(&w, question->name, question->name_len);
    write_u16(&w, question->type);
    write_u16(&w, CLASS_IN);
    return w.bad ? 0 : writer_len(&w);
}

static bool same_question(struct reader *r, const struct dns_question *question)
{
    uint8_t name[NAME_OCTETS];
    const size_t len = name_read(r, name);
    const uint16_t type = read_u16(r), class = read_u16(r);
    return !r->bad && len == question->name_len && memcmp(name, question->name, len) == 0 && type == question->type && class == CLASS_IN;
}

/* Records of the type asked for among the next count; a truncated reply may end in the middle of them. */
static unsigned count_answers(struct reader *r, unsigned count, uint16_t type)
{
    unsigned found = 0;
    while (count-- && !r->bad) {
        name_skip(r);
        const uint16_t its_type = read_u16(r), its_class = read_u16(r);
        read_u32(r);
        read_span(r, read_u16(r));
        found += !r->bad && its_class == CLASS_IN && (its_type == type || type == TYPE_ANY);
    }
    return found;
}

enum dns_heard dns_reply_read(const uint8_t *octets, size_t len, const struct dns_question *question, struct dns_reply *ret_reply)
{
    struct reader r = reader_over(octets, len);
    const uint16_t id = read_u16(&r), flags = read_u16(&r), questions = read_u16(&r), answers = read_u16(&r);
    read_u32(&r);
    if (r.bad || id != question->id || !(flags & FLAG_QR) || (flags & FLAG_OPCODE) != 0)
        return DNS_HEARD_NOTHING;
    *ret_reply = (struct dns_reply){.rcode = flags & 15, .truncated = flags & FLAG_TC};
    /* Some servers refuse without repeating the question. Id, address and port are ours all the same, and it counts as no record. */
    if (questions == 0 && answers == 0 && ret_reply->rcode != RCODE_NOERROR)
        return DNS_HEARD_REPLY;
    if (questions != 1 || !same_question(&r, question))
        return DNS_HEARD_NOTHING;
    ret_reply->answers = count_answers(&r, answers, question->type);
    return r.bad && !ret_reply->truncated ? DNS_HEARD_NONSENSE : DNS_HEARD_REPLY;
}
