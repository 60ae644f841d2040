/* What is in the way of a drill, what ends one early, and what the configuration says beforehand. */
#include "control/drills.h"

#include "base/clock.h"
#include "control/director.h"
#include "control/watch.h"

#include <stdio.h>
#include <string.h>

static bool orders_clear(const struct director *director, struct error *err)
{
    const uint64_t now_ms = clock_ms();
    for (size_t i = 0; i < director->overrides.count; i++) {
        const struct override *order = &director->overrides.items[i];
        if (order->scope != SCOPE_ENDPOINT && override_active(order, now_ms))
            return error_set(err, "an order is in force: %s %s by %s", order_text(order->order), order->target, order->who);
    }
    return true;
}

static bool sites_clear(const struct director *director, struct error *err)
{
    const struct setup *setup = director->setup;
    const struct config *config = world_config(setup->world);
    for (size_t i = 0; i < config->site_count; i++) {
        if (setup->ramps.sites[i].away)
            return error_set(err, "site %s takes no callers", config->sites[i].name);
        if (setup->ramps.site_shares[i] < SHARE_WHOLE)
            return error_set(err, "site %s is only coming back", config->sites[i].name);
    }
    return true;
}

static bool alarms_clear(const struct director *director, struct error *err)
{
    json_t *alarms = watch_alarms((struct director *)director);
    const char *first = json_string_value(json_array_get(alarms, 0));
    const bool clear = first == NULL || error_set(err, "there is an alarm: %.400s", first);
    json_decref(alarms);
    return clear;
}

bool drills_clear(const struct director *director, size_t site, struct error *err)
{
    const struct config *config = world_config(director->setup->world);
    if (!director->serving)
        return error_set(err, "the daemon does not answer yet");
    if (director->drills->preparing)
        return error_set(err, "another drill is being prepared");
    if (director->drills->running)
        return error_set(err, "another drill is running: site %s", director->drills->now.start.site);
    if (config->sites[site].endpoint_count == 0)
        return error_set(err, "site %s has no endpoints", config->sites[site].name);
    return alarms_clear(director, err) && orders_clear(director, err) && sites_clear(director, err);
}

/* The site itself: its order hides what would be said of it; whether somebody there is alive is seen by its endpoints. */
static bool is_dead(const struct setup *setup, size_t number)
{
    const struct site *site = &world_config(setup->world)->sites[number];
    for (size_t i = site->first_endpoint; i < (size_t)site->first_endpoint + site->endpoint_count; i++)
        if (setup->beliefs.health[i].overall != VERDICT_DOWN)
            return false;
    return true;
}

static bool is_past_max(const struct setup *setup, size_t site)
{
    const struct utilisation *use = &setup->meters.site_use[site];
    return use->trust > 0 && use->ratio * 100 > world_config(setup->world)->sites[site].room.max;
}

static const char *wrong_at_sites(const struct setup *setup, int drilled)
{
    static char text[DRILL_WHY_TEXT];
    const struct config *config = world_config(setup->world);
    if (is_dead(setup, (size_t)drilled))
        return "the site has really failed";
    for (size_t i = 0; i < config->site_count; i++) {
        if ((int)i == drilled)
            continue;
        const char *what = setup->ramps.sites[i].away ? "takes no callers any more" : is_past_max(setup, i) ? "is past its max" : NULL;
        if (what) {
            snprintf(text, sizeof text, "site %s %s", config->sites[i].name, what);
            return text;
        }
    }
    return NULL;
}

const char *drills_wrong(const struct director *director, int site)
{
    if (site < 0)
        return "the site is not in the configuration any more";
    if (director->engine_stopped_ms)
        return "the probe engine has stopped: nothing is known of any endpoint";
    if (director->lag.alarm)
        return "the probe engine is behind";
    if (director->setup->suspect || director->setup->kept_count)
        return "more has fallen than is believed";
    if (director->alarms.publish[0])
        return director->alarms.publish;
    return wrong_at_sites(director->setup, site);
}

/* A failure just after an answer is met by the next probe; that one and those that confirm it take their whole timeout (health.h). */
static int64_t check_detects_ms(const struct probe *probe)
{
    const int64_t confirm_ms = probe->confirm_ms < probe->interval_ms / 2 ? probe->confirm_ms : probe->interval_ms / 2;
    if (probe->type == PROBE_PUSH)
        return probe->push.expires_ms;
    return (int64_t)probe->interval_ms + probe->timeout_ms + (int64_t)(probe->fall - 1) * (confirm_ms + probe->timeout_ms);
}

int64_t drills_detect_ms(const struct director *director, size_t number)
{
    const struct beliefs *beliefs = &director->setup->beliefs;
    const struct site *site = &world_config(director->setup->world)->sites[number];
    int64_t worst_ms = 0;
    for (size_t i = site->first_endpoint; i < (size_t)site->first_endpoint + site->endpoint_count; i++) {
        if (beliefs->first[i] == beliefs->first[i + 1])
            return DRILL_NEVER;
        for (uint32_t c = beliefs->first[i]; c < beliefs->first[i + 1]; c++) {
            const int64_t takes_ms = check_detects_ms(&beliefs->checks[c].check.probe);
            worst_ms = takes_ms > worst_ms ? takes_ms : worst_ms;
        }
    }
    return worst_ms;
}

uint32_t drills_ttl_s(const struct director *director, size_t site)
{
    const struct config *config = world_config(director->setup->world);
    uint32_t longest_s = 0;
    for (size_t i = 0; i < config->service_count; i++)
        if (memchr(config->services[i].sites, (int)site, config->services[i].site_count) && config->services[i].ttl_s > longest_s)
            longest_s = config->services[i].ttl_s;
    return longest_s;
}

void drills_see_loads(const struct director *director, int site, struct drill_sight *sight)
{
    const struct meters *meters = &director->setup->meters;
    const struct config *config = world_config(director->setup->world);
    sight->peak = -1;
    sight->peak_site = "";
    for (size_t i = 0; i < config->site_count; i++) {
        const struct utilisation *use = &meters->site_use[i];
        if ((int)i == site || use->trust <= 0)
            continue;
        if (use->ratio * 100 > sight->peak) {
            sight->peak = use->ratio * 100;
            sight->peak_site = config->sites[i].name;
        }
        const double past = use->ratio - config->sites[i].room.max / 100.0;
        if (past > 0 && use->ratio > 0)
            sight->calls_past_max += use->calls * past / use->ratio;
    }
    if (site >= 0 && meters->sites[site].counted) {
        sight->calls = meters->sites[site].live;
        sight->trust = 1;
    }
}
