#include "base/memory.h"
#include "snapshot/bind.h"

#include <stdlib.h>

enum { FRAGMENT_HEADER = 10 /* type, class, TTL, RDLENGTH */ };

static const uint16_t address_types[] = {TYPE_A, TYPE_AAAA};

static void add_address(struct binding *binding, size_t endpoint, struct addr addr)
{
    struct world *world = binding->b->world;
    binding->owners = mem_grow(binding->owners, &binding->owner_room, binding->owner_count + 1, sizeof *binding->owners);
    binding->owners[binding->owner_count++] = (struct address_owner){.addr = addr, .endpoint = (uint16_t)endpoint};
    world->addresses[endpoint][world->address_counts[endpoint]++] = addr;
}

static struct glue make_glue(struct builder *b, const struct zone_node *node, bool secure)
{
    struct glue glue = {.count = 0};
    struct writer w = writer_over(b->maker->message, sizeof b->maker->message);
    for (unsigned t = 0; t < 2; t++) {
        const struct rrset *set = zone_rrset(node, address_types[t]);
        for (unsigned i = 0; set && i < set->count; i++, glue.count++)
            build_write_record(&w, set->type, set->ttl_s, &set->rdatas[i]);
        for (unsigned i = 0; set && secure && i < set->rrsig_count; i++, glue.count++)
            build_write_record(&w, TYPE_RRSIG, set->ttl_s, &set->rrsigs[i]);
    }
    if (w.bad)
        return (struct glue){.count = 0};
    glue.octets = arena_copy(&b->world->arena, b->maker->message, writer_len(&w));
    glue.len = (uint16_t)writer_len(&w);
    return glue;
}

/* The host's addresses, for probing, for the A and AAAA RRsets of services, and as glue behind SRV. */
static bool take_addresses(struct binding *binding, size_t endpoint, const struct zone_node *node)
{
    struct world *world = binding->b->world;
    size_t count = 0, room = 0;
    for (unsigned t = 0; t < 2; t++) {
        const struct rrset *set = zone_rrset(node, address_types[t]);
        count += set ? set->count : 0;
        room += set ? set->count * (FRAGMENT_HEADER + 16u) : 0;
    }
    if (room > UINT16_MAX)
        return report_error(binding->b->report, world->config->path, "endpoint %s: has more addresses than a message holds",
                            world->config->endpoints[endpoint].host);
    world->addresses[endpoint] = arena_new(&world->arena, count * sizeof(struct addr));
    for (unsigned t = 0; t < 2; t++) {
        const struct rrset *set = zone_rrset(node, address_types[t]);
        for (unsigned i = 0; set && i < set->count; i++) {
            struct addr addr = {.family = t == 0 ? FAMILY_V4 : FAMILY_V6};
            memcpy(addr.bytes, set->rdatas[i].octets, addr_octets(addr.family));
            add_address(binding, endpoint, addr);
        }
    }
    world->glue[endpoint] = (struct glue_pair){{make_glue(binding->b, node, false), make_glue(binding->b, node, true)}};
    return count > 0 ||
           report_error(binding->b->report, world->config->path, "sites.%s: endpoint %s: the zone file has no A or AAAA record for it%s",
                        world->config->sites[world->config->endpoints[endpoint].site].name, world->config->endpoints[endpoint].host,
                        zone_rrset(node, TYPE_CNAME) ? " (a CNAME will not do)" : "");
}

static bool bind_endpoint(struct binding *binding, size_t index)
{
    struct builder *b = binding->b;
    const struct config *config = b->world->config;
    const struct endpoint *endpoint = &config->endpoints[index];
    uint8_t host[NAME_OCTETS];
    const size_t len = name_from_text(endpoint->host, host);
    const uint32_t name = len ? build_find(b, host, len) : NONE;
    const char *site = config->sites[endpoint->site].name;
    if (len && build_in_absent_zone(b, host, len))
        return true;
    if (name == NONE || b->world->names[name].cut != NONE)
        return report_error(b->report, config->path, "sites.%s: endpoint %s: no zone file has this name", site, endpoint->host);
    if (!take_addresses(binding, index, b->nodes[name]))
        return false;
    binding->endpoint_of_name[name] = (uint16_t)index;
    return true;
}

static int by_address(const void *a, const void *b)
{
    const struct address_owner *x = a, *y = b;
    const int order = memcmp(&x->addr, &y->addr, sizeof x->addr);
    return order ? order : x->endpoint - y->endpoint;
}

bool bind_endpoints(struct binding *binding)
{
    struct world *world = binding->b->world;
    const size_t count = world->config->endpoint_count;
    bool good = true;
    world->addresses = mem_new(count, sizeof *world->addresses);
    world->address_counts = mem_new(count, sizeof *world->address_counts);
    world->glue = mem_new(count, sizeof *world->glue);
    for (size_t i = 0; i < count; i++)
        good = bind_endpoint(binding, i) && good;
    if (binding->owner_count)
        qsort(binding->owners, binding->owner_count, sizeof *binding->owners, by_address);
    return good;
}
