/* The grammar of scenarios (docs/simulate.md), and the way from a file to struct scenario. */
#include "config/scenario.h"

#include "base/memory.h"
#include "config/tables.h"

#include <stdlib.h>
#include <string.h>

static const char *const event_kinds[] = {"fail", "flap", "brown-out", "surge", "silence", NULL};

_Static_assert(EVENT_FAIL == 0 && EVENT_SILENCE == 4 && EVENT_KINDS == 5, "event_kinds[] is in the order of enum event_kind");

static const struct key location_items[2] = {
    {.kind = KIND_NUMBER, KEY_AT(struct scenario_place, latitude), RANGE(-90, 90)},
    {.kind = KIND_NUMBER, KEY_AT(struct scenario_place, longitude), RANGE(-180, 180)},
};

static const struct key place_keys[] = {
    {.name = "name", .kind = KIND_NAME, .required = true, KEY_AT(struct scenario_place, name)},
    {.name = "network", .kind = KIND_NETWORK, .required = true, KEY_AT(struct scenario_place, network)},
    {.name = "share", .kind = KIND_NUMBER, .required = true, KEY_AT(struct scenario_place, share), RANGE(0, 100000)},
    {.name = "location", .kind = KIND_PAIR, .item = location_items, .shown = "what the geo data says"},
};

static void check_place(struct loader *loader, const config_setting_t *group, void *item)
{
    struct scenario_place *place = item;
    const struct scenario *scenario = loader->scenario;
    place->located = config_setting_get_member(group, "location") != NULL;
    declare(loader, SPACE_PLACE, "place", place->name, (uint32_t)(place - scenario->places), config_setting_get_member(group, "name"));
}

static const struct table place_table = {.path = "places[]", TABLE_KEYS(place_keys), .check = check_place};

static const struct key resolver_keys[] = {
    {.name = "name", .kind = KIND_NAME, .required = true, KEY_AT(struct scenario_resolver, name)},
    {.name = "share", .kind = KIND_NUMBER, .required = true, KEY_AT(struct scenario_resolver, share), RANGE(0, 100000)},
    {.name = "ecs", .kind = KIND_SWITCH, KEY_AT(struct scenario_resolver, ecs), .fallback = "false"},
    {.name = "networks", .kind = KIND_WHOLE, KEY_AT(struct scenario_resolver, networks), RANGE(1, 256), .fallback = "1"},
    {.name = "caches", .kind = KIND_WHOLE, KEY_AT(struct scenario_resolver, caches), RANGE(1, 256), .fallback = "1"},
    {.name = "keep", .kind = KIND_DURATION, KEY_AT(struct scenario_resolver, keep_ms), .unit_ms = 1, RANGE(0, 86400e3), .fallback = "0s"},
    {.name = "at", .kind = KIND_NAME, KEY_AT(struct scenario_resolver, place), .shown = "in every place"},
};

static void check_resolver(struct loader *loader, const config_setting_t *group, void *item)
{
    struct scenario_resolver *resolver = item;
    const config_setting_t *at = config_setting_get_member(group, "at");
    resolver->at = -1;
    if (resolver->place == NULL)
        return;
    const struct name_entry *entry = names_find(&loader->names, SPACE_PLACE, resolver->place, strlen(resolver->place));
    if (entry)
        resolver->at = (int)entry->number;
    else
        tell(loader, at, "\"%s\": no such place, expected a name from places", resolver->place);
    if (resolver->ecs)
        tell(loader, at, "with ecs it does not matter where a resolver is");
}

static const struct table resolver_table = {.path = "resolvers[]", TABLE_KEYS(resolver_keys), .check = check_resolver};

static const struct key agent_keys[] = {
    {.name = "name", .kind = KIND_NAME, .required = true, KEY_AT(struct scenario_agent, name)},
    {.name = "share", .kind = KIND_NUMBER, .required = true, KEY_AT(struct scenario_agent, share), RANGE(0, 100000)},
    {.name = "failover", .kind = KIND_SWITCH, KEY_AT(struct scenario_agent, failover), .fallback = "false"},
    {.name = "timeout", .kind = KIND_DURATION, KEY_AT(struct scenario_agent, timeout_ms), .unit_ms = 1, RANGE(0, 300e3), .fallback = "4s"},
    {.name = "graylist",
     .kind = KIND_DURATION,
     KEY_AT(struct scenario_agent, graylist_ms),
     .unit_ms = 1,
     RANGE(0, 86400e3),
     .fallback = "0s"},
    {.name = "register",
     .kind = KIND_DURATION,
     KEY_AT(struct scenario_agent, register_ms),
     .unit_ms = 1,
     RANGE(0, 86400e3),
     .fallback = "0s"},
};

static const struct table agent_table = {.path = "agents[]", TABLE_KEYS(agent_keys)};

