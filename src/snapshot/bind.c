#include "snapshot/bind.h"

#include "base/memory.h"

#include <stdlib.h>

static bool bind_service_name(struct builder *b, uint32_t index)
{
    const struct service *service = &b->world->config->services[index];
    uint8_t octets[NAME_OCTETS];
    const size_t len = name_from_text(service->name, octets);
    const uint32_t name = len ? build_find(b, octets, len) : NONE;
    if (len && build_in_absent_zone(b, octets, len))
        return true; /* it will be bound when the zone has come */
    if (name == NONE)
        return report_error(b->report, b->world->config->path, "services: %s: no zone file has this name", service->name);
    if (b->world->names[name].cut != NONE)
        return report_error(b->report, b->world->config->path, "services: %s: the zone file delegates this name away", service->name);
    if (zone_rrset(b->nodes[name], TYPE_CNAME))
        return report_error(b->report, b->world->config->path, "services: %s: is a CNAME in the zone file; name the service it leads to",
                            service->name);
    b->service_of[name] = index;
    return true;
}

static void mark_service(struct binding *binding, uint32_t service)
{
    const struct config *config = binding->b->world->config;
    const struct service *of = &config->services[service];
    memset(binding->in_service, 0, bind_words(binding->b) * sizeof *binding->in_service);
    for (size_t s = 0; s < of->site_count; s++) {
        const struct site *site = &config->sites[of->sites[s]];
        for (unsigned e = site->first_endpoint; e < (unsigned)site->first_endpoint + site->endpoint_count; e++)
            binding->in_service[e / 64] |= (uint64_t)1 << (e % 64);
    }
}

/* The service that an SRV owner belongs to, or NONE. */
static uint32_t srv_service(const struct builder *b, uint32_t index, int *ret_transport)
{
    const struct name *name = &b->world->names[index];
    if (!bind_srv_transport(name->octets, ret_transport))
        return NONE;
    const size_t first = name->octets[0] + 1u, two = first + name->octets[first] + 1u;
    const uint32_t base = build_find(b, name->octets + two, name->len - two);
    return base == NONE ? NONE : b->service_of[base];
}

/* One record with the target "." says that the service is not there (RFC 2782): nothing to steer. */
static bool is_absent(const struct rrset *set)
{
    return set->count == 1 && set->rdatas[0].octets[6] == 0;
}

/* What of a name is steered, but for NAPTR, which needs to know the rest. */
static bool bind_name(struct binding *binding, uint32_t index)
{
    struct builder *b = binding->b;
    const struct rrset *srv = zone_rrset(b->nodes[index], TYPE_SRV);
    int transport;
    const uint32_t service = b->service_of[index], of_srv = srv && !is_absent(srv) ? srv_service(b, index, &transport) : NONE;
    bool good = true;
    if (b->world->names[index].cut != NONE)
        return true;
    if (of_srv != NONE) {
        mark_service(binding, of_srv);
        good = bind_rrset(binding, of_srv, index, srv, transport);
    }
    if (service == NONE)
        return good;
    mark_service(binding, service);
    static const uint16_t types[] = {TYPE_A, TYPE_AAAA};
    for (unsigned t = 0; t < 2; t++) {
        const struct rrset *set = zone_rrset(b->nodes[index], types[t]);
        if (set)
            good = bind_rrset(binding, service, index, set, -1) && good;
    }
    return good;
}

static bool offers_nothing(const struct binding *binding, uint32_t service)
{
    for (size_t w = 0; w < bind_words(binding->b); w++)
        if (binding->union_of[service][w])
            return false;
    return true;
}

static bool bind_names(struct binding *binding)
{
    struct builder *b = binding->b;
    bool good = true;
    for (uint32_t i = 0; i < b->world->name_count; i++)
        good = bind_name(binding, i) && good;
    for (uint32_t i = 0; good && i < b->world->name_count; i++) {
        const uint32_t service = b->service_of[i];
        if (service == NONE)
            continue;
        const struct rrset *naptr = zone_rrset(b->nodes[i], TYPE_NAPTR);
        if (offers_nothing(binding, service))
            good = report_error(b->report, b->world->config->path, "services: %s: the zone file has no A, AAAA or SRV record to steer",
                                b->world->config->services[service].name);
        else if (naptr)
            good = bind_naptr(binding, service, i, naptr) && good;
        if (good)
            bind_offer(binding, service);
    }
    return good;
}

static void fill_none(uint32_t *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        entries[i] = NONE;
}

static void begin(struct binding *binding)
{
    struct builder *b = binding->b;
    const struct world *world = b->world;
    b->service_of = mem_new(world->name_count, sizeof *b->service_of);
    b->steered_of = mem_new(world->name_count, sizeof *b->steered_of);
    fill_none(b->service_of, world->name_count);
    fill_none(b->steered_of, world->name_count);
    binding->endpoint_of_name = mem_new(world->name_count, sizeof *binding->endpoint_of_name);
    memset(binding->endpoint_of_name, 0xff, world->name_count * sizeof *binding->endpoint_of_name);
    binding->in_service = mem_new(bind_words(b), sizeof *binding->in_service);
    binding->union_of = mem_new(world->config->service_count, sizeof *binding->union_of);
    size_t size = 16;
    while (size <
           4 * world->name_count + 4 * world->config->service_count) /* three RRsets of a service, one of an SRV owner: at most half full */
        size *= 2;
    binding->table_mask = size - 1;
    binding->offers = mem_new(size, sizeof *binding->offers);
    binding->specs = mem_new(size, sizeof *binding->specs);
    binding->shapes = mem_new(size, sizeof *binding->shapes);
    for (size_t i = 0; i < world->config->service_count; i++)
        binding->union_of[i] = mem_new(bind_words(b), sizeof **binding->union_of);
}

static void end(struct binding *binding)
{
    for (size_t i = 0; i < binding->b->world->config->service_count; i++)
        free(binding->union_of[i]);
    free(binding->union_of);
    free(binding->in_service);
    free(binding->endpoint_of_name);
    free(binding->owners);
    free(binding->offers);
    free(binding->specs);
    free(binding->shapes);
    free(binding->records);
}

bool build_bindings(struct builder *b)
{
    struct binding binding = {.b = b};
    begin(&binding);
    bool good = bind_endpoints(&binding);
    for (uint32_t i = 0; i < b->world->config->service_count; i++)
        good = bind_service_name(b, i) && good;
    good = good && bind_names(&binding);
    end(&binding);
    return good;
}
