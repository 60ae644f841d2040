#include "transfer/notify.h"

#include "dns/compress.h"
#include "dns/records.h"

enum { QUESTION_TAIL = 4, ANCOUNT_AT = 6 };

size_t notify_write(const struct zone *zone, uint16_t id, struct tsig *tsig, uint64_t now_s, uint8_t *out, size_t room)
{
    struct writer w = writer_over(out, room);
    const struct rrset *soa = zone_rrset(&zone->nodes[0], TYPE_SOA);
    query_write(&w, &(struct query_spec){
                        .id = id, .flags = OPCODE_NOTIFY << 11 | FLAG_AA, .name = zone->apex, .type = TYPE_SOA, .class = CLASS_IN});
    put_u16(out + ANCOUNT_AT, 1);
    write_u16(&w, OWNER_IS_QUESTION);
    write_u16(&w, TYPE_SOA);
    write_u16(&w, CLASS_IN);
    write_u32(&w, soa->ttl_s);
    write_u16(&w, soa->rdatas[0].len);
    write_bytes(&w, soa->rdatas[0].octets, soa->rdatas[0].len);
    return tsig->key ? tsig_sign(tsig, out, writer_len(&w), room, now_s) : writer_len(&w);
}

/* The question may be missing from an error. */
static bool fits(const struct records *records, const struct zone *zone, uint16_t id)
{
    const bool asked = !records->has_question || (records->qname_len == zone->apex_len && records->qtype == TYPE_SOA &&
                                                  memcmp(records->qname, zone->apex, zone->apex_len) == 0);
    return asked && records->id == id && (records->flags & FLAG_QR) && (records->flags & FLAG_OPCODE) >> 11 == OPCODE_NOTIFY;
}

bool notify_read_answer(const struct zone *zone, uint16_t id, struct tsig *tsig, uint64_t now_s, uint8_t *message, size_t len,
                        unsigned *ret_rcode, struct error *err)
{
    struct records records;
    bool is_signed;
    if (!records_begin(&records, message, len) || !fits(&records, zone, id))
        return error_set(err, "something came that is no answer to NOTIFY");
    if (tsig->key) {
        struct tsig copy = *tsig; /* a forged answer must not spoil the exchange */
        const bool good = tsig_take_answer(&copy, message, &len, now_s, &is_signed, err);
        tsig_release(&copy);
        if (!good)
            return false;
    }
    *ret_rcode = records_rcode(&records);
    return true;
}
