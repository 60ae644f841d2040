/* Taking the numbers. All of it is copying: what must be searched for or formatted is done where the text is made. */
#include "control/numbers.h"

#include "base/clock.h"
#include "base/memory.h"
#include "control/director.h"
#include "control/drills.h"
#include "control/metrics.h"
#include "control/watch.h"

#include <stdlib.h>
#include <string.h>

static double seconds_since(uint64_t at_ms, uint64_t now_ms)
{
    return now_ms > at_ms ? (double)(now_ms - at_ms) / 1e3 : 0;
}

static void take_endpoints(struct numbers *numbers, const struct setup *setup)
{
    const struct config *config = numbers->config;
    numbers->verdicts = config->endpoint_count > config->metrics.endpoints ? NULL : mem_new(config->endpoint_count + 1, 1);
    for (size_t i = 0; i < config->endpoint_count; i++) {
        const enum verdict verdict = setup->beliefs.health[i].overall;
        numbers->sites[config->endpoints[i].site].verdicts[verdict]++;
        if (numbers->verdicts)
            numbers->verdicts[i] = (uint8_t)verdict;
    }
}

static void take_site(struct site_numbers *site, const struct setup *setup, size_t number, uint64_t now_ms)
{
    const struct gauge *gauge = &setup->meters.sites[number];
    const struct utilisation *use = &setup->meters.site_use[number];
    const bool known = use->trust > 0;
    site->available = !setup->ramps.sites[number].away;
    site->ratio = known ? use->ratio : not_known;
    site->trust = use->trust;
    site->age_s = known ? seconds_since(use->at_ms, now_ms) : not_known;
    site->calls = gauge->counted ? gauge->live : not_known;
    site->cps = gauge->amounts.of[LOAD_CPS].trust > 0 ? gauge->amounts.of[LOAD_CPS].raw : not_known;
    site->capacity = gauge->limits.calls ? gauge->limits.calls : not_known;
    site->price_m = setup->prices_m[number];
    site->share = (double)setup->ramps.site_shares[number] / SHARE_WHOLE;
    site->drill_passed = -1;
}

static void take_places(struct numbers *numbers, const struct setup *setup, uint64_t now_ms)
{
    const struct config *config = numbers->config;
    numbers->sites = mem_new(config->site_count + 1, sizeof *numbers->sites);
    numbers->clusters = mem_new(config->cluster_count + 1, sizeof *numbers->clusters);
    for (size_t i = 0; i < config->site_count; i++)
        take_site(&numbers->sites[i], setup, i, now_ms);
    for (size_t i = 0; i < config->cluster_count; i++)
        numbers->clusters[i] = setup->meters.cluster_use[i].trust > 0 ? setup->meters.cluster_use[i].ratio : not_known;
    take_endpoints(numbers, setup);
}

static void take_sources(struct numbers *numbers, const struct meters *meters, uint64_t now_ms)
{
    numbers->source_age_max_s = numbers->source_age_min_s = not_known;
    for (size_t i = 0; i < meters->count; i++) {
        const struct meter *meter = &meters->meters[i];
        numbers->sources[meter_state(meter, now_ms)]++;
        if (!meter->reading.known)
            continue;
        const double age_s = seconds_since(meter->reading.at_ms, now_ms);
        if (age_s > numbers->source_age_max_s)
            numbers->source_age_max_s = age_s;
        if (numbers->source_age_min_s < 0 || age_s < numbers->source_age_min_s)
            numbers->source_age_min_s = age_s;
    }
}

static void take_counted(struct numbers *numbers, const struct metering *metering)
{
    const struct config *config = numbers->config;
    const size_t cells = config->service_count * (config->site_count + 1);
    numbers->known = metering->known;
    numbers->unknown = metering->unknown;
    numbers->lost = metering->lost;
    numbers->build = metering->build;
    numbers->publish = metering->publish;
    memcpy(numbers->events, metering->events, sizeof numbers->events);
    numbers->probes = mem_copy(metering->probes, (config->probe_count + 1) * sizeof *numbers->probes);
    numbers->services = metering->services ? mem_copy(metering->services, cells * sizeof *numbers->services) : NULL;
    for (size_t i = 0; i < config->site_count; i++)
        numbers->sites[i].counted = metering->sites[i];
}

static void take_zones(struct numbers *numbers, const struct director *director)
{
    const struct config *config = numbers->config;
    numbers->zone_count = config->zone_count < config->metrics.zones ? config->zone_count : config->metrics.zones;
    numbers->zones = mem_new(numbers->zone_count + 1, sizeof *numbers->zones);
    for (size_t i = 0; i < numbers->zone_count; i++)
        numbers->zones[i] = (struct zone_numbers){.serial = world_zone(numbers->world, i)->serial,
                                                  .age_s = director->serving ? primaries_age_s(director->primaries, i) : not_known};
}

