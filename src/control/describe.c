#include "control/describe.h"

#include <stdio.h>

void describe_since(const struct view *view, json_t *object, uint64_t since_ms)
{
    const uint64_t age_ms = view->now_ms > since_ms ? view->now_ms - since_ms : 0;
    json_object_set_new(object, "since_s", json_integer(view->wall_s - (int64_t)(age_ms / 1000)));
    json_object_set_new(object, "age_ms", json_integer((json_int_t)age_ms));
}

json_t *describe_override(const struct view *view, const struct override *order)
{
    const struct config *config = world_config(view->setup->world);
    const bool covered = !order->planned && overrides_find(view->overrides, order->target) != order;
    json_t *object = json_pack("{s:I, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b, s:b, s:b, s:b}", "id", (json_int_t)order->id, "order",
                               order_text(order->order), "target", order->target, "reason", order->reason, "who", order->who, "since_s",
                               (json_int_t)order->since_s, "from_s", (json_int_t)(order->from_s ? order->from_s : order->since_s),
                               "until_s", (json_int_t)order->until_s, "suspended_until_s", (json_int_t)order->suspended_until_s, "active",
                               !covered && override_active(order, view->now_ms), "covered", covered, "planned", order->planned, "known",
                               override_known(order, config));
    if (order->order == ORDER_SWITCH)
        json_object_set_new(object, "to", json_string(order->to));
    return object;
}

json_t *describe_overrides(const struct view *view)
{
    json_t *list = json_array();
    for (size_t i = 0; i < view->overrides->count; i++)
        json_array_append_new(list, describe_override(view, &view->overrides->items[i]));
    return list;
}

json_t *describe_counts(const struct view *view, size_t first, size_t count)
{
    json_int_t of[4] = {0};
    for (size_t i = first; i < first + count; i++)
        of[view->setup->beliefs.health[i].overall]++;
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "total", (json_int_t)count, "up", of[VERDICT_UP], "draining", of[VERDICT_DRAINING],
                     "down", of[VERDICT_DOWN], "unknown", of[VERDICT_UNKNOWN]);
}

static json_t *order_on(const struct view *view, const char *target)
{
    const struct override *order = overrides_find(view->overrides, target);
    return order ? describe_override(view, order) : json_null();
}

json_t *describe_site_order(const struct view *view, size_t site)
{
    if (view->setup->effects.sites[site] == ORDERED_NOTHING)
        return json_null();
    return order_on(view, world_config(view->setup->world)->sites[site].name);
}

json_t *describe_endpoint_order(const struct view *view, size_t endpoint)
{
    const struct config *config = world_config(view->setup->world);
    const struct endpoint *of = &config->endpoints[endpoint];
    const struct effects *effects = &view->setup->effects;
    if (effects->endpoints[endpoint] == ORDERED_NOTHING || effects->endpoints[endpoint] < effects->sites[of->site])
        return describe_site_order(view, of->site);
    char target[TARGET_TEXT];
    snprintf(target, sizeof target, "%s/%s", config->sites[of->site].name, of->host);
    return order_on(view, target);
}

/* Percent of its share that one that is coming back may take; 100 otherwise. */
static json_t *describe_share(uint16_t share)
{
    return json_integer(share * 100 / SHARE_WHOLE);
}

static json_t *describe_site(const struct view *view, size_t number)
{
    const struct site *site = &world_config(view->setup->world)->sites[number];
    json_t *object = json_pack("{s:s, s:s, s:f, s:f, s:i, s:i, s:o, s:o, s:o}", "site", site->name, "region", site->region, "latitude",
                               site->latitude, "longitude", site->longitude, "bias", site->bias, "min_up", (int)site->min_up, "endpoints",
                               describe_counts(view, site->first_endpoint, site->endpoint_count), "order",
                               describe_site_order(view, number), "load", describe_site_load(view, number));
    json_object_set_new(object, "min_capacity", json_integer(site->needs.min_capacity));
    json_object_set_new(object, "share", describe_share(view->setup->ramps.site_shares[number]));
    return object;
}

json_t *describe_sites(const struct view *view)
{
    json_t *list = json_array();
    for (size_t i = 0; i < world_config(view->setup->world)->site_count; i++)
        json_array_append_new(list, describe_site(view, i));
    return list;
}

/* "falls" that count against it, and while no rise is allowed, "held_ms" for how much longer. */
static void describe_damping(const struct view *view, const struct checkup *at, json_t *check)
{
    const uint64_t until_ms = at->health.damping.held_until_ms;
    const bool held = at->health.verdict != VERDICT_UP && at->check.probe.hold_down_ms > 0 && until_ms > view->now_ms;
    json_object_set_new(check, "falls", json_integer(health_falls(&at->health, &at->check.probe, view->now_ms)));
    json_object_set_new(check, "held_ms", json_integer(held ? (json_int_t)(until_ms - view->now_ms) : 0));
}

