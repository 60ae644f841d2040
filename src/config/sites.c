/* The list sites, and the endpoints in each. */
#include "config/tables.h"

#include "base/memory.h"

static const struct key probe_item = {.kind = KIND_PROBE, .size = sizeof(uint16_t)};

static const struct key endpoint_keys[] = {
    {.name = "host", .kind = KIND_HOST, .required = true, KEY_AT(struct endpoint, host)},
    {.name = "tier", .kind = KIND_WHOLE, KEY_AT(struct endpoint, tier), RANGE(1, 9), .fallback = "1"},
    {.name = "weight", .kind = KIND_WHOLE, KEY_AT(struct endpoint, weight), RANGE(0, 65535), .fallback = "100"},
    {.name = "address", .kind = KIND_ADDRESS, KEY_AT(struct endpoint, address)},
    {.name = "capacity", .kind = KIND_WHOLE, KEY_AT(struct endpoint, limits.calls), RANGE(0, 10e6), .fallback = "0"},
    {.name = "capacity_cps", .kind = KIND_WHOLE, KEY_AT(struct endpoint, limits.cps), RANGE(0, 10e6), .fallback = "0"},
    {.name = "probes",
     .kind = KIND_LIST,
     KEY_LIST(struct endpoint, probes, probe_count),
     .fixed = true,
     .item = &probe_item,
     RANGE(0, PROBES_PER_ENDPOINT_MAX)},
    {.name = "ramp", .kind = KIND_DURATION, KEY_AT(struct endpoint, ramp_ms), .unit_ms = 1, RANGE(0, 86400e3), .fallback = "0ms"},
    {.name = "need", .kind = KIND_NEED, KEY_AT(struct endpoint, need), RANGE(1, PROBES_PER_ENDPOINT_MAX), .fallback = "all"},
    {.name = "load",
     .kind = KIND_LIST,
     KEY_LIST(struct endpoint, loads.of, loads.count),
     .fixed = true,
     .item = &load_item,
     RANGE(0, LOADS_MAX)},
};

/* Endpoints of all sites stand in one array; those of one site are neighbours because sites are read one after the other. */
static void *place_endpoint(struct loader *loader, void *into)
{
    struct config *config = loader->config;
    struct site *site = into;
    if (config->endpoint_count == ENDPOINTS_MAX)
        return NULL;
    config->endpoints = mem_grow(config->endpoints, &loader->endpoint_room, config->endpoint_count + 1, sizeof *config->endpoints);
    struct endpoint *endpoint = &config->endpoints[config->endpoint_count++];
    *endpoint = (struct endpoint){.site = (uint8_t)(site - config->sites)};
    site->endpoint_count++;
    return endpoint;
}

static void check_endpoint(struct loader *loader, const config_setting_t *group, void *item)
{
    const struct endpoint *endpoint = item;
    if (endpoint->need > endpoint->probe_count && endpoint->probe_count > 0)
        tell(loader, config_setting_get_member(group, "need"), "%u, expected at most %zu, the number of the endpoint's probes",
             endpoint->need, endpoint->probe_count);
    const config_setting_t *host = config_setting_get_member(group, "host");
    if (declare(loader, SPACE_HOST, "host", endpoint->host, (uint32_t)(endpoint - loader->config->endpoints), host))
        check_in_zone(loader, host, endpoint->host);
    check_placeholders(loader, group, &endpoint->loads, "ahs", "an endpoint");
}

const struct table endpoint_table = {
    .path = "sites[].endpoints[]", TABLE_KEYS(endpoint_keys), .place = place_endpoint, .check = check_endpoint};

static const struct key location_items[2] = {
    {.kind = KIND_NUMBER, KEY_AT(struct site, latitude), RANGE(-90, 90)},
    {.kind = KIND_NUMBER, KEY_AT(struct site, longitude), RANGE(-180, 180)},
};

static const struct key site_keys[] = {
    {.name = "name", .kind = KIND_NAME, .required = true, KEY_AT(struct site, name)},
    {.name = "location", .kind = KIND_PAIR, .required = true, .item = location_items},
    {.name = "region", .kind = KIND_TEXT, KEY_AT(struct site, region), RANGE(0, 63), .fallback = ""},
    {.name = "bias", .kind = KIND_WHOLE, KEY_AT(struct site, bias), RANGE(-99, 99), .fallback = "0"},
    {.name = "min_up", .kind = KIND_WHOLE, KEY_AT(struct site, min_up), RANGE(1, ENDPOINTS_MAX), .fallback = "1"},
    {.name = "capacity",
     .kind = KIND_WHOLE,
     KEY_AT(struct site, limits.calls),
     RANGE(0, 10e6),
     .fallback = "0",
     .shown = "the sum of its endpoints'"},
    {.name = "capacity_cps",
     .kind = KIND_WHOLE,
     KEY_AT(struct site, limits.cps),
     RANGE(0, 10e6),
     .fallback = "0",
     .shown = "the sum of its endpoints'"},
    {.name = "target", .kind = KIND_WHOLE, KEY_AT(struct site, room.target), RANGE(1, 1000), .fallback = "80"},
    {.name = "max", .kind = KIND_WHOLE, KEY_AT(struct site, room.max), RANGE(1, 1000), .fallback = "100"},
    {.name = "load",
     .kind = KIND_LIST,
     KEY_LIST(struct site, loads.of, loads.count),
     .fixed = true,
     .item = &load_item,
     RANGE(0, LOADS_MAX)},
    {.name = "min_capacity", .kind = KIND_WHOLE, KEY_AT(struct site, needs.min_capacity), RANGE(0, 100), .fallback = "0"},
    {.name = "depends",
     .kind = KIND_LIST,
     KEY_LIST(struct site, needs.depends, needs.depend_count),
     .table = &depend_table,
     RANGE(0, DEPENDS_MAX)},
    {.name = "ramp", .kind = KIND_DURATION, KEY_AT(struct site, ramp_ms), .unit_ms = 1, RANGE(0, 86400e3), .fallback = "0ms"},
    {.name = "endpoints", .kind = KIND_LIST, RANGE(0, ENDPOINTS_MAX), .table = &endpoint_table},
};

static void check_site(struct loader *loader, const config_setting_t *group, void *item)
{
    struct config *config = loader->config;
    struct site *site = item;
    const config_setting_t *endpoints = config_setting_get_member(group, "endpoints");
    const int listed = endpoints && config_setting_is_list(endpoints) ? config_setting_length(endpoints) : 0;
    site->first_endpoint = (uint16_t)(config->endpoint_count - site->endpoint_count);
    declare(loader, SPACE_SITE, "site", site->name, (uint32_t)(site - config->sites), config_setting_get_member(group, "name"));
    if (config->endpoint_count == ENDPOINTS_MAX && listed > site->endpoint_count)
        tell(loader, endpoints, "more than %d endpoints over all sites", ENDPOINTS_MAX);
    if (site->room.max < site->room.target) {
        const config_setting_t *max = config_setting_get_member(group, "max");
        tell(loader, max ? max : config_setting_get_member(group, "target"), "the target of %u %% lies above the max of %u %%",
             site->room.target, site->room.max);
    }
    check_placeholders(loader, group, &site->loads, "s", "a site");
    if (listed > 0 && site->min_up > (unsigned)listed)
        tell(loader, config_setting_get_member(group, "min_up"), "%u, expected at most %d, the number of the site's endpoints",
             site->min_up, listed);
}

const struct table site_table = {.path = "sites[]", TABLE_KEYS(site_keys), .check = check_site};
