/* One steered RRset: its records sorted by endpoint and written as fragments, and the spec of the plan that chooses among them. */
#include "base/memory.h"
#include "snapshot/bind.h"

#include <stdlib.h>

enum { SRV_PORT_AT = 4, SRV_TARGET_AT = 6, DOUBT_TTL_S = 5, FRAGMENT_ROOM = 12 };

bool bind_srv_transport(const uint8_t *owner, int *ret_transport)
{
    static const struct {
        const char *labels;
        enum transport transport;
    } known[] = {{"\4_sip\4_udp", TRANSPORT_UDP}, {"\4_sip\4_tcp", TRANSPORT_TCP},  {"\5_sips\4_tcp", TRANSPORT_TLS},
                 {"\4_sip\4_tls", TRANSPORT_TLS}, {"\5_sips\4_tls", TRANSPORT_TLS}, {"\4_sip\3_ws", TRANSPORT_WS},
                 {"\5_sips\3_ws", TRANSPORT_WSS}, {"\4_sip\4_wss", TRANSPORT_WSS}};
    if (owner[0] < 2 || owner[1] != '_')
        return false;
    const uint8_t *protocol = owner + owner[0] + 1;
    if (protocol[0] < 2 || protocol[1] != '_')
        return false;
    *ret_transport = -1;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (memcmp(owner, known[i].labels, strlen(known[i].labels)) == 0)
            *ret_transport = (int)known[i].transport;
    return true;
}

