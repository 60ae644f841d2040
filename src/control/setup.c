#include "control/setup.h"

#include "base/memory.h"

#include <stdlib.h>

/* Until the balancer looks again, full sites stay full. */
static void carry_prices(struct setup *setup, const struct setup *previous)
{
    const struct config *config = world_config(setup->world), *before = world_config(previous->world);
    for (size_t i = 0; i < config->site_count; i++) {
        const int was = config_site(before, config->sites[i].name);
        if (was >= 0)
            setup->prices_m[i] = previous->prices_m[was];
    }
}

struct setup *setup_new(struct world *world, struct place *place, const struct setup *previous, const struct saved *saved, uint64_t now_ms)
{
    static uint64_t made;
    struct setup *setup = mem_new(1, sizeof *setup);
    setup->number = ++made;
    setup->world = world;
    setup->place = place;
    beliefs_init(&setup->beliefs, world, previous ? &previous->beliefs : NULL, saved, now_ms);
    effects_init(&setup->effects, world_config(world));
    meters_init(&setup->meters, world, previous ? &previous->meters : NULL, now_ms);
    setup->kept = mem_new(world_config(world)->endpoint_count + 1, 1);
    ramps_init(&setup->ramps, world_config(world), previous ? &previous->ramps : NULL, saved, now_ms);
    setup->prices_m = mem_new(world_config(world)->site_count, sizeof *setup->prices_m);
    if (previous)
        carry_prices(setup, previous);
    return setup;
}

void setup_free(struct setup *setup)
{
    if (!setup)
        return;
    beliefs_release(&setup->beliefs);
    effects_release(&setup->effects);
    meters_release(&setup->meters);
    ramps_release(&setup->ramps);
    free(setup->kept);
    free(setup->prices_m);
    place_unref(setup->place);
    world_unref(setup->world);
    free(setup);
}

struct world_state setup_state(const struct setup *setup)
{
    struct world_state state = {
        .health = setup->beliefs.health,
        .checks = setup->beliefs.health + world_config(setup->world)->endpoint_count,
        .kept = setup->kept_count ? setup->kept : NULL,
        .endpoint_orders = setup->effects.endpoints,
        .site_orders = setup->effects.sites,
        .diversions = setup->effects.diversions->count ? setup->effects.diversions : NULL,
        .suspect = setup->suspect,
        .suspect_since_ms = setup->suspect_since_ms,
        .room = {.prices_m = setup->prices_m},
    };
    ramps_put(&setup->ramps, &state.room);
    return state;
}

void setup_refresh(struct setup *setup, const struct overrides *overrides, uint64_t now_ms)
{
    const struct config *config = world_config(setup->world);
    overrides_apply(overrides, config, geo_areas(place_geo(setup->place)), now_ms, &setup->effects);
    setup->suspect = policy_suspect(config, setup->beliefs.health, beliefs_window_ms(&setup->beliefs), &setup->suspect_since_ms);
    setup->kept_count = 0;
    struct world_state state = setup_state(setup);
    setup->kept_count = policy_safety(config, &state, setup->kept);
    state = setup_state(setup);
    ramps_look(&setup->ramps, place_policy(setup->place), &state, now_ms);
}

struct snapshot *setup_build(struct setup *setup, const struct overrides *overrides, uint64_t now_ms, const struct snapshot *previous,
                             int64_t wall_s, uint64_t generation)
{
    setup_refresh(setup, overrides, now_ms);
    const struct world_state state = setup_state(setup);
    return snapshot_build(setup->world, setup->place, &state, setup->effects.services, previous, wall_s, generation);
}

/* What takes no new callers, by itself or by order, has no say in how full its site is. */
void setup_look(struct setup *setup, uint64_t now_ms)
{
    const struct config *config = world_config(setup->world);
    bool *takes = mem_new(config->endpoint_count + 1, sizeof *takes);
    for (size_t i = 0; i < config->endpoint_count; i++) {
        const enum verdict verdict = setup->beliefs.health[i].overall;
        takes[i] = (verdict == VERDICT_UP || verdict == VERDICT_UNKNOWN) && setup->effects.endpoints[i] == ORDERED_NOTHING &&
                   setup->effects.sites[config->endpoints[i].site] == ORDERED_NOTHING;
    }
    meters_look(&setup->meters, takes, now_ms);
    free(takes);
}
