#include "transfer/axfr.h"

#include "base/invariant.h"
#include "base/memory.h"
#include "dns/compress.h"
#include "dns/opt.h"

#include <stdlib.h>

enum {
    MESSAGE_GOOD = 16 << 10, /* octets; compression pointers reach no farther */
    QUESTION_TAIL = 4,
    SOA_NUMBERS = 20,
    ANCOUNT_AT = 6,
};

enum phase { PHASE_FIRST_SOA, PHASE_NODES, PHASE_NSEC3, PHASE_LAST_SOA, PHASE_DONE };

/* The record that comes next. */
struct cursor {
    enum phase phase;
    size_t node;
    unsigned set, record; /* record: behind the set's RDATA come its signatures */
};

struct axfr {
    struct stream stream; /* first: it is the whole for serve/ */
    struct zone *zone;
    struct config *config;
    struct axfr_request request;
    uint8_t question[NAME_OCTETS + QUESTION_TAIL];
    struct tsig tsig;
    struct cursor at;
    uint64_t records, octets, messages;
};

struct record {
    const uint8_t *owner;
    uint16_t type;
    uint32_t ttl_s;
    const struct rdata *rdata;
};

static const struct rrset *soa_of(const struct zone *zone)
{
    return zone_rrset(&zone->nodes[0], TYPE_SOA);
}

static const struct zone_node *nodes_of(const struct zone *zone, enum phase phase, size_t *ret_count)
{
    *ret_count = phase == PHASE_NODES ? zone->node_count : zone->nsec3_count;
    return phase == PHASE_NODES ? zone->nodes : zone->nsec3_nodes;
}

/* Whether the place holds a record to be sent; the SOA goes first and last, not here. */
static bool record_at(const struct zone *zone, const struct cursor *at, struct record *ret_record)
{
    size_t count;
    const struct zone_node *nodes = nodes_of(zone, at->phase, &count);
    const struct rrset *set = &nodes[at->node].rrsets[at->set];
    const bool signature = at->record >= set->count;
    if (set->type == TYPE_SOA && !signature)
        return false;
    *ret_record = (struct record){.owner = nodes[at->node].name,
                                  .type = signature ? TYPE_RRSIG : set->type,
                                  .ttl_s = set->ttl_s,
                                  .rdata = signature ? &set->rrsigs[at->record - set->count] : &set->rdatas[at->record]};
    return true;
}

/* Forward to the next record, set, node or phase. */
static void advance(const struct zone *zone, struct cursor *at)
{
    size_t count;
    if (at->phase == PHASE_FIRST_SOA || at->phase == PHASE_LAST_SOA) {
        at->phase++;
        return;
    }
    const struct zone_node *nodes = nodes_of(zone, at->phase, &count);
    if (at->node < count && at->set < nodes[at->node].rrset_count) {
        const struct rrset *set = &nodes[at->node].rrsets[at->set];
        if (++at->record < (unsigned)set->count + set->rrsig_count)
            return;
        at->record = 0;
        if (++at->set < nodes[at->node].rrset_count)
            return;
    }
    at->set = 0;
    if (at->node + 1 < count) {
        at->node++;
    } else {
        at->node = 0;
        at->phase++;
    }
}

/* The record at the cursor, which is moved to the next one that there is. False: the stream has ended. */
static bool current(const struct zone *zone, struct cursor *at, struct record *ret_record)
{
    for (; at->phase != PHASE_DONE; advance(zone, at)) {
        size_t count;
        if (at->phase == PHASE_FIRST_SOA || at->phase == PHASE_LAST_SOA) {
            const struct rrset *soa = soa_of(zone);
            *ret_record = (struct record){zone->apex, TYPE_SOA, soa->ttl_s, &soa->rdatas[0]};
            return true;
        }
        const struct zone_node *nodes = nodes_of(zone, at->phase, &count);
        if (at->node < count && at->set < nodes[at->node].rrset_count && record_at(zone, at, ret_record))
            return true;
    }
    return false;
}

/* Only the types of RFC 1035 may have names compressed in their RDATA (RFC 3597 4). */
static void write_rdata(struct compressor *c, const struct record *record)
{
    const uint8_t *at = record->rdata->octets;
    switch (record->type) {
    case TYPE_NS:
    case TYPE_CNAME:
    case TYPE_PTR: compress_name(c, at); return;
    case TYPE_MX:
        write_bytes(&c->w, at, 2);
        compress_name(c, at + 2);
        return;
    case TYPE_SOA:
        compress_name(c, at);
        at += name_len(at);
        compress_name(c, at);
        write_bytes(&c->w, at + name_len(at), SOA_NUMBERS);
        return;
    default: write_bytes(&c->w, at, record->rdata->len);
    }
}

