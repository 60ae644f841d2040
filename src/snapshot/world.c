#include "snapshot/world.h"

#include "base/memory.h"
#include "dnssec/signer.h"
#include "snapshot/build.h"

#include <stdlib.h>

static void world_free(struct world *world)
{
    for (size_t i = 0; i < world->config->zone_count; i++)
        zone_unref(world->zones[i]);
    for (size_t i = 0; i < world->config->zone_count; i++)
        signer_unref(world->signers[i]);
    free(world->signers);
    free(world->zones);
    config_unref(world->config);
    free(world->names);
    free(world->table);
    free(world->slots);
    free(world->bodies);
    free(world->steered);
    free(world->aliases);
    free(world->dnames);
    free(world->returns);
    free(world->specs);
    free(world->shapes);
    free(world->service_offers);
    free(world->service_sets);
    free(world->zone_answers);
    free(world->glue);
    free(world->addresses);
    free(world->address_counts);
    arena_release(&world->arena);
    free(world);
}

static bool build(struct builder *b)
{
    b->maker = mem_new(1, sizeof *b->maker);
    const bool good = build_names(b) && build_bindings(b) && build_static(b);
    free(b->maker);
    free(b->nodes);
    free(b->parent_nodes);
    free(b->parent_zones);
    free(b->service_of);
    free(b->steered_of);
    free(b->steered_next);
    return good;
}

/* The first of each service; those of a NAPTR set choose nobody. */
static void find_service_sets(struct world *world)
{
    for (size_t i = 0; i < world->config->service_count; i++)
        world->service_sets[i] = NONE;
    for (size_t i = world->steered_count; i-- > 0;)
        if (world->steered[i].offer)
            world->service_sets[world->steered[i].service] = (uint32_t)i;
}

/* Its keys change, or a signature is due. */
static void take_signing(struct world *world, const struct world_signing *signing)
{
    world->signers = mem_new(world->config->zone_count, sizeof(struct signer *));
    world->renew_s = signing ? signing->renew_s : INT64_MAX;
    world->event_s = INT64_MAX;
    for (size_t i = 0; signing && i < world->config->zone_count; i++) {
        if (signing->signers[i] == NULL)
            continue;
        world->signers[i] = signer_ref(signing->signers[i]);
        const int64_t event_s = signer_next_event(world->signers[i]);
        if (event_s < world->event_s)
            world->event_s = event_s;
    }
    if (world->event_s < world->renew_s)
        world->renew_s = world->event_s;
}

struct world *world_new(struct config *config, struct zone *const *zones, const struct world_signing *signing, struct report *report)
{
    struct world *world = mem_new(1, sizeof *world);
    atomic_init(&world->refs, 1);
    arena_init(&world->arena);
    world->config = config;
    world->zones = mem_copy(zones, config->zone_count * sizeof *zones);
    world->zone_answers = mem_new(config->zone_count, sizeof *world->zone_answers);
    for (size_t i = 0; i < config->zone_count; i++) {
        world->zone_answers[i].apex = zones[i]->apex;
        world->zone_answers[i].apex_len = zones[i]->apex_len;
    }
    world->service_offers = mem_new(config->service_count, sizeof *world->service_offers);
    take_signing(world, signing);
    struct builder b = {.world = world, .report = report, .now_s = signing ? signing->now_s : 0};
    world->service_sets = mem_new(config->service_count, sizeof *world->service_sets);
    if (build(&b)) {
        find_service_sets(world);
        return world;
    }
    world_free(world);
    return NULL;
}

struct world *world_ref(struct world *world)
{
    atomic_fetch_add_explicit(&world->refs, 1, memory_order_relaxed);
    return world;
}

void world_unref(struct world *world)
{
    if (world && atomic_fetch_sub_explicit(&world->refs, 1, memory_order_acq_rel) == 1)
        world_free(world);
}

int64_t world_event_s(const struct world *world)
{
    return world->event_s;
}

const struct config *world_config(const struct world *world)
{
    return world->config;
}

const struct zone *world_zone(const struct world *world, size_t index)
{
    return world->zones[index];
}

int world_find_zone(const struct world *world, const uint8_t *apex, size_t apex_len)
{
    const struct name *name = world_name(world, apex, apex_len);
    return name && world->zone_answers[name->zone].apex_len == apex_len ? (int)name->zone : -1;
}

struct config *world_config_ref(const struct world *world)
{
    return config_ref(world->config);
}

struct zone *world_plain_zone(const struct world *world, size_t index)
{
    struct zone *zone = world->zones[index];
    return zone_ref(zone->plain ? zone->plain : zone);
}

struct zone *world_zone_ref(const struct world *world, size_t index)
{
    return zone_ref(world->zones[index]);
}

bool world_service_spec(const struct world *world, size_t service, struct plan_spec *ret_spec)
{
    const struct service *of = &world->config->services[service];
    *ret_spec = (struct plan_spec){.purpose = PLAN_TARGETS,
                                   .service = (uint32_t)service,
                                   .policy = of->policy,
                                   .srv = of->srv,
                                   .on_all_down = of->on_all_down,
                                   .targets = 1,
                                   .transport = -1,
                                   .sites = of->sites,
                                   .site_count = of->site_count,
                                   .offered = world->service_offers[service]};
    return ret_spec->offered != NULL;
}

size_t world_addresses(const struct world *world, size_t endpoint, const struct addr **ret_addrs)
{
    *ret_addrs = world->addresses[endpoint];
    return world->address_counts[endpoint];
}
