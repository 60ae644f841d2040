#include "control/overview.h"

#include "control/site_word.h"
#include "control/describe.h"
#include "control/director.h"
#include "control/watch.h"

#include <math.h>
#include <string.h>

enum { ORDERS_TOLD = 100, ALARMS_TOLD = 20, PLANNED_TOLD = 10 };

static json_t *traffic_json(const struct server *server)
{
    const struct server_counters at = server_counters(server);
    return json_pack("{s:I, s:I, s:I, s:I}", "queries", (json_int_t)(at.udp_queries + at.tcp_queries), "answers",
                     (json_int_t)(at.udp_answers + at.tcp_answers), "steered", (json_int_t)at.steered, "dropped",
                     (json_int_t)at.udp_dropped);
}

/* Two digits behind the point are more than anybody sees. */
static json_t *short_real(double value)
{
    return json_real(round(value * 100) / 100);
}

/* What is not known or not so is left out: there may be 250 of these, each second. */
static void add_use(const struct view *view, size_t number, json_t *object)
{
    const struct meters *meters = &view->setup->meters;
    const struct utilisation *use = &meters->site_use[number];
    const struct gauge *gauge = &meters->sites[number];
    if (use->trust > 0 && isfinite(use->ratio))
        json_object_set_new(object, "ratio", json_real(round(use->ratio * 1000) / 1000));
    if (gauge->counted)
        json_object_set_new(object, "calls", json_real(round(gauge->live)));
    if (gauge->limits.calls)
        json_object_set_new(object, "capacity", json_integer((json_int_t)gauge->limits.calls));
}

static json_t *site_json(const struct director *director, const struct view *view, size_t number)
{
    const struct site *site = &world_config(view->setup->world)->sites[number];
    json_t *object =
        json_pack("{s:s, s:s, s:o, s:o, s:s, s:o, s:f, s:f}", "site", site->name, "region", site->region, "latitude",
                  short_real(site->latitude), "longitude", short_real(site->longitude), "state", site_word_text(site_word_of(view, number)),
                  "endpoints", describe_counts(view, site->first_endpoint, site->endpoint_count), "target", site->room.target / 100.0,
                  "max", site->room.max / 100.0);
    const double rate = streams_site_rate(audience_streams(director->audience), view->setup, number);
    const unsigned share = view->setup->ramps.site_shares[number];
    add_use(view, number, object);
    if (rate > 0)
        json_object_set_new(object, "rate", short_real(rate));
    if (share < SHARE_WHOLE)
        json_object_set_new(object, "share", json_integer((json_int_t)(share * 100 / SHARE_WHOLE)));
    return object;
}

static json_t *sites_json(const struct director *director, const struct view *view)
{
    json_t *list = json_array();
    for (size_t i = 0; i < world_config(view->setup->world)->site_count; i++)
        json_array_append_new(list, site_json(director, view, i));
    return list;
}

/* The first of a list, and how many there are. */
static void add_first(json_t *object, const char *key, const char *count_key, json_t *list, size_t most)
{
    json_object_set_new(object, count_key, json_integer((json_int_t)json_array_size(list)));
    while (json_array_size(list) > most)
        json_array_remove(list, json_array_size(list) - 1);
    json_object_set_new(object, key, list);
}

/* The number of the newest event; 0: none. */
static json_int_t newest_event(const struct journal *journal)
{
    json_t *newest = journal_since(journal, 0, 1);
    const json_int_t id = json_integer_value(json_object_get(json_array_get(newest, 0), "id"));
    json_decref(newest);
    return id;
}

static json_t *orders_json(const struct view *view)
{
    json_t *list = json_array();
    for (size_t i = view->overrides->count; i-- > 0 && json_array_size(list) < ORDERS_TOLD;)
        json_array_append_new(list, describe_override(view, &view->overrides->items[i]));
    return list;
}

