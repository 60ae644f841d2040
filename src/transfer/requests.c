#include "transfer/requests.h"

#include "dns/opt.h"
#include "dns/records.h"
#include "dns/serial.h"
#include "transfer/axfr.h"

enum { SOA_SERIAL_FROM_END = 20 };

static bool is_transfer(const struct query *query)
{
    return query->opcode == OPCODE_QUERY && query->has_question && (query->qtype == TYPE_AXFR || query->qtype == TYPE_IXFR);
}

bool zone_request_is(const struct query *query)
{
    return query->opcode == OPCODE_NOTIFY || is_transfer(query);
}

size_t bare_answer(const struct query *query, unsigned flags, uint8_t *out, size_t room)
{
    struct writer w = writer_over(out, room);
    const struct opt opt = {.present = query->edns};
    write_u16(&w, query->id);
    write_u16(&w, (uint16_t)(FLAG_QR | (query->flags & (FLAG_OPCODE | FLAG_RD)) | flags));
    write_u16(&w, query->has_question);
    write_u32(&w, 0);
    write_u16(&w, query->edns);
    write_bytes(&w, query->question, query->question_len);
    opt_write(&w, &opt, flags & 15, UDP_CAP, query->dnssec_ok);
    return writer_len(&w);
}

static bool in_one_of(const struct prefix *prefixes, size_t count, const struct addr *addr)
{
    for (size_t i = 0; i < count; i++) {
        struct addr masked = *addr;
        addr_mask(&masked, prefixes[i].len);
        if (addr_equal(&masked, &prefixes[i].addr))
            return true;
    }
    return false;
}

static const struct tsig_key *key_of(const struct zone_request *request)
{
    return request->tsig ? request->tsig->key : NULL;
}

static bool may_fetch(const struct zone_request *request, const struct transfer_config *transfer)
{
    const struct tsig_key *keys = world_config(request->world)->keys, *used = key_of(request);
    bool key_fits = transfer->key_count == 0;
    for (size_t i = 0; i < transfer->key_count; i++)
        key_fits |= used == &keys[transfer->keys[i]];
    return key_fits && in_one_of(transfer->allow, transfer->allow_count, request->peer);
}

static size_t refuse_transfer(const struct zone_request *request, uint8_t *out, size_t room)
{
    struct ledger_event event = {.kind = LEDGER_REFUSED, .peer = *request->peer};
    memcpy(event.zone, request->query->qname, request->query->qname_len);
    ledger_tell(request->ledger, &event);
    return bare_answer(request->query, RCODE_REFUSED, out, room);
}

/* The serial that an IXFR client has (RFC 1995 3): of the SOA in its authority section. */
static bool read_known_serial(const struct zone_request *request, uint32_t *ret_serial)
{
    struct records records;
    struct rr rr;
    bool found = false;
    if (!records_begin(&records, request->message, request->len))
        return false;
    while (records_next(&records, &rr)) {
        if (rr.section != SECTION_AUTHORITY || rr.type != TYPE_SOA || rr.rdata_len < SOA_SERIAL_FROM_END + 2)
            continue;
        *ret_serial = get_u32(request->message + rr.rdata_at + rr.rdata_len - SOA_SERIAL_FROM_END);
        found = true;
    }
    return found && !records.bad;
}

static struct axfr_request stream_request(const struct zone_request *request)
{
    const struct query *query = request->query;
    return (struct axfr_request){.id = query->id,
                                 .flags = query->flags,
                                 .question = query->question,
                                 .question_len = query->question_len,
                                 .edns = query->edns,
                                 .dnssec_ok = query->dnssec_ok,
                                 .tsig = request->tsig,
                                 .peer = *request->peer,
                                 .wall_s = request->wall_s,
                                 .ledger = request->ledger};
}

/* Who may fetch the zone gets it, or its SOA alone: who has it already, or has asked for a difference by UDP (RFC 1995 2 and 4). */
static size_t give_zone(const struct zone_request *request, unsigned number, uint8_t *out, size_t room, struct stream **ret_stream)
{
    const struct zone *zone = world_zone(request->world, number);
    const struct axfr_request of = stream_request(request);
    uint32_t known = 0;
    if (zone->absent)
        return bare_answer(request->query, RCODE_SERVFAIL, out, room);
    if (request->query->qtype == TYPE_AXFR && !ret_stream)
        return bare_answer(request->query, RCODE_FORMERR, out, room);
    if (request->query->qtype == TYPE_IXFR && !read_known_serial(request, &known))
        return bare_answer(request->query, RCODE_FORMERR, out, room);
    if (request->query->qtype == TYPE_IXFR && (!ret_stream || !serial_after(zone->serial, known)))
        return axfr_soa_alone(zone, &of, out, room);
    *ret_stream = axfr_new(world_zone_ref(request->world, number), world_config_ref(request->world), &of);
    return 0;
}

static size_t answer_transfer(const struct zone_request *request, uint8_t *out, size_t room, struct stream **ret_stream)
{
    const struct query *query = request->query;
    const int number = world_find_zone(request->world, query->qname, query->qname_len);
    if (query->rcode != RCODE_NOERROR)
        return bare_answer(query, query->rcode & 15, out, room);
    if (number < 0 || query->qclass != CLASS_IN)
        return bare_answer(query, RCODE_NOTAUTH, out, room);
    if (!may_fetch(request, &world_config(request->world)->zones[number].transfer))
        return refuse_transfer(request, out, room);
    return give_zone(request, (unsigned)number, out, room, ret_stream);
}

/* From the primary and, if it has a key, signed with it. */
static bool from_primary(const struct zone_request *request, const struct primary_config *primary)
{
    const struct tsig_key *keys = world_config(request->world)->keys;
    return addr_equal(request->peer, &primary->address.addr) && (primary->key == NO_KEY || key_of(request) == &keys[primary->key]);
}

static bool sound(const struct zone_request *request)
{
    struct records records;
    struct rr rr;
    if (!records_begin(&records, request->message, request->len))
        return false;
    while (records_next(&records, &rr))
        ;
    return !records.bad;
}

/* RFC 1996 4.7: answered at once; that the zone is looked at happens elsewhere. */
static size_t answer_notify(const struct zone_request *request, uint8_t *out, size_t room)
{
    const struct query *query = request->query;
    if (!query->has_question || query->qtype != TYPE_SOA || query->qclass != CLASS_IN || !sound(request))
        return bare_answer(query, RCODE_FORMERR, out, room);
    const int number = world_find_zone(request->world, query->qname, query->qname_len);
    const struct primary_config *primary = number < 0 ? NULL : &world_config(request->world)->zones[number].primary;
    if (!primary || primary->address.addr.family == FAMILY_NONE)
        return bare_answer(query, RCODE_NOTAUTH, out, room);
    if (!from_primary(request, primary))
        return bare_answer(query, RCODE_REFUSED, out, room);
    ledger_notified(request->ledger, (uint32_t)number);
    return bare_answer(query, FLAG_AA, out, room);
}

size_t zone_request_answer(const struct zone_request *request, uint8_t *out, size_t room, struct stream **ret_stream)
{
    return request->query->opcode == OPCODE_NOTIFY ? answer_notify(request, out, room) : answer_transfer(request, out, room, ret_stream);
}