/* Of an endpoint the check that is held longest. */
static void describe_hold(const struct view *view, size_t endpoint, json_t *object)
{
    const struct beliefs *beliefs = &view->setup->beliefs;
    const struct checkup *longest = NULL;
    for (uint32_t i = beliefs->first[endpoint]; i < beliefs->first[endpoint + 1]; i++) {
        const struct checkup *at = &beliefs->checks[i];
        if (longest == NULL || at->health.damping.held_until_ms > longest->health.damping.held_until_ms)
            longest = at;
    }
    if (longest)
        describe_damping(view, longest, object);
    json_object_set_new(object, "held", json_boolean(beliefs->health[endpoint].held));
}

static json_t *describe_check(const struct view *view, const struct checkup *at)
{
    char target[HOSTPORT_TEXT];
    if (at->check.target.port)
        hostport_format(&at->check.target, target);
    else
        addr_format(&at->check.target.addr, target);
    json_t *check =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:I}", "probe", at->check.probe.name, "type", probe_type_text(at->check.probe.type),
                  "transport", transport_text(at->check.probe.transport), "address", target, "verdict", verdict_text(at->health.verdict),
                  "reason", reason_text(at->health.reason), "doubt", at->health.doubt, "probes", (json_int_t)at->count);
    describe_since(view, check, at->health.since_ms);
    describe_damping(view, at, check);
    if (at->count) {
        json_object_set_new(check, "last", json_string(reason_text(at->last.reason)));
        json_object_set_new(check, "last_age_ms", json_integer((json_int_t)(view->now_ms > at->at_ms ? view->now_ms - at->at_ms : 0)));
        if (at->last.detail[0])
            json_object_set_new(check, "detail", json_string(at->last.detail));
        json_object_set_new(check, "rtt_us", json_integer(at->last.rtt_us));
        json_object_set_new(check, "detail", json_string(at->last.detail));
        if (at->last.certificate_end_s)
            json_object_set_new(check, "certificate_end_s", json_integer((json_int_t)at->last.certificate_end_s));
    }
    return check;
}

json_t *describe_endpoint(const struct view *view, size_t endpoint, bool checks)
{
    const struct config *config = world_config(view->setup->world);
    const struct endpoint *of = &config->endpoints[endpoint];
    const struct beliefs *beliefs = &view->setup->beliefs;
    const struct endpoint_health *health = &beliefs->health[endpoint];
    json_t *object = json_pack("{s:s, s:s, s:i, s:i, s:s, s:s, s:b, s:o}", "site", config->sites[of->site].name, "host", of->host, "tier",
                               (int)of->tier, "weight", (int)of->weight, "verdict", verdict_text(health->overall), "reason",
                               reason_text(health->reason), "doubt", health->doubt, "order", describe_endpoint_order(view, endpoint));
    describe_since(view, object, health->since_ms);
    describe_hold(view, endpoint, object);
    json_object_set_new(object, "share", describe_share(view->setup->ramps.endpoint_shares[endpoint]));
    if (!checks)
        return object;
    json_t *list = json_array();
    for (uint32_t i = beliefs->first[endpoint]; i < beliefs->first[endpoint + 1]; i++)
        json_array_append_new(list, describe_check(view, &beliefs->checks[i]));
    json_object_set_new(object, "checks", list);
    return object;
}

json_t *describe_endpoints(const struct view *view, int site)
{
    json_t *list = json_array();
    const struct config *config = world_config(view->setup->world);
    for (size_t i = 0; i < config->endpoint_count; i++)
        if (site == ALL_SITES || config->endpoints[i].site == site)
            json_array_append_new(list, describe_endpoint(view, i, true));
    return list;
}

static json_t *describe_takes(const struct config *config, size_t check)
{
    static const char *const texts[] = {[TAKES_SITE] = "site", [TAKES_SERVICE] = "service", [TAKES_LABEL] = "label"};
    json_t *list = json_array();
    for (size_t i = 0; i < config->site_count; i++) {
        const struct needs *needs = &config->sites[i].needs;
        for (size_t k = 0; k < needs->depend_count; k++) {
            const struct depend *depend = &needs->depends[k];
            if (depend->check != check)
                continue;
            json_t *object = json_pack("{s:s, s:s}", "site", config->sites[i].name, "takes", texts[depend->takes]);
            if (depend->takes != TAKES_SITE)
                json_object_set_new(object, texts[depend->takes], json_string(depend->service ? depend->service : depend->label));
            json_array_append_new(list, object);
        }
    }
    return list;
}

json_t *describe_named_checks(const struct view *view)
{
    const struct config *config = world_config(view->setup->world);
    const struct beliefs *beliefs = &view->setup->beliefs;
    json_t *list = json_array();
    for (size_t i = 0; i < config->judgement.check_count; i++) {
        json_t *object = describe_check(view, &beliefs->checks[beliefs->first[config->endpoint_count + i]]);
        json_object_set_new(object, "name", json_string(config->judgement.checks[i].name));
        json_object_set_new(object, "depends", describe_takes(config, i));
        json_array_append_new(list, object);
    }
    return list;
}