static const struct key report_keys[] = {
    {.name = "interval",
     .kind = KIND_DURATION,
     KEY_AT(struct scenario_reports, interval_ms),
     .unit_ms = 1,
     RANGE(1000, 3600e3),
     .fallback = "10s"},
    {.name = "delay", .kind = KIND_DURATION, KEY_AT(struct scenario_reports, delay_ms), .unit_ms = 1, RANGE(0, 3600e3), .fallback = "1s"},
    {.name = "loss", .kind = KIND_WHOLE, KEY_AT(struct scenario_reports, loss), RANGE(0, 100), .fallback = "0"},
};

static const struct table report_table = {.path = "reports", TABLE_KEYS(report_keys)};

static const struct key event_site = {.kind = KIND_SITE, .size = sizeof(uint8_t)};

static const struct key event_keys[] = {
    {.name = "what", .kind = KIND_CHOICE, .required = true, KEY_AT(struct scenario_event, kind), .choices = event_kinds},
    {.name = "at", .kind = KIND_DURATION, .required = true, KEY_AT(struct scenario_event, at_ms), .unit_ms = 1, RANGE(0, 604800e3)},
    {.name = "for",
     .kind = KIND_DURATION,
     KEY_AT(struct scenario_event, for_ms),
     .unit_ms = 1,
     RANGE(1000, 604800e3),
     .shown = "to the end"},
    {.name = "sites",
     .kind = KIND_LIST,
     KEY_LIST(struct scenario_event, sites, site_count),
     .item = &event_site,
     RANGE(0, SITES_MAX),
     .shown = "all sites"},
    {.name = "host", .kind = KIND_HOST, KEY_AT(struct scenario_event, host)},
    {.name = "period",
     .kind = KIND_DURATION,
     KEY_AT(struct scenario_event, period_ms),
     .unit_ms = 1,
     RANGE(2000, 86400e3),
     .fallback = "1m"},
    {.name = "to", .kind = KIND_WHOLE, KEY_AT(struct scenario_event, to), RANGE(0, 10000), .fallback = "50"},
    {.name = "slow", .kind = KIND_DURATION, KEY_AT(struct scenario_event, slow_ms), .unit_ms = 1, RANGE(0, 60e3), .fallback = "0s"},
};

/* Where sites are named they are meant, else all of them. */
static void take_all(const struct loader *loader, struct scenario_event *event)
{
    event->sites = mem_new(loader->config->site_count, sizeof *event->sites);
    for (; event->site_count < loader->config->site_count; event->site_count++)
        event->sites[event->site_count] = (uint8_t)event->site_count;
}

static void check_event(struct loader *loader, const config_setting_t *group, void *item)
{
    struct scenario_event *event = item;
    const config_setting_t *host = config_setting_get_member(group, "host");
    const bool sites = config_setting_get_member(group, "sites") != NULL;
    event->endpoint = -1;
    if (host && sites)
        tell(loader, host, "an event is about sites or about one host, not both");
    if (host && event->kind != EVENT_FAIL && event->kind != EVENT_FLAP)
        tell(loader, host, "only \"fail\" and \"flap\" can be about one host");
    if (event->host) {
        event->endpoint = config_endpoint(loader->config, event->host);
        if (event->endpoint < 0)
            tell(loader, host, "\"%s\": no endpoint of the configuration", event->host);
    } else if (!sites) {
        take_all(loader, event);
    }
}

static const struct table event_table = {.path = "events[]", TABLE_KEYS(event_keys), .check = check_event};

/* Places before the resolvers that may be at one of them. */
static const struct key root_keys[] = {
    {.name = "title", .kind = KIND_TEXT, .required = true, KEY_AT(struct scenario, title), RANGE(1, 200)},
    {.name = "service", .kind = KIND_HOST, KEY_AT(struct scenario, service_name), .shown = "the first of the configuration"},
    {.name = "length", .kind = KIND_DURATION, KEY_AT(struct scenario, length_ms), .unit_ms = 1, RANGE(60e3, 604800e3), .fallback = "2h"},
    {.name = "start", .kind = KIND_NUMBER, KEY_AT(struct scenario, start_h), RANGE(0, 24), .fallback = "12"},
    {.name = "calls", .kind = KIND_NUMBER, .required = true, KEY_AT(struct scenario, calls), RANGE(1, 500000)},
    {.name = "hold", .kind = KIND_DURATION, KEY_AT(struct scenario, hold_ms), .unit_ms = 1, RANGE(1000, 86400e3), .fallback = "3m"},
    {.name = "growth", .kind = KIND_NUMBER, KEY_AT(struct scenario, growth), RANGE(-100, 10000), .fallback = "0"},
    {.name = "peak", .kind = KIND_NUMBER, KEY_AT(struct scenario, peak_h), RANGE(0, 24), .fallback = "14"},
    {.name = "night", .kind = KIND_WHOLE, KEY_AT(struct scenario, night), RANGE(0, 100), .fallback = "20"},
    {.name = "redial", .kind = KIND_DURATION, KEY_AT(struct scenario, redial_ms), .unit_ms = 1, RANGE(1000, 600e3), .fallback = "5s"},
    {.name = "redials", .kind = KIND_WHOLE, KEY_AT(struct scenario, redials), RANGE(0, 20), .fallback = "2"},
    {.name = "places",
     .kind = KIND_LIST,
     .required = true,
     KEY_LIST(struct scenario, places, place_count),
     .table = &place_table,
     RANGE(1, 5000)},
    {.name = "resolvers",
     .kind = KIND_LIST,
     .required = true,
     KEY_LIST(struct scenario, resolvers, resolver_count),
     .table = &resolver_table,
     RANGE(1, 50)},
    {.name = "agents",
     .kind = KIND_LIST,
     .required = true,
     KEY_LIST(struct scenario, agents, agent_count),
     .table = &agent_table,
     RANGE(1, 50)},
    {.name = "reports", .kind = KIND_GROUP, KEY_AT(struct scenario, reports), .table = &report_table},
    {.name = "events", .kind = KIND_LIST, KEY_LIST(struct scenario, events, event_count), .table = &event_table, RANGE(0, 1000)},
};

