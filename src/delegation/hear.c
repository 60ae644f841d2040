#include "delegation/hear.h"

#include <string.h>

static bool begin(const struct exchange *exchange, struct records *ret)
{
    return exchange->outcome == OUTCOME_ANSWERED && records_begin(ret, exchange->reply, exchange->reply_len);
}

struct heard hear(const struct exchange *exchange)
{
    struct heard heard = {.outcome = exchange->outcome, .passed_over = exchange->passed_over};
    struct records records;
    struct rr rr;
    if (!begin(exchange, &records))
        return heard;
    heard.authoritative = records.flags & FLAG_AA;
    heard.rcode = records_rcode(&records);
    while (records_next(&records, &rr)) {
        if (rr.type != TYPE_OPT)
            continue;
        heard.edns = true;
        heard.rcode |= rr.ttl_s >> 24 << 4;
    }
    return heard;
}

static bool read_addr(const struct records *records, const struct rr *rr, struct addr *ret)
{
    const enum family family = rr->type == TYPE_A ? FAMILY_V4 : rr->type == TYPE_AAAA ? FAMILY_V6 : FAMILY_NONE;
    if (family == FAMILY_NONE || rr->class != CLASS_IN || rr->rdata_len != addr_octets(family))
        return false;
    *ret = (struct addr){.family = (uint8_t)family};
    memcpy(ret->bytes, records->r.start + rr->rdata_at, rr->rdata_len);
    return true;
}

static void put_server(const struct records *records, const struct rr *rr, const uint8_t *zone, size_t zone_len, struct ns_set *ret)
{
    uint8_t name[NAME_OCTETS];
    struct reader r = rr_rdata(records, rr);
    const size_t len = name_expand(&r, name);
    name_fold(name, len);
    struct ns *ns = len > 0 && reader_left(&r) == 0 ? ns_put(ret, name, len) : NULL;
    if (ns)
        ns->inside = name_below(name, len, zone, zone_len, NULL);
}

void hear_servers(const struct exchange *exchange, const uint8_t *zone, size_t zone_len, struct ns_set *ret)
{
    struct records records;
    struct rr rr;
    struct addr addr;
    if (!begin(exchange, &records))
        return;
    while (records_next(&records, &rr)) {
        struct ns *ns;
        if (rr.section != SECTION_ADDITIONAL) {
            if (rr.type == TYPE_NS && rr.class == CLASS_IN && rr.owner_len == zone_len && memcmp(rr.owner, zone, zone_len) == 0)
                put_server(&records, &rr, zone, zone_len, ret);
        } else if (read_addr(&records, &rr, &addr) && (ns = ns_find(ret, rr.owner, rr.owner_len))) {
            ns_put_addr(ns, &addr);
        }
    }
}

void hear_addresses(const struct exchange *exchange, struct ns *ns)
{
    struct records records;
    struct rr rr;
    struct addr addr;
    if (!begin(exchange, &records))
        return;
    while (records_next(&records, &rr)) {
        if (rr.section != SECTION_ANSWER)
            continue;
        ns->alias |= rr.type == TYPE_CNAME;
        if (read_addr(&records, &rr, &addr))
            ns_put_addr(ns, &addr);
    }
}

/* Answer records of this type and the exchange's own name, one after another. */
static bool next_answer(struct records *records, const struct exchange *exchange, uint16_t type, struct rr *ret)
{
    const size_t len = name_len(exchange->query.name);
    while (records_next(records, ret))
        if (ret->section == SECTION_ANSWER && ret->type == type && ret->class == CLASS_IN && ret->owner_len == len &&
            memcmp(ret->owner, exchange->query.name, len) == 0)
            return true;
    return false;
}

void hear_ds(const struct exchange *exchange, struct ds_set *ret)
{
    struct records records;
    struct rr rr;
    if (!begin(exchange, &records))
        return;
    while (ret->count < DS_MAX && next_answer(&records, exchange, TYPE_DS, &rr)) {
        struct ds *ds = &ret->items[ret->count];
        if (rr.rdata_len <= 4 || rr.rdata_len > sizeof ds->octets)
            continue;
        memcpy(ds->octets, records.r.start + rr.rdata_at, rr.rdata_len);
        ds->len = (uint8_t)rr.rdata_len;
        ret->count++;
    }
}

static void hear_rrsigs(const struct exchange *exchange, struct server_view *view)
{
    struct records records;
    struct rr rr;
    if (!begin(exchange, &records))
        return;
    while (view->rrsig_count < RRSIGS_MAX && next_answer(&records, exchange, TYPE_RRSIG, &rr)) {
        struct reader r = rr_rdata(&records, &rr);
        struct rrsig_seen *seen = &view->rrsigs[view->rrsig_count];
        seen->covered = read_u16(&r);
        seen->algorithm = read_u8(&r);
        read_span(&r, 5);
        seen->expiration = read_u32(&r);
        seen->inception = read_u32(&r);
        seen->tag = read_u16(&r);
        view->rrsig_count += !r.bad;
    }
}

/* RFC 1035 3.3.13: two names, then the serial. */
void hear_soa(const struct exchange *exchange, struct server_view *view)
{
    struct records records;
    struct rr rr;
    uint8_t name[NAME_OCTETS];
    if (!begin(exchange, &records) || !next_answer(&records, exchange, TYPE_SOA, &rr))
        return;
    struct reader r = rr_rdata(&records, &rr);
    name_expand(&r, name);
    name_expand(&r, name);
    view->serial = read_u32(&r);
    view->has_soa = !r.bad;
    hear_rrsigs(exchange, view);
}

void hear_keys(const struct exchange *exchange, struct server_view *view)
{
    struct records records;
    struct rr rr;
    if (!begin(exchange, &records))
        return;
    while (view->dnskey_count < ZONE_KEYS_MAX && next_answer(&records, exchange, TYPE_DNSKEY, &rr)) {
        struct dnskey_seen *key = &view->dnskeys[view->dnskey_count];
        if (rr.rdata_len <= 4 || rr.rdata_len > sizeof key->octets)
            continue;
        memcpy(key->octets, records.r.start + rr.rdata_at, rr.rdata_len);
        key->len = rr.rdata_len;
        key->flags = get_u16(key->octets);
        view->dnskey_count++;
    }
    hear_rrsigs(exchange, view);
}