/* False, and nothing written, when it does not fit before limit. */
static bool write_record(struct compressor *c, const struct record *record, size_t limit)
{
    const struct writer before = c->w;
    const unsigned names = c->name_count, pointers = c->pointer_count;
    compress_name(c, record->owner);
    write_u16(&c->w, record->type);
    write_u16(&c->w, CLASS_IN);
    write_u32(&c->w, record->ttl_s);
    uint8_t *len = write_span(&c->w, 2);
    const size_t rdata_at = writer_len(&c->w);
    write_rdata(c, record);
    if (!c->w.bad && writer_len(&c->w) <= limit) {
        put_u16(len, (uint16_t)(writer_len(&c->w) - rdata_at));
        return true;
    }
    c->w = before;
    c->name_count = names;
    c->pointer_count = pointers;
    return false;
}

static void begin_message(struct compressor *c, const struct axfr_request *request, uint8_t *out, size_t room)
{
    const size_t name_octets = request->question_len - QUESTION_TAIL;
    compress_begin(c, out, room, request->question, name_octets, true);
    memcpy(out + HEADER_LEN + name_octets, request->question + name_octets, QUESTION_TAIL);
    put_u16(out, request->id);
    put_u16(out + 2, (uint16_t)(FLAG_QR | FLAG_AA | (request->flags & FLAG_RD)));
    put_u16(out + 4, 1);
}

/* Header counts, and OPT where the query had one. */
static size_t end_message(struct compressor *c, const struct axfr_request *request, unsigned records)
{
    const struct opt opt = {.present = request->edns};
    put_u16(c->w.start + ANCOUNT_AT, (uint16_t)records);
    put_u16(c->w.start + ANCOUNT_AT + 4, request->edns);
    opt_write(&c->w, &opt, RCODE_NOERROR, UDP_CAP, request->dnssec_ok);
    invariant(!c->w.bad);
    return writer_len(&c->w);
}

static size_t kept_free(const struct axfr *axfr)
{
    return (axfr->request.edns ? OPT_LEN : 0) + (axfr->request.tsig ? tsig_room(&axfr->tsig) : 0);
}

/* Messages of good size; a record that is larger than that has one for itself. */
static size_t next_message(struct stream *stream, uint8_t *out, size_t room)
{
    struct axfr *axfr = (struct axfr *)stream;
    struct compressor c;
    struct record record;
    unsigned records = 0;
    const size_t most = room - kept_free(axfr);
    begin_message(&c, &axfr->request, out, room);
    while (records < UINT16_MAX && current(axfr->zone, &axfr->at, &record) &&
           write_record(&c, &record,
                        records == 0          ? most
                        : most < MESSAGE_GOOD ? most
                                              : MESSAGE_GOOD)) {
        advance(axfr->zone, &axfr->at);
        records++;
    }
    if (records == 0)
        return 0;
    size_t len = end_message(&c, &axfr->request, records);
    if (axfr->request.tsig)
        len = tsig_sign(&axfr->tsig, out, len, room, (uint64_t)axfr->request.wall_s());
    axfr->records += records;
    axfr->octets += len;
    axfr->messages++;
    return len;
}

static void tell_end(const struct axfr *axfr)
{
    struct ledger_event event = {.kind = axfr->at.phase == PHASE_DONE ? LEDGER_SENT : LEDGER_BROKEN,
                                 .peer = axfr->request.peer,
                                 .serial = axfr->zone->serial,
                                 .records = axfr->records,
                                 .octets = axfr->octets,
                                 .messages = axfr->messages};
    memcpy(event.zone, axfr->zone->apex, axfr->zone->apex_len);
    ledger_tell(axfr->request.ledger, &event);
}

static void end_stream(struct stream *stream)
{
    struct axfr *axfr = (struct axfr *)stream;
    if (axfr->request.ledger)
        tell_end(axfr);
    zone_unref(axfr->zone);
    config_unref(axfr->config);
    free(axfr);
}

struct stream *axfr_new(struct zone *zone, struct config *config, const struct axfr_request *request)
{
    struct axfr *axfr = mem_new(1, sizeof *axfr);
    *axfr = (struct axfr){
        .stream = {.next = next_message, .free = end_stream, .transfer = true}, .zone = zone, .config = config, .request = *request};
    memcpy(axfr->question, request->question, request->question_len);
    axfr->request.question = axfr->question;
    if (request->tsig)
        axfr->tsig = *request->tsig;
    return &axfr->stream;
}

size_t axfr_soa_alone(const struct zone *zone, const struct axfr_request *request, uint8_t *out, size_t room)
{
    struct compressor c;
    const struct rrset *soa = soa_of(zone);
    const struct record record = {zone->apex, TYPE_SOA, soa->ttl_s, &soa->rdatas[0]};
    begin_message(&c, request, out, room);
    const bool fits = write_record(&c, &record, room - (request->edns ? OPT_LEN : 0));
    return end_message(&c, request, fits);
}