json_t *overview_json(struct director *director)
{
    const struct view view = director_view(director);
    const struct config *config = world_config(director->setup->world);
    const struct probe_engine_state engine = probe_engine_state(director->engine);
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b}", "program", "sipsteerd " SIPSTEER_VERSION, "id", config->server.id, "phase",
                  director->serving ? "serving" : "probing before the first answers", "now_s", (json_int_t)view.wall_s, "uptime_ms",
                  (json_int_t)(view.now_ms - director->started_ms), "generation", (json_int_t)director->generation, "loaded",
                  (json_int_t)place_number(director->setup->place), "suspect", director->setup->suspect);
    add_first(object, "alarms", "alarm_count", watch_alarms(director), ALARMS_TOLD);
    json_object_set_new(object, "event", json_integer(newest_event(director->journal)));
    json_object_set_new(object, "counters", traffic_json(director->server));
    json_object_set_new(object, "probes",
                        json_pack("{s:b, s:I, s:f}", "running", !director->engine_stopped_ms, "per_second", (json_int_t)engine.per_second,
                                  "late_p99_ms", engine.late_p99_tenths / 10.0));
    json_object_set_new(object, "endpoints", describe_counts(&view, 0, config->endpoint_count));
    json_object_set_new(object, "sites", sites_json(director, &view));
    json_object_set_new(object, "overrides", orders_json(&view));
    json_object_set_new(object, "override_count", json_integer((json_int_t)view.overrides->count));
    streams_describe(audience_streams(director->audience), director->setup, view.now_ms, object);
    return object;
}

/* --- for everybody */

static const char *public_text(enum site_word state)
{
    switch (state) {
    case SITE_IS_DISABLED:
    case SITE_IS_DRILL:
    case SITE_IS_SWITCHED:
    case SITE_IS_DRAINING: return "maintenance";
    case SITE_IS_DOWN: return "down";
    case SITE_IS_DEGRADED: return "degraded";
    case SITE_IS_UNKNOWN: return "unknown";
    default: return "up";
    }
}

/* An order on the very site: itself, or a switch of its callers. */
static bool is_of_site(const struct override *order, const char *site)
{
    const char *target = order->target;
    return strcmp(target, site) == 0 || (strncmp(target, "site:", 5) == 0 && strcmp(target + 5, site) == 0);
}

/* The end of a maintenance, where one is set. */
static void add_end(const struct view *view, const char *site, json_t *object)
{
    for (size_t i = 0; i < view->overrides->count; i++) {
        const struct override *order = &view->overrides->items[i];
        if (is_of_site(order, site) && override_active(order, view->now_ms) && order->until_s)
            json_object_set_new(object, "until_s", json_integer((json_int_t)order->until_s));
    }
}

static void add_planned(const struct view *view, const char *site, json_t *object)
{
    json_t *list = json_array();
    for (size_t i = 0; i < view->overrides->count && json_array_size(list) < PLANNED_TOLD; i++) {
        const struct override *order = &view->overrides->items[i];
        if (order->planned && is_of_site(order, site))
            json_array_append_new(list,
                                  json_pack("{s:I, s:I}", "from_s", (json_int_t)order->from_s, "until_s", (json_int_t)order->until_s));
    }
    if (json_array_size(list))
        json_object_set(object, "planned", list);
    json_decref(list);
}

json_t *public_status_json(const struct view *view)
{
    const struct config *config = world_config(view->setup->world);
    json_t *sites = json_array();
    for (size_t i = 0; i < config->site_count; i++) {
        const enum site_word state = site_word_of(view, i);
        json_t *object =
            json_pack("{s:s, s:s, s:s}", "site", config->sites[i].name, "region", config->sites[i].region, "state", public_text(state));
        if (strcmp(public_text(state), "maintenance") == 0)
            add_end(view, config->sites[i].name, object);
        add_planned(view, config->sites[i].name, object);
        json_array_append_new(sites, object);
    }
    return json_pack("{s:I, s:o}", "now_s", (json_int_t)view->wall_s, "sites", sites);
}