static void take_orders(struct numbers *numbers, const struct director *director, uint64_t now_ms)
{
    size_t i;
    json_t *report, *alarms = watch_alarms((struct director *)director);
    numbers->alarms = json_array_size(alarms);
    json_decref(alarms);
    for (size_t k = 0; k < director->overrides.count; k++)
        numbers->orders[director->overrides.items[k].order] += override_active(&director->overrides.items[k], now_ms);
    numbers->drill_running = director->drills->running;
    json_array_foreach(director->drills->reports, i, report)
    {
        const int site = config_site(numbers->config, json_string_value(json_object_get(report, "site")));
        const char *result = json_string_value(json_object_get(report, "result"));
        if (site < 0)
            continue;
        numbers->sites[site].drill_s = json_integer_value(json_object_get(report, "since_s"));
        if (strcmp(result, drill_result_text(DRILL_RUNNING)) != 0)
            numbers->sites[site].drill_passed = strcmp(result, drill_result_text(DRILL_PASSED)) == 0;
    }
}

static void take_engines(struct numbers *numbers, const struct director *director, uint64_t now_ms)
{
    const struct beliefs *beliefs = &director->setup->beliefs;
    numbers->counters = server_counters(director->server);
    numbers->engine = probe_engine_state(director->engine);
    numbers->engine_running = !director->engine_stopped_ms;
    numbers->engine_age_s = seconds_since(numbers->engine.heartbeat_ms, now_ms);
    numbers->collector = collector_state(director->gathering.collector);
    numbers->collector_age_s = seconds_since(numbers->collector.heartbeat_ms, now_ms);
    numbers->probe_age_s = director->metering->probe_ms ? seconds_since(director->metering->probe_ms, now_ms) : not_known;
    numbers->checks = beliefs->check_count;
    for (size_t i = 0; i < beliefs->check_count; i++) {
        const int64_t end_s = beliefs->checks[i].last.certificate_end_s;
        if (end_s && (numbers->endpoints_end_s == 0 || end_s < numbers->endpoints_end_s))
            numbers->endpoints_end_s = end_s;
    }
}

static void take_rest(struct numbers *numbers, const struct director *director, uint64_t now_ms)
{
    const struct setup *setup = director->setup;
    const struct snapshot *snapshot = snapshot_current();
    const struct demand *demand = audience_demand(director->audience);
    numbers->started_s = director->metering->started_s;
    numbers->wall_s = clock_wall_s();
    numbers->classes = geo_classes(place_geo(setup->place))->count;
    numbers->demand_known = demand_known(demand);
    numbers->demand_rate = numbers->demand_known > 0 ? demand_rate(demand) : 0;
    numbers->lottery = audience_lottery(director->audience);
    numbers->suspect = setup->suspect;
    numbers->kept = setup->kept_count;
    numbers->generation = snapshot ? snapshot_generation(snapshot) : 0;
    const int64_t renew_s = snapshot && snapshot_is_signed(snapshot) ? snapshot_renew_s(snapshot) : INT64_MAX;
    numbers->renew_s = renew_s == INT64_MAX ? 0 : renew_s;
    numbers->certificate_end_s = director->certificate.end_s;
    numbers->config_age_s = seconds_since(director->loaded_ms, now_ms);
    numbers->geo_age_s = seconds_since(director->metering->place_ms, now_ms);
    numbers->saved_age_s = seconds_since(director->verdicts_saved_ms, now_ms);
}

struct numbers *numbers_take(struct director *director)
{
    const uint64_t now_ms = clock_ms();
    struct numbers *numbers = mem_new(1, sizeof *numbers);
    numbers->world = world_ref(director->setup->world);
    numbers->config = world_config(numbers->world);
    metering_bind(director->metering, numbers->world, director->setup->place, now_ms);
    setup_look(director->setup, now_ms);
    take_places(numbers, director->setup, now_ms);
    take_sources(numbers, &director->setup->meters, now_ms);
    take_counted(numbers, director->metering);
    take_zones(numbers, director);
    take_orders(numbers, director, now_ms);
    take_engines(numbers, director, now_ms);
    take_rest(numbers, director, now_ms);
    return numbers;
}

void numbers_free(struct numbers *numbers)
{
    if (numbers == NULL)
        return;
    free(numbers->verdicts);
    free(numbers->sites);
    free(numbers->clusters);
    free(numbers->probes);
    free(numbers->services);
    free(numbers->zones);
    world_unref(numbers->world);
    free(numbers);
}
