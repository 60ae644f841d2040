#include "control/picture.h"

#include "base/memory.h"
#include "control/director.h"

#include <stdlib.h>

struct picture {
    struct setup setup;
    struct overrides overrides;
    struct view view;
};

#define COPY(pointer, count) mem_copy((pointer), (count) * sizeof *(pointer))

static struct beliefs copy_beliefs(const struct beliefs *from)
{
    return (struct beliefs){
        .config = from->config,
        .checks = COPY(from->checks, from->check_count),
        .check_count = from->check_count,
        .subject_count = from->subject_count,
        .first = COPY(from->first, from->subject_count + 1),
        .health = COPY(from->health, from->subject_count),
    };
}

static struct meters copy_meters(const struct meters *from, const struct config *config)
{
    return (struct meters){
        .config = from->config,
        .world = from->world,
        .meters = COPY(from->meters, from->count),
        .count = from->count,
        .endpoints = COPY(from->endpoints, config->endpoint_count),
        .sites = COPY(from->sites, config->site_count),
        .clusters = COPY(from->clusters, config->cluster_count),
        .endpoint_use = COPY(from->endpoint_use, config->endpoint_count),
        .site_use = COPY(from->site_use, config->site_count),
        .cluster_use = COPY(from->cluster_use, config->cluster_count),
    };
}

static struct ramps copy_ramps(const struct ramps *from, const struct config *config)
{
    return (struct ramps){
        .config = from->config,
        .running = from->running,
        .site_shares = COPY(from->site_shares, config->site_count),
        .endpoint_shares = COPY(from->endpoint_shares, config->endpoint_count),
    };
}

struct picture *picture_take(const struct director *director)
{
    const struct setup *setup = director->setup;
    const struct config *config = world_config(setup->world);
    struct picture *picture = mem_new(1, sizeof *picture);
    picture->setup = (struct setup){
        .world = world_ref(setup->world),
        .place = place_ref(setup->place),
        .beliefs = copy_beliefs(&setup->beliefs),
        .effects = effects_copy(&setup->effects, config),
        .meters = copy_meters(&setup->meters, config),
        .suspect = setup->suspect,
        .suspect_since_ms = setup->suspect_since_ms,
        .kept = COPY(setup->kept, config->endpoint_count),
        .kept_count = setup->kept_count,
        .prices_m = COPY(setup->prices_m, config->site_count),
        .ramps = copy_ramps(&setup->ramps, config),
    };
    overrides_copy(&director->overrides, &picture->overrides);
    picture->view = director_view(director);
    picture->view.setup = &picture->setup;
    picture->view.overrides = &picture->overrides;
    picture->view.snapshot = NULL;
    return picture;
}

void picture_free(struct picture *picture)
{
    if (!picture)
        return;
    const struct setup *setup = &picture->setup;
    void *const copies[] = {setup->beliefs.checks,
                            setup->beliefs.first,
                            setup->beliefs.health,
                            setup->meters.meters,
                            setup->meters.endpoints,
                            setup->meters.sites,
                            setup->meters.clusters,
                            setup->meters.endpoint_use,
                            setup->meters.site_use,
                            setup->meters.cluster_use,
                            setup->ramps.site_shares,
                            setup->ramps.endpoint_shares,
                            setup->kept,
                            setup->prices_m};
    for (size_t i = 0; i < sizeof copies / sizeof *copies; i++)
        free(copies[i]);
    effects_release(&picture->setup.effects);
    overrides_release(&picture->overrides);
    place_unref(picture->setup.place);
    world_unref(picture->setup.world);
    free(picture);
}

const struct view *picture_view(const struct picture *picture)
{
    return &picture->view;
}
