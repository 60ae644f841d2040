/* The groups server and zones. */
#include "config/tables.h"

#include "base/memory.h"

#include <string.h>
#include <unistd.h>

static const struct key listen_item = {.kind = KIND_LISTEN};

static const struct key server_keys[] = {
    {.name = "listen",
     .kind = KIND_LIST,
     KEY_LIST(struct server_config, listen, listen_count),
     .item = &listen_item,
     RANGE(1, 64),
     .fallback = "0.0.0.0:53, [::]:53"},
    {.name = "workers", .kind = KIND_WHOLE, KEY_AT(struct server_config, workers), RANGE(0, 1024), .fallback = "0"},
    {.name = "control", .kind = KIND_PATH, KEY_AT(struct server_config, control), RANGE(1, 4095), .fallback = "/run/sipsteer/control.sock"},
    {.name = "state", .kind = KIND_PATH, KEY_AT(struct server_config, state), RANGE(1, 4095), .fallback = "/var/lib/sipsteer"},
    {.name = "id", .kind = KIND_TEXT, KEY_AT(struct server_config, id), RANGE(0, 255), .fallback = ""},
    {.name = "version", .kind = KIND_TEXT, KEY_AT(struct server_config, version), RANGE(0, 255), .fallback = "sipsteer"},
    {.name = "tcp", .kind = KIND_GROUP, KEY_AT(struct server_config, tcp), .table = &tcp_table},
    {.name = "tls", .kind = KIND_GROUP, KEY_AT(struct server_config, tls), .table = &tls_table},
    {.name = "cookies", .kind = KIND_GROUP, KEY_AT(struct server_config, cookies), .table = &cookies_table},
    {.name = "rate_limit", .kind = KIND_GROUP, KEY_AT(struct server_config, rate_limit), .table = &rate_limit_table},
};

void declare_listen(struct loader *loader, const config_setting_t *group)
{
    const config_setting_t *list = config_setting_get_member(group, "listen");
    for (int i = 0; list && i < config_setting_length(list); i++) {
        const config_setting_t *item = config_setting_get_elem(list, (unsigned)i);
        struct hostport at;
        const char *text = config_setting_get_string(item);
        if (text && hostport_parse(text, &at) && at.port != 0)
            declare(loader, SPACE_LISTEN, describe_kind(KIND_LISTEN), text, 0, item);
    }
}

static void check_server(struct loader *loader, const config_setting_t *group, void *item)
{
    struct server_config *server = item;
    if (server->workers == 0) {
        const long cores = sysconf(_SC_NPROCESSORS_ONLN);
        server->workers = cores > 0 ? (unsigned)cores : 1;
    }
    if (group == NULL)
        return;
    declare_listen(loader, group);
    const config_setting_t *control = config_setting_get_member(group, "control");
    if (control && server->control && strlen(server->control) > SOCKET_PATH_MAX)
        tell(loader, control, "%s has %zu octets, expected at most %d, the longest path of a UNIX socket", server->control,
             strlen(server->control), SOCKET_PATH_MAX);
}

const struct table server_table = {.path = "server", TABLE_KEYS(server_keys), .check = check_server};

static const struct key zone_keys[] = {
    {.name = "name", .kind = KIND_HOST, .required = true, KEY_AT(struct zone_config, name)},
    {.name = "file", .kind = KIND_PATH, KEY_AT(struct zone_config, file), RANGE(1, 4095)},
    {.name = "primary", .kind = KIND_GROUP, KEY_AT(struct zone_config, primary), .table = &primary_table},
    {.name = "transfer", .kind = KIND_GROUP, KEY_AT(struct zone_config, transfer), .table = &transfer_table},
    {.name = "dnssec", .kind = KIND_GROUP, KEY_AT(struct zone_config, dnssec), .table = &dnssec_table},
};

/* What comes from a primary is kept beside the other state. */
static void check_origin(struct loader *loader, const config_setting_t *group, struct zone_config *zone)
{
    const config_setting_t *file = config_setting_get_member(group, "file"), *primary = config_setting_get_member(group, "primary");
    if (file && primary)
        tell(loader, primary, "beside a file, expected only one of file and primary");
    else if (!file && !primary)
        tell_key(loader, group, "file", "missing, expected a file name, or a group primary to fetch the zone from");
    else if (primary && zone->name && loader->config->server.state)
        zone->file = mem_format("%s/zones/%szone", loader->config->server.state, zone->name);
}

static void check_zone(struct loader *loader, const config_setting_t *group, void *item)
{
    struct zone_config *zone = item;
    loader->zones_unsound |= zone->name == NULL;
    declare(loader, SPACE_ZONE, "zone", zone->name, 0, config_setting_get_member(group, "name"));
    check_origin(loader, group, zone);
}

const struct table zone_table = {.path = "zones[]", TABLE_KEYS(zone_keys), .check = check_zone};

bool check_in_zone(struct loader *loader, const config_setting_t *at, const char *name)
{
    if (loader->zones_unsound || loader->config->zone_count == 0)
        return true;
    for (const char *suffix = name; *suffix; suffix = strchr(suffix, '.') + 1)
        if (names_find(&loader->names, SPACE_ZONE, suffix, strlen(suffix)))
            return true;
    const struct config *config = loader->config;
    const char *first = config->zone_count > 0 ? config->zones[0].name : "none", *more = config->zone_count > 2 ? ", ..." : "";
    const char *second = config->zone_count > 1 ? config->zones[1].name : "", *comma = *second ? ", " : "";
    return tell(loader, at, "\"%s\" lies in no zone of this file, expected a name in one of: %s%s%s%s", name, first, comma, second, more);
}
