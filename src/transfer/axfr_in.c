#include "transfer/axfr_in.h"

#include "base/memory.h"

#include <stdlib.h>

enum {
    SOA_SERIAL_FROM_END = 20,
    RECORD_OCTETS = 10, /* type, class, TTL, length */
    RDATA_ROOM = 2 * MESSAGE_MAX,
    QTYPE_FIRST = 249 /* TKEY, TSIG, IXFR ... ANY: questions, not data */,
    QTYPE_LAST = 255
};

void axfr_in_init(struct axfr_in *in, const char *zone, const struct tsig_key *key, uint64_t limit, axfr_take_fn *take, void *context)
{
    *in = (struct axfr_in){.limit = limit, .take = take, .context = context, .tsig.key = key};
    in->apex_len = (uint8_t)name_from_text(zone, in->apex);
    in->rdata = mem_new(RDATA_ROOM, 1);
}

void axfr_in_release(struct axfr_in *in)
{
    tsig_release(&in->tsig);
    free(in->soa);
    free(in->rdata);
}

size_t axfr_in_ask(struct axfr_in *in, uint16_t type, uint16_t id, uint64_t now_s, uint8_t *out, size_t room)
{
    const struct tsig_key *key = in->tsig.key;
    struct writer w = writer_over(out, room);
    in->id = id;
    query_write(&w, &(struct query_spec){.id = id, .name = in->apex, .type = type, .class = CLASS_IN});
    tsig_release(&in->tsig);
    in->tsig = (struct tsig){0};
    if (key == NULL)
        return writer_len(&w);
    tsig_begin(&in->tsig, key);
    return tsig_sign(&in->tsig, out, writer_len(&w), room, now_s);
}

static const char *rcode_word(unsigned rcode)
{
    static const char *const words[] = {"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
                                        "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE"};
    return rcode < sizeof words / sizeof *words ? words[rcode] : "an unknown rcode";
}

static bool within_limit(const struct axfr_in *in, struct error *err)
{
    return (in->octets <= in->limit && in->expanded <= in->limit) ||
           error_set(err, "it is larger than the limit of %llu octets", (unsigned long long)in->limit);
}

/* Signature, header and question; then the records can be read. */
static bool open_message(struct axfr_in *in, uint16_t type, uint8_t *message, size_t *len, uint64_t now_s, struct records *records,
                         struct error *err)
{
    in->messages++;
    in->octets += *len;
    in->last_signed = in->tsig.key == NULL;
    if (!within_limit(in, err))
        return false;
    if (*len < HEADER_LEN || get_u16(message) != in->id)
        return error_set(err, "the answer has another id than the request");
    if (in->tsig.key && !tsig_take_answer(&in->tsig, message, len, now_s, &in->last_signed, err))
        return false;
    if (!records_begin(records, message, *len))
        return error_set(err, "the answer is malformed");
    if (!(records->flags & FLAG_QR) || (records->flags & FLAG_OPCODE) || (records->flags & FLAG_TC))
        return error_set(err, "this is no whole answer to a query (flags %04x)", records->flags);
    if (records_rcode(records) != RCODE_NOERROR)
        return error_set(err, "the primary answers %s", rcode_word(records_rcode(records)));
    const bool same = records->qname_len == in->apex_len && memcmp(records->qname, in->apex, in->apex_len) == 0 && records->qtype == type &&
                      records->qclass == CLASS_IN;
    if (records->has_question ? !same : !in->begun)
        return error_set(err, "the answer is to another question");
    return true;
}

static uint32_t serial_of(const uint8_t *rdata, size_t len)
{
    return get_u32(rdata + len - SOA_SERIAL_FROM_END);
}

static bool at_apex(const struct axfr_in *in, const struct rr *rr)
{
    return rr->owner_len == in->apex_len && memcmp(rr->owner, in->apex, in->apex_len) == 0;
}

static bool complain(const struct rr *rr, const char *what, struct error *err)
{
    char owner[NAME_TEXT];
    return error_set(err, "%.300s TYPE%u: %s", name_to_text(rr->owner, owner), rr->type, what);
}

