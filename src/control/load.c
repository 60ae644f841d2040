#include "control/load.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/progress.h"
#include "config/config.h"
#include "control/copies.h"
#include "control/secrets.h"
#include "control/state.h"

#include <stdlib.h>

/* All zones are read even when one is unsound, so that everything wrong is told. Taken over by ret_zones. */
static bool load_zones(const struct config *config, struct report *report, struct zone **ret_zones)
{
    bool sound = true;
    progress_begin("reading zones", config->zone_count);
    for (size_t i = 0; i < config->zone_count; i++) {
        progress_step(i);
        const struct zone_config *of = &config->zones[i];
        ret_zones[i] =
            of->primary.address.addr.family == FAMILY_NONE ? zone_load(of->name, of->file, report) : copy_load(of, clock_wall_s(), report);
        sound &= ret_zones[i] != NULL;
    }
    return sound;
}

/* The findings about geo data when there is no world to compile it for. */
static void report_geo(const char *path, struct report *report)
{
    struct report known;
    report_init(&known);
    struct config *config = config_load(path, &known);
    if (config)
        geo_free(geo_compile(config, report));
    config_unref(config);
    report_release(&known);
}

/* A probe that can go nowhere would leave its endpoint up for ever without a word. */
static void warn_of_unprobed(const struct world *world, struct report *report)
{
    const struct config *config = world_config(world);
    for (size_t i = 0; i < config->endpoint_count; i++) {
        const struct endpoint *endpoint = &config->endpoints[i];
        const struct addr *addrs;
        bool reachable = endpoint->address.family != FAMILY_NONE || world_addresses(world, i, &addrs) > 0 || endpoint->probe_count == 0;
        for (size_t p = 0; p < endpoint->probe_count; p++)
            reachable |= config->probes[endpoint->probes[p]].address.family != FAMILY_NONE;
        if (!reachable)
            report_warning(report, config->path, "endpoint %s: nothing to probe: the zone files hold no address of it; it counts as up",
                           endpoint->host);
    }
}

/* The configuration has one owner yet, so that its last part may be put in. */
static bool load_secrets(struct cookies_config *cookies, struct report *report)
{
    return !cookies->enabled || !cookies->file || secrets_read(cookies->file, report, &cookies->shared);
}

static struct world *load_world(const char *path, const struct signing_input *input, struct serials *serials, struct report *report)
{
    progress_begin("reading the configuration", 0);
    struct config *config = config_load(path, report);
    if (!config)
        return NULL;
    struct zone **zones = mem_new(config->zone_count + 1, sizeof *zones);
    struct world *world = NULL;
    const bool secrets = load_secrets(&config->server.cookies, report);
    if (serials->count == 0)
        state_read_serials(config->server.state, report, serials);
    if (load_zones(config, report, zones) && secrets) {
        world = signed_world(config, zones, input, serials, report);
    } else {
        for (size_t i = 0; i < config->zone_count; i++)
            zone_unref(zones[i]);
        config_unref(config);
    }
    free(zones);
    if (!world)
        report_geo(path, report);
    return world;
}

/* Whatever is wrong with the saved orders is told by who takes them. */
static struct place *place_of_saved(struct world *world, struct report *report)
{
    struct areas *areas = mem_new(1, sizeof *areas);
    struct overrides overrides;
    struct report untold;
    report_init(&untold);
    state_read_overrides(world_config(world)->server.state, false, clock_ms(), clock_wall_s(), &untold, &overrides);
    overrides_areas(&overrides, areas);
    struct place *place = place_new_areas(world, areas, report);
    overrides_release(&overrides);
    report_release(&untold);
    free(areas);
    return place;
}

bool load_all(const char *path, const struct signing_input *input, const struct areas *areas, struct serials *serials,
              struct report *report, struct world **ret_world, struct place **ret_place)
{
    struct world *world = load_world(path, input, serials, report);
    if (!world)
        return false;
    warn_of_unprobed(world, report);
    struct place *place = areas ? place_new_areas(world, areas, report) : place_of_saved(world, report);
    if (!place) {
        world_unref(world);
        return false;
    }
    if (input->threads)
        sign_ahead(world, place, input->wall_s, input->threads);
    *ret_world = world;
    *ret_place = place;
    return true;
}
