/* The root of the grammar, and the way from a file to struct config. */
#include "config/config.h"

#include "base/memory.h"
#include "config/tables.h"

#include <stdlib.h>

/* In the order in which names must be known: keys before the zones, probes, checks and sources of load before the sites that use them, sites before services and geo. */
static const struct key root_keys[] = {
    {.name = "server", .kind = KIND_GROUP, KEY_AT(struct config, server), .table = &server_table},
    {.name = "keys", .kind = KIND_LIST, KEY_LIST(struct config, keys, key_count), .table = &key_table, RANGE(0, TSIG_KEYS_MAX)},
    {.name = "zones",
     .kind = KIND_LIST,
     .required = true,
     KEY_LIST(struct config, zones, zone_count),
     .table = &zone_table,
     RANGE(1, 10000)},
    {.name = "probes", .kind = KIND_MAP, KEY_LIST(struct config, probes, probe_count), .table = &probe_table, RANGE(0, GROUP_KEYS_MAX)},
    {.name = "checks",
     .kind = KIND_LIST,
     KEY_LIST(struct config, judgement.checks, judgement.check_count),
     .table = &check_table,
     RANGE(0, NAMED_CHECKS_MAX)},
    {.name = "loads",
     .kind = KIND_MAP,
     KEY_LIST(struct config, load_sources, load_source_count),
     .table = &load_table,
     RANGE(0, GROUP_KEYS_MAX)},
    {.name = "sites", .kind = KIND_LIST, KEY_LIST(struct config, sites, site_count), .table = &site_table, RANGE(0, SITES_MAX)},
    {.name = "clusters", .kind = KIND_LIST, KEY_LIST(struct config, clusters, cluster_count), .table = &cluster_table, RANGE(0, 1000)},
    {.name = "services",
     .kind = KIND_LIST,
     KEY_LIST(struct config, services, service_count),
     .table = &service_table,
     RANGE(0, SERVICES_MAX)},
    {.name = "safety", .kind = KIND_GROUP, KEY_AT(struct config, judgement.safety), .table = &safety_table},
    {.name = "balance", .kind = KIND_GROUP, KEY_AT(struct config, balance), .table = &balance_table},
    {.name = "drills", .kind = KIND_GROUP, KEY_AT(struct config, drills), .table = &drills_table},
    {.name = "metrics", .kind = KIND_GROUP, KEY_AT(struct config, metrics), .table = &metrics_table},
    {.name = "geo", .kind = KIND_GROUP, KEY_AT(struct config, geo), .table = &geo_table},
    {.name = "audit", .kind = KIND_GROUP, KEY_AT(struct config, audit), .table = &audit_table},
    {.name = "http", .kind = KIND_GROUP, KEY_AT(struct config, http), .table = &http_table},
    {.name = "dnstap", .kind = KIND_GROUP, KEY_AT(struct config, dnstap), .table = &dnstap_table},
    {.name = "query_log", .kind = KIND_GROUP, KEY_AT(struct config, query_log), .table = &query_log_table},
    {.name = "alerts", .kind = KIND_GROUP, KEY_AT(struct config, alerts), .table = &alert_table},
    {.name = "hooks", .kind = KIND_LIST, KEY_LIST(struct config, hooks, hook_count), .table = &hook_table, RANGE(0, HOOKS_MAX)},
};

static void check_root(struct loader *loader, const config_setting_t *group, void *item)
{
    const struct config *config = item;
    link_depends(loader, group);
    const config_setting_t *services = config_setting_get_member(group, "services");
    if (config->service_count == 0 && (services == NULL || config_setting_length(services) == 0))
        warn(loader, group, "no services: nothing is steered");
}

const struct table root_table = {.path = "", TABLE_KEYS(root_keys), .check = check_root};

const struct table *const schema_tables[] = {
    &root_table,   &server_table,   &tcp_table,         &tls_table,    &cookies_table,  &rate_limit_table, &geo_table,
    &prefer_table, &key_table,      &zone_table,        &dnssec_table, &transfer_table, &primary_table,    &probe_table,
    &site_table,   &endpoint_table, &service_table,     &load_table,   &cluster_table,  &balance_table,    &check_table,
    &depend_table, &safety_table,   &audit_table,       &http_table,   &dnstap_table,   &query_log_table,  &alert_table,
    &hook_table,   &drills_table,   &drill_goals_table, &metrics_table};
const size_t schema_table_count = sizeof schema_tables / sizeof schema_tables[0];

static void read_config(struct config *config, struct source *source, const config_t *parsed, struct report *report)
{
    struct loader loader = {.report = report, .source = source, .config = config};
    schema_read(&loader, &root_table, config_root_setting(parsed), config);
    names_release(&loader.names);
}

bool settings_parse(config_t *parsed, const struct source *source, struct report *report)
{
    if (config_read_string(parsed, source->text))
        return true;
    char *place = source_place(source, (unsigned)config_error_line(parsed));
    report_error(report, place, "%s, here or just before", config_error_text(parsed));
    free(place);
    return false;
}

/* Ends a reading: the configuration, or NULL when an error was reported since there were `before` of them. */
static struct config *finish(const char *path, struct source *source, bool readable, struct report *report, size_t before)
{
    config_t parsed;
    config_init(&parsed);
    struct config *config = mem_new(1, sizeof *config);
    config->path = mem_text(path);
    if (readable && settings_parse(&parsed, source, report))
        read_config(config, source, &parsed, report);
    config_destroy(&parsed);
    source_release(source);
    if (report->errors == before)
        return config;
    config_unref(config);
    return NULL;
}

struct config *config_from_text(const char *path, const char *text, size_t len, struct report *report)
{
    struct source source;
    const size_t before = report->errors;
    const bool readable = source_from_text(path, text, len, report, &source);
    return finish(path, &source, readable, report, before);
}

struct config *config_load(const char *path, struct report *report)
{
    struct source source;
    const size_t before = report->errors;
    const bool readable = source_read(path, report, &source);
    return finish(path, &source, readable, report, before);
}
