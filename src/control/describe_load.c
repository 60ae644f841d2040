/* How full everything is, as JSON; and the load that somebody tells of. */
#include "control/describe.h"

#include "control/protocol.h"

#include <math.h>

static json_t *known_or_null(bool known, double value)
{
    return known && isfinite(value) ? json_real(value) : json_null();
}

static json_int_t age_of(const struct view *view, uint64_t at_ms)
{
    return (json_int_t)(view->now_ms > at_ms ? view->now_ms - at_ms : 0);
}

static const char *state_text(const struct meter *meter, uint64_t now_ms)
{
    static const char *const texts[METER_STATES] = {
        [METER_WAITING] = "waiting", [METER_FRESH] = "fresh", [METER_LATE] = "late", [METER_STALE] = "stale"};
    return texts[meter_state(meter, now_ms)];
}

static json_t *describe_meter(const struct view *view, const struct meter *meter)
{
    const struct reading *reading = &meter->reading;
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:f, s:I}", "name", meter->source->name, "type", load_type_text(meter->source->type),
                  "unit", load_unit_text(meter->source->unit), "state", state_text(meter, view->now_ms), "value",
                  known_or_null(reading->known, reading->raw), "smoothed", known_or_null(reading->known, reading->smoothed), "trust",
                  reading_trust(reading, view->now_ms), "asked", (json_int_t)meter->asked);
    json_object_set_new(object, "age_ms", reading->known ? json_integer(age_of(view, reading->at_ms)) : json_null());
    if (meter->failed)
        json_object_set_new(object, "error", json_string(meter->why));
    return object;
}

static json_t *describe_gauge(const struct view *view, const struct gauge *gauge, const struct utilisation *use)
{
    const struct meters *meters = &view->setup->meters;
    const bool known = use->trust > 0;
    const struct amount *cps = &gauge->amounts.of[LOAD_CPS], *percent = &gauge->amounts.of[LOAD_PERCENT];
    json_t *sources = json_array();
    for (uint32_t i = gauge->first; i < gauge->first + gauge->count; i++)
        json_array_append_new(sources, describe_meter(view, &meters->meters[i]));
    return json_pack("{s:o, s:o, s:f, s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "ratio", known_or_null(known, use->ratio), "raw",
                     known_or_null(known, use->raw), "trust", use->trust, "age_ms",
                     known ? json_integer(age_of(view, use->at_ms)) : json_null(), "calls", known_or_null(gauge->counted, gauge->live),
                     "cps", known_or_null(cps->trust > 0, cps->raw), "percent", known_or_null(percent->trust > 0, percent->raw), "capacity",
                     (json_int_t)gauge->limits.calls, "capacity_cps", (json_int_t)gauge->limits.cps, "sources", sources);
}

json_t *describe_site_load(const struct view *view, size_t site)
{
    const struct meters *meters = &view->setup->meters;
    const struct site *of = &meters->config->sites[site];
    json_t *object = describe_gauge(view, &meters->sites[site], &meters->site_use[site]);
    json_object_set_new(object, "target", json_real(of->room.target / 100.0));
    json_object_set_new(object, "max", json_real(of->room.max / 100.0));
    return object;
}

static json_t *describe_endpoint_load(const struct view *view, size_t endpoint)
{
    const struct meters *meters = &view->setup->meters;
    const struct endpoint *of = &meters->config->endpoints[endpoint];
    json_t *object = describe_gauge(view, &meters->endpoints[endpoint], &meters->endpoint_use[endpoint]);
    json_object_set_new(object, "site", json_string(meters->config->sites[of->site].name));
    json_object_set_new(object, "host", json_string(of->host));
    json_object_set_new(object, "verdict", json_string(verdict_text(view->setup->beliefs.health[endpoint].overall)));
    json_object_set_new(object, "order", describe_endpoint_order(view, endpoint));
    return object;
}

json_t *describe_load(const struct view *view, int site)
{
    const struct meters *meters = &view->setup->meters;
    json_t *sites = json_array(), *endpoints = json_array(), *clusters = json_array();
    for (size_t i = 0; i < meters->config->site_count; i++) {
        if (site != ALL_SITES && (size_t)site != i)
            continue;
        json_t *object = describe_site_load(view, i);
        json_object_set_new(object, "site", json_string(meters->config->sites[i].name));
        json_object_set_new(object, "order", describe_site_order(view, i));
        json_array_append_new(sites, object);
    }
    for (size_t i = 0; i < meters->config->endpoint_count; i++)
        if (site == ALL_SITES || meters->config->endpoints[i].site == site)
            json_array_append_new(endpoints, describe_endpoint_load(view, i));
    for (size_t i = 0; site == ALL_SITES && i < meters->config->cluster_count; i++) {
        json_t *cluster = describe_gauge(view, &meters->clusters[i], &meters->cluster_use[i]);
        json_object_set_new(cluster, "cluster", json_string(meters->config->clusters[i].name));
        json_array_append_new(clusters, cluster);
    }
    return json_pack("{s:o, s:o, s:o}", "sites", sites, "endpoints", endpoints, "clusters", clusters);
}

json_t *describe_sources(const struct view *view, const struct collector *collector)
{
    const struct collector_state state = collector_state(collector);
    const struct meters *meters = &view->setup->meters;
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "sources", (json_int_t)meters->count, "stale",
                     (json_int_t)meters_stale(meters, view->now_ms), "asked", (json_int_t)state.asked, "failed", (json_int_t)state.failed,
                     "heartbeat_age_ms", age_of(view, state.heartbeat_ms));
}

json_t *push_load(struct meters *meters, const struct request *request, uint64_t now_ms)
{
    char target[METER_TEXT];
    struct error err;
    const struct push push = {.target = request->target, .unit = request->unit, .value = request->value, .for_ms = request->for_ms};
    if (!meters_push(meters, &push, now_ms, target, &err))
        return reply_error("%s", err.text);
    json_t *reply = reply_ok();
    json_object_set_new(reply, "target", json_string(target));
    return reply;
}
