/* What is wrong with the daemon itself, and with what it is fed. */
#include "control/watch.h"

#include "control/director.h"
#include "control/drills.h"
#include "base/memory.h"
#include "control/expiry.h"
#include "control/web.h"

#include <stdlib.h>

static void tell(struct alerts *alerts, enum alert_kind kind, enum alert_severity severity, const char *target, const char *text)
{
    struct alert *alert = text && text[0] ? alerts_tell(alerts, kind, target, severity) : NULL;
    if (!alert)
        return;
    alert->alarm = true;
    alert_say(alert, "%s", text);
}

static void tell_json(struct alerts *alerts, enum alert_kind kind, enum alert_severity severity, const char *target, json_t *text)
{
    tell(alerts, kind, severity, target, json_string_value(text));
    json_decref(text);
}

static void tell_engine(const struct director *director, struct alerts *alerts)
{
    const struct setup *setup = director->setup;
    if (director->engine_stopped_ms)
        tell(alerts, ALERT_PROBES, ALERT_CRITICAL, "stopped", "the probe engine has stopped: nothing is known of any endpoint");
    if (director->lag.alarm)
        tell_json(alerts, ALERT_PROBES, ALERT_CRITICAL, "behind",
                  json_sprintf("the probe engine is behind: probes start late, and %zu times a verdict was too old to be believed",
                               director->lag.expired));
    if (setup->suspect)
        tell(alerts, ALERT_ALL_AT_ONCE, ALERT_CRITICAL, "", "suspect: every endpoint fell at once; the falls are not believed");
    if (setup->kept_count)
        tell_json(alerts, ALERT_SAFETY, ALERT_CRITICAL, "",
                  json_sprintf("safety: more endpoints have failed than probes may take out; %zu of them are kept in the answers",
                               setup->kept_count));
}

static void tell_alarms(const struct director *director, struct alerts *alerts)
{
    const struct alarms *alarms = &director->alarms;
    const struct {
        enum alert_kind kind;
        enum alert_severity severity;
        const char *target, *text;
    } all[] = {
        {ALERT_PUBLISH, ALERT_CRITICAL, "", alarms->publish},
        {ALERT_RELOAD, ALERT_WARNING, "", alarms->reload},
        {ALERT_STALE, ALERT_WARNING, "geo data", alarms->geo},
        {ALERT_STATE, ALERT_CRITICAL, "lost orders", alarms->orders},
        {ALERT_SIGNING, ALERT_CRITICAL, "", alarms->signing},
        {ALERT_CLOCK, ALERT_WARNING, "", alarms->clock},
        {ALERT_STATE, ALERT_WARNING, "serials", alarms->state[STATE_SERIALS]},
        {ALERT_STATE, ALERT_WARNING, "prices", alarms->state[STATE_PRICES]},
        {ALERT_STATE, ALERT_WARNING, "habits", alarms->state[STATE_HABITS]},
        {ALERT_STATE, ALERT_CRITICAL, "orders", alarms->state[STATE_OVERRIDES]},
        {ALERT_STATE, ALERT_WARNING, "verdicts", alarms->state[STATE_VERDICTS]},
        {ALERT_STATE, ALERT_WARNING, "cookie secrets", alarms->state[STATE_SECRETS]},
        {ALERT_EXPIRY, ALERT_CRITICAL, "certificate files", director->certificate.alarm},
        {ALERT_STATE, ALERT_WARNING, "audit file", audit_alarm(director->audit)},
        {ALERT_STATE, ALERT_WARNING, "drill reports", director->drills->alarm},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        tell(alerts, all[i].kind, all[i].severity, all[i].target, all[i].text);
}

static void tell_stale_load(const struct meters *meters, struct alerts *alerts, uint64_t now_ms)
{
    const size_t stale = meters_stale(meters, now_ms);
    if (stale)
        tell_json(alerts, ALERT_STALE, ALERT_WARNING, "load",
                  json_sprintf("load: %zu of %zu sources tell nothing that still counts (sipsteer load)", stale, meters->count));
}

/* Until they are ended, or there is such a target again. */
static void tell_void_orders(const struct director *director, struct alerts *alerts)
{
    const struct config *config = world_config(director->setup->world);
    for (size_t i = 0; i < director->overrides.count; i++) {
        const char *target = director->overrides.items[i].target;
        if (!override_known(&director->overrides.items[i], config))
            tell_json(alerts, ALERT_ORDERS, ALERT_WARNING, target,
                      json_sprintf("the order on %s has no effect: there is no such target", target));
    }
}

/* Each of the list's texts; its key: what stands in front of the colon, or where it stands. */
static void tell_list(struct alerts *alerts, enum alert_kind kind, enum alert_severity severity, json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *key = json_string_value(json_object_get(item, "target"));
        tell(alerts, kind, severity, key, json_string_value(json_object_get(item, "text")));
    }
    json_decref(list);
}

/* The same of texts alone: their keys are numbers. */
static void tell_texts(struct alerts *alerts, enum alert_kind kind, const char *what, json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        char *target = mem_format("%s %zu", what, i + 1);
        tell(alerts, kind, ALERT_WARNING, target, json_string_value(item));
        free(target);
    }
    json_decref(list);
}

void faults_tell(struct director *director, struct alerts *alerts)
{
    const struct view view = director_view(director);
    tell_engine(director, alerts);
    tell_alarms(director, alerts);
    json_t *zones = json_array(), *certificates = json_array(), *taps = json_array(), *web = json_array();
    primaries_alarms(director->primaries, zones);
    tell_list(alerts, ALERT_STALE, ALERT_WARNING, zones);
    taps_alarms(director->tap, taps);
    tell_texts(alerts, ALERT_STATE, "dnstap or query log", taps);
    tell_stale_load(&director->setup->meters, alerts, view.now_ms);
    tell_void_orders(director, alerts);
    expiry_alarms(&view, certificates);
    tell_list(alerts, ALERT_EXPIRY, ALERT_WARNING, certificates);
    tell_json(alerts, ALERT_EXPIRY, ALERT_WARNING, "certificate",
              certificate_end_alarm(&director->certificate, &world_config(director->setup->world)->server.tls));
    web_alarms(director->web, web);
    tell_texts(alerts, ALERT_EXPIRY, "HTTP", web);
    const char *missing = geo_missing(place_geo(director->setup->place));
    if (missing)
        tell_json(alerts, ALERT_STALE, ALERT_WARNING, "geo files",
                  json_sprintf("geo data: %s is missing; the data loaded before are still in use", missing));
}