/* RDATA in full, in in->rdata. */
static bool expand(struct axfr_in *in, const struct records *records, const struct rr *rr, size_t *ret_len, struct error *err)
{
    struct writer w = writer_over(in->rdata, RDATA_ROOM);
    *ret_len = 0;
    if (!rr_expand(records, rr, &w) || writer_len(&w) > UINT16_MAX)
        return complain(rr, "malformed", err);
    *ret_len = writer_len(&w);
    return rr->type != TYPE_SOA || *ret_len > SOA_SERIAL_FROM_END + 1 || complain(rr, "malformed", err);
}

bool axfr_in_read_soa(struct axfr_in *in, uint8_t *message, size_t len, uint64_t now_s, uint32_t *ret_serial, struct error *err)
{
    struct records records;
    struct rr rr;
    size_t rdata_len;
    bool found = false;
    if (!open_message(in, TYPE_SOA, message, &len, now_s, &records, err))
        return false;
    while (records_next(&records, &rr)) {
        if (rr.section != SECTION_ANSWER || rr.type != TYPE_SOA || !at_apex(in, &rr) || rr.class != CLASS_IN)
            continue;
        if (!expand(in, &records, &rr, &rdata_len, err))
            return false;
        *ret_serial = serial_of(in->rdata, rdata_len);
        found = true;
    }
    if (records.bad)
        return error_set(err, "the answer is malformed");
    if (!(records.flags & FLAG_AA))
        return error_set(err, "the primary has no authority for the zone");
    return found || error_set(err, "the primary's answer has no SOA");
}

static bool take(struct axfr_in *in, const struct rr *rr, size_t len, struct error *err)
{
    in->records++;
    in->expanded += rr->owner_len + RECORD_OCTETS + len;
    return within_limit(in, err) && in->take(in->context, rr->owner, rr->type, rr->ttl_s, in->rdata, (uint16_t)len, err);
}

/* Letters are equal in both cases: a primary that compresses may have taken them from another name (RFC 4343). */
static void fold_soa(uint8_t *rdata, size_t len)
{
    name_fold(rdata, len - SOA_SERIAL_FROM_END);
}

/* The first SOA begins the zone, the second one ends it, and both are the same. */
static bool take_soa(struct axfr_in *in, const struct rr *rr, size_t len, struct error *err)
{
    if (!at_apex(in, rr))
        return complain(rr, "an SOA that is not the zone's", err);
    if (in->begun) {
        in->ended = true;
        fold_soa(in->rdata, len);
        return (len == in->soa_len && memcmp(in->soa, in->rdata, len) == 0) ||
               complain(rr, "the last SOA is not the first one: the zone has changed meanwhile", err);
    }
    in->begun = true;
    in->serial = serial_of(in->rdata, len);
    in->soa = mem_copy(in->rdata, len);
    in->soa_len = len;
    fold_soa(in->soa, len);
    return take(in, rr, len, err);
}

static bool take_record(struct axfr_in *in, const struct records *records, const struct rr *rr, struct error *err)
{
    size_t len;
    if (in->ended)
        return complain(rr, "a record behind the last SOA", err);
    if (rr->class != CLASS_IN)
        return complain(rr, "of another class than IN", err);
    if (!name_below(rr->owner, rr->owner_len, in->apex, in->apex_len, NULL))
        return complain(rr, "outside the zone", err);
    if (rr->type == 0 || rr->type == TYPE_OPT || (rr->type >= QTYPE_FIRST && rr->type <= QTYPE_LAST))
        return complain(rr, "this is no type of data", err);
    if (!expand(in, records, rr, &len, err))
        return false;
    if (rr->type == TYPE_SOA)
        return take_soa(in, rr, len, err);
    return in->begun ? take(in, rr, len, err) : complain(rr, "the first record is no SOA", err);
}

bool axfr_in_read(struct axfr_in *in, uint8_t *message, size_t len, uint64_t now_s, struct error *err)
{
    struct records records;
    struct rr rr;
    if (!open_message(in, TYPE_AXFR, message, &len, now_s, &records, err))
        return false;
    while (records_next(&records, &rr))
        if (rr.section == SECTION_ANSWER && !take_record(in, &records, &rr, err))
            return false;
    if (records.bad)
        return error_set(err, "message %llu is malformed", (unsigned long long)in->messages);
    if (!in->begun)
        return error_set(err, "the first message has no record");
    return !in->ended || in->last_signed || error_set(err, "the last message is not signed");
}