static double shares_of(const struct scenario *scenario)
{
    double least = 0;
    for (size_t i = 0; i < scenario->place_count; i++)
        least += scenario->places[i].share;
    double resolvers = 0, agents = 0;
    for (size_t i = 0; i < scenario->resolver_count; i++)
        resolvers += scenario->resolvers[i].share;
    for (size_t i = 0; i < scenario->agent_count; i++)
        agents += scenario->agents[i].share;
    least = resolvers < least ? resolvers : least;
    return agents < least ? agents : least;
}

static void check_root(struct loader *loader, const config_setting_t *group, void *item)
{
    struct scenario *scenario = item;
    const config_setting_t *named = config_setting_get_member(group, "service");
    if (named && scenario->service_name) {
        scenario->service = config_service(loader->config, scenario->service_name);
        if (scenario->service < 0)
            tell(loader, named, "\"%s\": no service of the configuration", scenario->service_name);
    } else if (loader->config->service_count == 0) {
        tell(loader, group, "the configuration has no services: nothing is steered");
    }
    if (scenario->place_count > 0 && scenario->resolver_count > 0 && scenario->agent_count > 0 && !(shares_of(scenario) > 0))
        tell(loader, group, "the shares of all places, of all resolvers or of all agents are 0: nobody calls");
}

static const struct table scenario_table = {.path = "", TABLE_KEYS(root_keys), .check = check_root};

const struct table *const scenario_tables[] = {&scenario_table, &place_table, &resolver_table, &agent_table, &report_table, &event_table};
const size_t scenario_table_count = sizeof scenario_tables / sizeof scenario_tables[0];

/* The configuration as the reader needs it: its nouns, under the scenario's path, from which files and messages are named. */
static struct config known_nouns(const struct config *config, struct scenario *scenario)
{
    return (struct config){.path = scenario->path,
                           .sites = config->sites,
                           .site_count = config->site_count,
                           .endpoints = config->endpoints,
                           .endpoint_count = config->endpoint_count,
                           .services = config->services,
                           .service_count = config->service_count};
}

static void read_scenario(struct scenario *scenario, const struct config *config, struct source *source, const config_t *parsed,
                          struct report *report)
{
    struct config nouns = known_nouns(config, scenario);
    struct loader loader = {.report = report, .source = source, .config = &nouns, .scenario = scenario};
    for (size_t i = 0; i < config->site_count; i++) {
        const char *name = config->sites[i].name;
        names_add(&loader.names,
                  &(struct name_entry){.text = name, .len = (uint32_t)strlen(name), .space = SPACE_SITE, .number = (uint32_t)i});
    }
    schema_read(&loader, &scenario_table, config_root_setting(parsed), scenario);
    names_release(&loader.names);
}

static struct scenario *finish(const char *path, const struct config *config, struct source *source, bool readable, struct report *report,
                               size_t before)
{
    config_t parsed;
    config_init(&parsed);
    struct scenario *scenario = mem_new(1, sizeof *scenario);
    scenario->path = mem_text(path);
    if (readable && settings_parse(&parsed, source, report))
        read_scenario(scenario, config, source, &parsed, report);
    config_destroy(&parsed);
    source_release(source);
    if (report->errors == before)
        return scenario;
    scenario_free(scenario);
    return NULL;
}

struct scenario *scenario_from_text(const char *path, const char *text, size_t len, const struct config *config, struct report *report)
{
    struct source source;
    const size_t before = report->errors;
    const bool readable = source_from_text(path, text, len, report, &source);
    return finish(path, config, &source, readable, report, before);
}

struct scenario *scenario_load(const char *path, const struct config *config, struct report *report)
{
    struct source source;
    const size_t before = report->errors;
    const bool readable = source_read(path, report, &source);
    return finish(path, config, &source, readable, report, before);
}
