#include "base/memory.h"
#include "snapshot/hot.h"

#include <stdatomic.h>
#include <stdlib.h>

struct place {
    _Atomic unsigned refs;
    struct config *config; /* whose sites it speaks of */
    struct geo *geo;
    struct policy *policy;
    uint32_t number;
};

static _Atomic uint32_t made;

struct place *place_new(struct world *world, struct report *report)
{
    return place_new_areas(world, NULL, report);
}

struct place *place_new_areas(struct world *world, const struct areas *areas, struct report *report)
{
    struct geo *geo = geo_compile_areas(world_config(world), areas, report);
    if (geo == NULL)
        return NULL;
    struct place *place = mem_new(1, sizeof *place);
    atomic_init(&place->refs, 1);
    place->config = config_ref(world->config);
    place->geo = geo;
    place->number = atomic_fetch_add(&made, 1) + 1;
    place->policy = policy_new(world_config(world), geo_classes(geo));
    return place;
}

struct place *place_ref(struct place *place)
{
    atomic_fetch_add_explicit(&place->refs, 1, memory_order_relaxed);
    return place;
}

void place_unref(struct place *place)
{
    if (place == NULL || atomic_fetch_sub_explicit(&place->refs, 1, memory_order_acq_rel) != 1)
        return;
    policy_free(place->policy);
    geo_free(place->geo);
    config_unref(place->config);
    free(place);
}

uint32_t place_number(const struct place *place)
{
    return place->number;
}

struct geo *place_geo(const struct place *place)
{
    return place->geo;
}

const struct policy *place_policy(const struct place *place)
{
    return place->policy;
}
