/* The list services. */
#include "config/tables.h"

#include "base/memory.h"

#include <string.h>

static const char *const policies[] = {"nearest", "ordered", "weighted", NULL};
static const char *const srv_modes[] = {"ranked", "weighted", NULL};
static const char *const all_downs[] = {"serve-all", "static", "empty", NULL};
static const char *const spreads[] = {"query", NULL};

_Static_assert(POLICY_NEAREST == 0 && POLICY_ORDERED == 1 && POLICY_WEIGHTED == 2, "policies[] is in the order of enum policy");
_Static_assert(SRV_RANKED == 0 && SRV_WEIGHTED == 1, "srv_modes[] is in the order of enum srv_mode");
_Static_assert(ALL_DOWN_SERVE_ALL == 0 && ALL_DOWN_STATIC == 1 && ALL_DOWN_EMPTY == 2, "all_downs[] is in the order of enum all_down");

static const struct key site_item = {.kind = KIND_SITE, .size = sizeof(uint8_t)};

static const struct key sticky_items[2] = {
    {.kind = KIND_WHOLE, KEY_AT(struct service, sticky_v4), RANGE(0, 32), .fallback = "24"},
    {.kind = KIND_WHOLE, KEY_AT(struct service, sticky_v6), RANGE(0, 128), .fallback = "48"},
};

static const struct key service_keys[] = {
    {.name = "name", .kind = KIND_HOST, .required = true, KEY_AT(struct service, name)},
    {.name = "label", .kind = KIND_TEXT, KEY_AT(struct service, label), RANGE(0, 255), .fallback = ""},
    {.name = "policy", .kind = KIND_CHOICE, KEY_AT(struct service, policy), .choices = policies, .fallback = "nearest"},
    {.name = "sites",
     .kind = KIND_LIST,
     KEY_LIST(struct service, sites, site_count),
     .item = &site_item,
     RANGE(1, SITES_MAX),
     .shown = "all sites"},
    {.name = "srv", .kind = KIND_CHOICE, KEY_AT(struct service, srv), .choices = srv_modes, .fallback = "ranked"},
    {.name = "targets", .kind = KIND_WHOLE, KEY_AT(struct service, targets), RANGE(1, TARGETS_MAX), .fallback = "4"},
    {.name = "ttl", .kind = KIND_DURATION, KEY_AT(struct service, ttl_s), .unit_ms = 1000, RANGE(1e3, 3600e3), .fallback = "30s"},
    {.name = "sticky", .kind = KIND_PAIR, .item = sticky_items},
    {.name = "spread", .kind = KIND_CHOICE, KEY_AT(struct service, spread_query), .choices = spreads, .least = true},
    {.name = "on_all_down", .kind = KIND_CHOICE, KEY_AT(struct service, on_all_down), .choices = all_downs, .fallback = "serve-all"},
};

static void take_all_sites(const struct config *config, struct service *service)
{
    service->sites = mem_new(config->site_count, sizeof *service->sites);
    for (service->site_count = 0; service->site_count < config->site_count; service->site_count++)
        service->sites[service->site_count] = (uint8_t)service->site_count;
}

/* The name must be new, in a zone, and not that of an endpoint: the addresses of an endpoint's host are never steered. */
static void check_name(struct loader *loader, const config_setting_t *group, const struct service *service)
{
    const uint32_t number = (uint32_t)(service - loader->config->services);
    const config_setting_t *at = config_setting_get_member(group, "name");
    if (!declare(loader, SPACE_SERVICE, "service", service->name, number, at))
        return;
    check_in_zone(loader, at, service->name);
    if (names_find(&loader->names, SPACE_HOST, service->name, strlen(service->name)))
        tell(loader, at, "\"%s\" is the host of an endpoint, expected a name of its own", service->name);
}

static bool any_endpoint(const struct config *config, const struct service *service)
{
    for (size_t i = 0; i < service->site_count; i++)
        if (config->sites[service->sites[i]].endpoint_count > 0)
            return true;
    return false;
}

static void check_service(struct loader *loader, const config_setting_t *group, void *item)
{
    const struct config *config = loader->config;
    struct service *service = item;
    const config_setting_t *listed = config_setting_get_member(group, "sites");
    if (listed == NULL)
        take_all_sites(config, service);
    check_name(loader, group, service);
    if ((listed == NULL || service->site_count > 0) && !any_endpoint(config, service))
        tell(loader, group, "the sites of this service have no endpoints, expected at least one");
    if (service->spread_query && config_setting_get_member(group, "sticky"))
        warn(loader, config_setting_get_member(group, "sticky"), "has no effect with spread = \"query\"");
}

const struct table service_table = {.path = "services[]", TABLE_KEYS(service_keys), .check = check_service};