static bool has(const uint64_t *bits, unsigned i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

static void set_bit(uint64_t *bits, unsigned i)
{
    bits[i / 64] |= (uint64_t)1 << (i % 64);
}

static void add_record(struct binding *binding, unsigned endpoint, unsigned record)
{
    binding->records = mem_grow(binding->records, &binding->record_room, binding->record_count + 1, sizeof *binding->records);
    binding->records[binding->record_count++] = (struct bound_record){.endpoint = (uint16_t)endpoint, .record = (uint16_t)record};
}

/* First owner of an address in the sorted table. */
static size_t first_owner(const struct binding *binding, const struct addr *addr)
{
    size_t low = 0, high = binding->owner_count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (memcmp(&binding->owners[middle].addr, addr, sizeof *addr) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The endpoints of the service that an address record is for. */
static bool bind_address(struct binding *binding, const struct rrset *set, unsigned record)
{
    struct addr addr = {.family = set->type == TYPE_A ? FAMILY_V4 : FAMILY_V6};
    memcpy(addr.bytes, set->rdatas[record].octets, addr_octets(addr.family));
    const size_t before = binding->record_count;
    for (size_t i = first_owner(binding, &addr); i < binding->owner_count && addr_equal(&binding->owners[i].addr, &addr); i++)
        if (has(binding->in_service, binding->owners[i].endpoint))
            add_record(binding, binding->owners[i].endpoint, record);
    return binding->record_count > before;
}

static bool bind_srv(struct binding *binding, const struct rrset *set, unsigned record)
{
    uint8_t target[NAME_OCTETS];
    const size_t len = build_lower(set->rdatas[record].octets + SRV_TARGET_AT, target);
    const uint32_t name = build_find(binding->b, target, len);
    const uint16_t endpoint = name == NONE ? UINT16_MAX : binding->endpoint_of_name[name];
    if (endpoint == UINT16_MAX || !has(binding->in_service, endpoint))
        return false;
    add_record(binding, endpoint, record);
    return true;
}

static bool bind_records(struct binding *binding, uint32_t service, uint32_t name, const struct rrset *set)
{
    struct builder *b = binding->b;
    bool good = true;
    binding->record_count = 0;
    for (unsigned i = 0; i < set->count; i++) {
        if (set->type == TYPE_SRV ? bind_srv(binding, set, i) : bind_address(binding, set, i))
            continue;
        const struct name *owner = &b->world->names[name];
        char *text = zone_record_text(owner->octets, set->type, set->ttl_s, set->rdatas[i].octets, set->rdatas[i].len);
        good = report_error(b->report, b->world->zones[owner->zone]->file, "\"%s\": not an endpoint of the sites of service %s",
                            text ? text : "?", b->world->config->services[service].name);
        free(text);
    }
    return good;
}

static int by_endpoint(const void *a, const void *b)
{
    const struct bound_record *x = a, *y = b;
    return x->endpoint != y->endpoint ? x->endpoint - y->endpoint : x->record - y->record;
}

static struct offer *new_offer(struct world *world, const uint64_t *bits, size_t words)
{
    struct offer *offer = arena_new(&world->arena, sizeof *offer);
    unsigned first = 0, end = (unsigned)world->config->endpoint_count;
    while (first < end && !has(bits, first))
        first++;
    while (end > first && !has(bits, end - 1))
        end--;
    offer->first = (uint16_t)first;
    offer->endpoints = arena_new(&world->arena, words * sizeof *bits);
    memcpy(offer->endpoints, bits, words * sizeof *bits);
    offer->places = arena_new(&world->arena, (end - first) * sizeof *offer->places);
    for (unsigned e = first; e < end; e++)
        if (has(bits, e))
            offer->places[e - first] = offer->count++;
    return offer;
}

/* The offer with exactly these endpoints, made if there was none. */
static const struct offer *share_offer(struct binding *binding, const uint64_t *bits)
{
    const size_t words = bind_words(binding->b);
    const uint64_t hash = hash_bytes(bits, words * sizeof *bits, 0);
    size_t at;
    for (at = hash & binding->table_mask; binding->offers[at]; at = (at + 1) & binding->table_mask) {
        const struct offer *offer = binding->offers[at];
        if (memcmp(offer->endpoints, bits, words * sizeof *bits) == 0)
            return offer;
    }
    return binding->offers[at] = new_offer(binding->b->world, bits, words);
}

static const struct offer *offer_of_records(struct binding *binding, uint32_t service)
{
    uint64_t *bits = mem_new(bind_words(binding->b), sizeof *bits);
    for (size_t i = 0; i < binding->record_count; i++) {
        set_bit(bits, binding->records[i].endpoint);
        set_bit(binding->union_of[service], binding->records[i].endpoint);
    }
    const struct offer *offer = share_offer(binding, bits);
    free(bits);
    return offer;
}

static size_t fragment_len(const struct rdata *rdata)
{
    return FRAGMENT_ROOM + rdata->len;
}

static void write_fragment(struct writer *w, uint16_t type, uint32_t ttl_s, const struct rdata *rdata)
{
    write_u16(w, OWNER_IS_QUESTION);
    build_write_record(w, type, ttl_s, rdata);
}

/* The whole RRset, for the service that serves it so when everything is down. */
static void write_whole(struct binding *binding, const struct rrset *set, struct steered *steered)
{
    struct world *world = binding->b->world;
    if (world->config->services[steered->service].on_all_down != ALL_DOWN_STATIC)
        return;
    size_t room = 0;
    for (unsigned i = 0; i < set->count; i++)
        room += fragment_len(&set->rdatas[i]);
    uint8_t *octets = arena_new(&world->arena, room);
    struct writer w = writer_over(octets, room);
    for (unsigned i = 0; i < set->count; i++)
        write_fragment(&w, set->type, steered->ttl_s, &set->rdatas[i]);
    steered->whole = octets;
    steered->whole_len = room;
}

/* Octets of the records in binding->records (sorted by endpoint), one end for each place of the offer. */
static void write_fragments(struct binding *binding, const struct rrset *set, struct steered *steered)
{
    struct arena *arena = &binding->b->world->arena;
    size_t room = 0;
    for (size_t i = 0; i < binding->record_count; i++)
        room += fragment_len(&set->rdatas[binding->records[i].record]);
    uint8_t *octets = arena_new(arena, room);
    struct writer w = writer_over(octets, room);
    uint32_t *ends = arena_new(arena, steered->offer->count * sizeof *ends);
    for (size_t i = 0; i < binding->record_count; i++) {
        const struct bound_record *record = &binding->records[i];
        write_fragment(&w, set->type, steered->ttl_s, &set->rdatas[record->record]);
        ends[offer_place(steered->offer, record->endpoint)] = (uint32_t)writer_len(&w);
    }
    steered->octets = octets;
    steered->ends = ends;
}

/* But for the service. */
static bool same_spec(const struct plan_spec *a, const struct plan_spec *b)
{
    return a->purpose == b->purpose && a->by_winner == b->by_winner && a->policy == b->policy && a->srv == b->srv &&
           a->on_all_down == b->on_all_down && a->targets == b->targets && a->transport == b->transport && a->family == b->family &&
           a->offered == b->offered && a->depends == b->depends && a->site_count == b->site_count &&
           memcmp(a->sites, b->sites, a->site_count) == 0;
}

static uint64_t spec_hash(const struct plan_spec *spec)
{
    const uint64_t parts[] = {(uintptr_t)spec->offered, spec->purpose, spec->by_winner,           spec->policy, spec->srv,
                              spec->on_all_down,        spec->targets, (uint64_t)spec->transport, spec->family, (uintptr_t)spec->depends};
    return hash_bytes(spec->sites, spec->site_count, hash_bytes(parts, sizeof parts, 0));
}

/* Services mostly choose alike: only planned switches tell their specs apart, so the first of a shape can speak for all of it. */
static uint32_t share_spec(struct binding *binding, const struct plan_spec *spec)
{
    struct world *world = binding->b->world;
    const uint64_t hash = spec_hash(spec);
    size_t shape, at;
    for (shape = hash & binding->table_mask; binding->shapes[shape]; shape = (shape + 1) & binding->table_mask)
        if (same_spec(&world->specs[binding->shapes[shape] - 1], spec))
            break;
    for (at = hash_mix(hash + spec->service) & binding->table_mask; binding->specs[at]; at = (at + 1) & binding->table_mask)
        if (world->specs[binding->specs[at] - 1].service == spec->service && same_spec(&world->specs[binding->specs[at] - 1], spec))
            return binding->specs[at] - 1;
    world->specs = mem_grow(world->specs, &world->spec_room, world->spec_count + 1, sizeof *world->specs);
    world->shapes = mem_grow(world->shapes, &world->shape_room, world->spec_count + 1, sizeof *world->shapes);
    world->specs[world->spec_count++] = *spec;
    binding->specs[at] = (uint32_t)world->spec_count;
    if (binding->shapes[shape] == 0)
        binding->shapes[shape] = (uint32_t)world->spec_count;
    world->shapes[world->spec_count - 1] = binding->shapes[shape] - 1;
    return binding->specs[at] - 1;
}

static struct steered *add_steered(struct binding *binding, uint32_t service, uint32_t name, uint16_t type)
{
    struct builder *b = binding->b;
    struct world *world = b->world;
    const struct service *of = &world->config->services[service];
    world->steered = mem_grow(world->steered, &world->steered_room, world->steered_count + 1, sizeof *world->steered);
    b->steered_next = mem_grow(b->steered_next, &b->next_room, world->steered_count + 1, sizeof *b->steered_next);
    struct steered *steered = &world->steered[world->steered_count];
    *steered = (struct steered){.type = type,
                                .sticky_v4 = of->sticky_v4,
                                .sticky_v6 = of->sticky_v6,
                                .spread_query = of->spread_query,
                                .is_signed = build_is_signed(b, world->names[name].zone),
                                .owner_len = world->names[name].len,
                                .name = name,
                                .service = service,
                                .zone = world->names[name].zone,
                                .ttl_s = of->ttl_s,
                                .doubt_ttl_s = of->ttl_s < DOUBT_TTL_S ? of->ttl_s : DOUBT_TTL_S};
    steered->sheet = steered->is_signed ? (uint32_t)world->sheet_count++ : NONE;
    b->steered_next[world->steered_count] = b->steered_of[name];
    b->steered_of[name] = (uint32_t)world->steered_count++;
    return steered;
}

static struct plan_spec spec_of(const struct binding *binding, uint32_t service, bool is_signed, const uint64_t *offered)
{
    const struct service *of = &binding->b->world->config->services[service];
    return (struct plan_spec){.purpose = PLAN_TARGETS,
                              .by_winner = is_signed,
                              .service = service,
                              .policy = of->policy,
                              .srv = of->srv,
                              .on_all_down = of->on_all_down,
                              .targets = of->targets,
                              .transport = -1,
                              .family = FAMILY_NONE,
                              .sites = of->sites,
                              .site_count = of->site_count,
                              .depends = of->depends,
                              .offered = offered};
}

static bool records_shared(const struct binding *binding)
{
    for (size_t i = 1; i < binding->record_count; i++)
        for (size_t k = 0; k < i; k++)
            if (binding->records[i].record == binding->records[k].record)
                return true;
    return false;
}

/* SRV records of one endpoint that differ in priority, weight or case alone: steering would make them one and the same. */
static void drop_alike(struct binding *binding, const struct rrset *set)
{
    size_t kept = 0;
    for (size_t i = 0; i < binding->record_count; i++) {
        const struct rdata *rdata = &set->rdatas[binding->records[i].record];
        bool alike = false;
        for (size_t k = kept; set->type == TYPE_SRV && k > 0 && binding->records[k - 1].endpoint == binding->records[i].endpoint; k--)
            alike |= memcmp(set->rdatas[binding->records[k - 1].record].octets + SRV_PORT_AT, rdata->octets + SRV_PORT_AT, 2) == 0;
        if (!alike)
            binding->records[kept++] = binding->records[i];
    }
    binding->record_count = kept;
}

bool bind_rrset(struct binding *binding, uint32_t service, uint32_t name, const struct rrset *set, int transport)
{
    if (!bind_records(binding, service, name, set))
        return false;
    const bool shared = set->type != TYPE_SRV && binding->record_count > set->count && records_shared(binding);
    qsort(binding->records, binding->record_count, sizeof *binding->records, by_endpoint);
    drop_alike(binding, set);
    struct steered *steered = add_steered(binding, service, name, set->type);
    steered->shared_addresses = shared;
    steered->offer = offer_of_records(binding, service);
    write_fragments(binding, set, steered);
    write_whole(binding, set, steered);
    struct plan_spec spec = spec_of(binding, service, steered->is_signed, steered->offer->endpoints);
    spec.transport = transport;
    spec.family = set->type == TYPE_A ? FAMILY_V4 : set->type == TYPE_AAAA ? FAMILY_V6 : FAMILY_NONE;
    steered->spec = share_spec(binding, &spec);
    return true;
}

void bind_offer(struct binding *binding, uint32_t service)
{
    binding->b->world->service_offers[service] = share_offer(binding, binding->union_of[service])->endpoints;
}

/* The transport of a NAPTR record, by the SRV owner it leads to (RFC 3403 4.1, RFC 3263 4.1); NAPTR_ALWAYS if it is none of the service's. */
static unsigned naptr_place(const struct binding *binding, uint32_t service, const struct rdata *rdata)
{
    const uint8_t *at = rdata->octets + 4, *end = rdata->octets + rdata->len;
    for (int text = 0; text < 3 && at < end; text++)
        at += *at + 1;
    uint8_t name[NAME_OCTETS];
    int transport;
    if (at >= end)
        return NAPTR_ALWAYS;
    const size_t len = build_lower(at, name);
    const uint32_t found = build_find(binding->b, name, len);
    if (found == NONE || !bind_srv_transport(name, &transport) || transport < 0)
        return NAPTR_ALWAYS;
    const uint8_t *base = name + name[0] + 1;
    base += *base + 1;
    const uint32_t base_name = build_find(binding->b, base, name_len(base));
    return base_name != NONE && binding->b->service_of[base_name] == service ? (unsigned)transport : NAPTR_ALWAYS;
}

bool bind_naptr(struct binding *binding, uint32_t service, uint32_t name, const struct rrset *set)
{
    struct arena *arena = &binding->b->world->arena;
    struct steered *steered = add_steered(binding, service, name, TYPE_NAPTR);
    size_t room = 0;
    for (unsigned i = 0; i < set->count; i++)
        room += fragment_len(&set->rdatas[i]);
    uint8_t *octets = arena_new(arena, room);
    struct writer w = writer_over(octets, room);
    uint32_t *ends = arena_new(arena, NAPTR_PLACES * sizeof *ends);
    for (unsigned place = 0; place < NAPTR_PLACES; place++) {
        for (unsigned i = 0; i < set->count; i++)
            if (naptr_place(binding, service, &set->rdatas[i]) == place)
                write_fragment(&w, TYPE_NAPTR, steered->ttl_s, &set->rdatas[i]);
        ends[place] = (uint32_t)writer_len(&w);
    }
    steered->octets = octets;
    steered->ends = ends;
    write_whole(binding, set, steered);
    struct plan_spec spec = spec_of(binding, service, steered->is_signed, share_offer(binding, binding->union_of[service])->endpoints);
    spec.purpose = PLAN_TRANSPORTS;
    steered->spec = share_spec(binding, &spec);
    return true;
}
