/* What others do with load, for comparison: they decide at each answer, by the last report whatever its age. */
#include "sim/steerer.h"

#include <string.h>

static void look_at_standings(struct steerer *steerer, bool changed, uint64_t now_ms)
{
    (void)now_ms;
    (void)changed;
    policy_standings(steerer->policy, &steerer->state, &steerer->spec, steerer->standings, NULL);
}

/* The best standing of the service's endpoints: who stands so is named, nobody else. */
static uint8_t best_standing(const struct steerer *steerer)
{
    uint8_t best = STANDING_OUT;
    for (size_t i = 0; i < steerer->config->endpoint_count; i++)
        best = steerer->standings[i] < best ? steerer->standings[i] : best;
    return best;
}

/* Those of a site that stand well, in an order of chance. */
static unsigned name_site(struct steerer *steerer, unsigned number, uint8_t standing, unsigned count, uint16_t ret_targets[TARGETS_MAX])
{
    const struct site *site = &steerer->config->sites[number];
    const unsigned turn = dice_below(&steerer->dice, site->endpoint_count ? site->endpoint_count : 1);
    for (unsigned i = 0; i < site->endpoint_count && count < steerer->service->targets; i++) {
        const unsigned endpoint = site->first_endpoint + (i + turn) % site->endpoint_count;
        if (steerer->standings[endpoint] == standing)
            ret_targets[count++] = (uint16_t)endpoint;
    }
    return count;
}

static unsigned name_sites(struct steerer *steerer, const uint8_t *sites, size_t site_count, uint16_t ret_targets[TARGETS_MAX])
{
    const uint8_t standing = best_standing(steerer);
    unsigned count = 0;
    for (size_t i = 0; i < site_count; i++)
        count = name_site(steerer, sites[i], standing, count, ret_targets);
    return count;
}

static bool is_usable(const struct steerer *steerer, unsigned number, uint8_t standing)
{
    const struct site *site = &steerer->config->sites[number];
    for (size_t i = site->first_endpoint; i < (size_t)site->first_endpoint + site->endpoint_count; i++)
        if (steerer->standings[i] == standing)
            return true;
    return false;
}

static double load_of(const struct steerer *steerer, unsigned site)
{
    return steerer->reports->sites[site].ratio;
}

/* All sites by their load as last reported. */
static unsigned answer_least_loaded(struct steerer *steerer, const struct cache *cache, uint16_t ret_targets[TARGETS_MAX])
{
    (void)cache;
    uint8_t sites[SITES_MAX];
    size_t count = 0;
    for (; count < steerer->service->site_count; count++) {
        const uint8_t site = steerer->service->sites[count];
        size_t at = count;
        for (; at > 0 && load_of(steerer, sites[at - 1]) > load_of(steerer, site); at--)
            sites[at] = sites[at - 1];
        sites[at] = site;
    }
    return name_sites(steerer, sites, count, ret_targets);
}

/* Whether the lot sheds the site from this answer. */
static bool is_shed(struct steerer *steerer, unsigned site)
{
    const struct site_room *room = &steerer->config->sites[site].room;
    const double low = room->target / 100.0, high = room->max / 100.0, load = load_of(steerer, site);
    if (load <= low)
        return false;
    return load >= high || dice_unit(&steerer->dice) < (load - low) / (high - low);
}

/* The class's order, those that the lot has shed behind all others. */
static unsigned answer_shedding(struct steerer *steerer, const struct cache *cache, uint16_t ret_targets[TARGETS_MAX])
{
    const struct classes *classes = geo_classes(steerer->geo);
    const uint8_t *order = class_order(classes, cache->class), standing = best_standing(steerer);
    uint8_t sites[SITES_MAX], shed[SITES_MAX];
    size_t count = 0, shed_count = 0;
    for (size_t i = 0; i < classes->site_count; i++) {
        if (!is_usable(steerer, order[i], standing))
            continue;
        if (is_shed(steerer, order[i]))
            shed[shed_count++] = order[i];
        else
            sites[count++] = order[i];
    }
    memcpy(sites + count, shed, shed_count);
    return name_sites(steerer, sites, count + shed_count, ret_targets);
}

const struct steering_policy steer_least_loaded = {"least-loaded", look_at_standings, answer_least_loaded};
const struct steering_policy steer_shedding = {"shedding", look_at_standings, answer_shedding};
