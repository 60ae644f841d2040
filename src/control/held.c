#include "control/held.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* NULL stays NULL. */
static void *copy(const void *from, size_t count, size_t size)
{
    return from ? mem_copy(from, count * size) : NULL;
}

static struct diversions *copy_diversions(const struct diversions *from, size_t services)
{
    if (from == NULL || from->count == 0)
        return NULL;
    struct diversions *to = mem_copy(from, sizeof *from);
    to->by_service = copy(from->by_service, services, sizeof *to->by_service);
    return to;
}

static void free_diversions(struct diversions *diversions)
{
    if (diversions)
        free(diversions->by_service);
    free(diversions);
}

void held_init(struct held *held, const struct setup *setup)
{
    const struct config *config = world_config(setup->world);
    const struct world_state now = setup_state(setup);
    *held = (struct held){
        .world = world_ref(setup->world),
        .place = place_ref(setup->place),
        .state = now,
        .health = copy(now.health, config->endpoint_count + config->judgement.check_count, sizeof *held->health),
        .kept = copy(now.kept, config->endpoint_count, 1),
        .endpoint_orders = copy(now.endpoint_orders, config->endpoint_count, 1),
        .site_orders = copy(now.site_orders, config->site_count, 1),
        .services = copy(setup->effects.services, config->service_count, 1),
        .diversions = copy_diversions(now.diversions, config->service_count),
        .prices_m = copy(now.room.prices_m, config->site_count, sizeof *held->prices_m),
        .site_shares = copy(now.room.site_shares, config->site_count, sizeof *held->site_shares),
        .endpoint_shares = copy(now.room.endpoint_shares, config->endpoint_count, sizeof *held->endpoint_shares),
    };
    held->state.health = held->health;
    held->state.checks = held->health + config->endpoint_count;
    held->state.kept = held->kept;
    held->state.endpoint_orders = held->endpoint_orders;
    held->state.site_orders = held->site_orders;
    held->state.diversions = held->diversions;
    held->state.room = (struct room){held->prices_m, held->site_shares, held->endpoint_shares};
}

void held_release(struct held *held)
{
    free(held->health);
    free(held->kept);
    free(held->endpoint_orders);
    free(held->site_orders);
    free(held->services);
    free_diversions(held->diversions);
    free(held->prices_m);
    free(held->site_shares);
    free(held->endpoint_shares);
    place_unref(held->place);
    world_unref(held->world);
}

void held_order(struct held *held, const struct effects *effects, struct place *place)
{
    const struct config *config = world_config(held->world);
    struct place *before = held->place;
    held->place = place_ref(place);
    place_unref(before);
    memcpy(held->endpoint_orders, effects->endpoints, config->endpoint_count);
    memcpy(held->site_orders, effects->sites, config->site_count);
    memcpy(held->services, effects->services, config->service_count);
    free_diversions(held->diversions);
    held->state.diversions = held->diversions = copy_diversions(effects->diversions, config->service_count);
}

static void assume(struct endpoint_health *health, enum verdict verdict)
{
    for (unsigned i = 0; i < 2 * TRANSPORT_COUNT; i++) {
        struct facet *facet = &health->of[i / TRANSPORT_COUNT][i % TRANSPORT_COUNT];
        facet->verdict = verdict;
        facet->since_ms = 0;
    }
    health->overall = verdict;
    health->since_ms = 0;
    health->doubt = false;
}

void held_assume_up(struct held *held, size_t endpoint)
{
    assume(&held->health[endpoint], VERDICT_UP);
}

void held_assume_down(struct held *held, size_t endpoint)
{
    assume(&held->health[endpoint], VERDICT_DOWN);
}
