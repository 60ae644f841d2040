#include "control/loads.h"

#include "base/memory.h"
#include "control/target.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORTHLESS_INTERVALS = 3 };

static double full_in(enum load_unit unit, struct limits limits)
{
    const double full[LOAD_UNITS] = {[LOAD_CALLS] = limits.calls, [LOAD_CPS] = limits.cps, [LOAD_PERCENT] = 100};
    return full[unit];
}

/* Of all endpoints, whether they take callers now or not: how many there are may change faster than how many calls there are. */
static struct limits limits_of_site(const struct config *config, const struct site *site)
{
    struct part *parts = mem_new(site->endpoint_count + 1, sizeof *parts);
    for (size_t i = 0; i < site->endpoint_count; i++)
        parts[i].limits = config->endpoints[site->first_endpoint + i].limits;
    const struct limits limits = limits_of_parts(site->limits, parts, site->endpoint_count);
    free(parts);
    return limits;
}

/* An endpoint that says nothing of its own has no more room than its site. */
static double room_of(const struct config *config, enum measured kind, size_t index, enum load_unit unit)
{
    if (kind == MEASURED_CLUSTER)
        return full_in(unit, config->clusters[index].limits);
    if (kind == MEASURED_SITE)
        return full_in(unit, limits_of_site(config, &config->sites[index]));
    const double own = full_in(unit, config->endpoints[index].limits);
    return own > 0 ? own : full_in(unit, config->sites[config->endpoints[index].site].limits);
}

static void add_meters(struct meters *meters, struct gauge *gauge, enum measured kind, size_t index, const struct loads *loads,
                       uint64_t now_ms)
{
    const struct config *config = meters->config;
    gauge->first = (uint32_t)meters->count;
    gauge->count = (uint32_t)loads->count;
    for (size_t i = 0; i < loads->count; i++) {
        const struct load_source *source = &config->load_sources[loads->of[i]];
        meters->meters[meters->count++] = (struct meter){.kind = kind,
                                                         .index = (uint16_t)index,
                                                         .source = source,
                                                         .full = room_of(config, kind, index, source->unit),
                                                         .since_ms = now_ms};
    }
}

static size_t count_meters(const struct config *config)
{
    size_t count = 0;
    for (size_t i = 0; i < config->endpoint_count; i++)
        count += config->endpoints[i].loads.count;
    for (size_t i = 0; i < config->site_count; i++)
        count += config->sites[i].loads.count;
    for (size_t i = 0; i < config->cluster_count; i++)
        count += config->clusters[i].loads.count;
    return count;
}

static const char *name_of(const struct config *config, const struct meter *meter)
{
    switch (meter->kind) {
    case MEASURED_ENDPOINT: return config->endpoints[meter->index].host;
    case MEASURED_SITE: return config->sites[meter->index].name;
    default: return config->clusters[meter->index].name;
    }
}

/* Over all configurations: the place, then the source. */
static int identity_of_meters(const struct meters *of_a, const struct meter *a, const struct meters *of_b, const struct meter *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    const int place = strcmp(name_of(of_a->config, a), name_of(of_b->config, b));
    return place ? place : strcmp(a->source->name, b->source->name);
}

static int by_identity(const void *left, const void *right, void *context)
{
    return identity_of_meters(context, *(struct meter *const *)left, context, *(struct meter *const *)right);
}

static struct meter **sorted(const struct meters *meters)
{
    struct meter **all = mem_new(meters->count + 1, sizeof(struct meter *));
    for (size_t i = 0; i < meters->count; i++)
        all[i] = &meters->meters[i];
    qsort_r(all, meters->count, sizeof(struct meter *), by_identity, (void *)meters);
    return all;
}

/* Values of the one can stand for values of the other. */
static bool same_meaning(const struct load_source *a, const struct load_source *b)
{
    return a->type == b->type && a->unit == b->unit && a->rate == b->rate && a->scale == b->scale;
}

static void carry_over(struct meters *meters, const struct meters *previous)
{
    struct meter **to = sorted(meters), **from = sorted(previous);
    for (size_t i = 0, j = 0; i < meters->count; i++) {
        while (j < previous->count && identity_of_meters(previous, from[j], meters, to[i]) < 0)
            j++;
        if (j == previous->count || identity_of_meters(previous, from[j], meters, to[i]) != 0 ||
            !same_meaning(from[j]->source, to[i]->source))
            continue;
        const struct meter fresh = *to[i];
        *to[i] = *from[j];
        to[i]->index = fresh.index;
        to[i]->source = fresh.source;
        to[i]->full = fresh.full;
    }
    free(to);
    free(from);
}

static void make_gauges(struct meters *meters, uint64_t now_ms)
{
    const struct config *config = meters->config;
    for (size_t i = 0; i < config->endpoint_count; i++)
        add_meters(meters, &meters->endpoints[i], MEASURED_ENDPOINT, i, &config->endpoints[i].loads, now_ms);
    for (size_t i = 0; i < config->site_count; i++)
        add_meters(meters, &meters->sites[i], MEASURED_SITE, i, &config->sites[i].loads, now_ms);
    for (size_t i = 0; i < config->cluster_count; i++)
        add_meters(meters, &meters->clusters[i], MEASURED_CLUSTER, i, &config->clusters[i].loads, now_ms);
}

void meters_init(struct meters *meters, const struct world *world, const struct meters *previous, uint64_t now_ms)
{
    const struct config *config = world_config(world);
    *meters = (struct meters){.config = config, .world = world, .generation = 1};
    meters->meters = mem_new(count_meters(config) + 1, sizeof *meters->meters);
    meters->endpoints = mem_new(config->endpoint_count + 1, sizeof *meters->endpoints);
    meters->sites = mem_new(config->site_count + 1, sizeof *meters->sites);
    meters->clusters = mem_new(config->cluster_count + 1, sizeof *meters->clusters);
    meters->endpoint_use = mem_new(config->endpoint_count + 1, sizeof *meters->endpoint_use);
    meters->site_use = mem_new(config->site_count + 1, sizeof *meters->site_use);
    meters->cluster_use = mem_new(config->cluster_count + 1, sizeof *meters->cluster_use);
    make_gauges(meters, now_ms);
    if (previous) {
        meters->generation = previous->generation + 1;
        carry_over(meters, previous);
    }
}

void meters_release(struct meters *meters)
{
    void *const all[] = {meters->meters,       meters->endpoints, meters->sites,      meters->clusters,
                         meters->endpoint_use, meters->site_use,  meters->cluster_use};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* The host without its final dot, as URLs have it; held until the set is installed. */
static struct place_words words_of(const struct meters *meters, const struct meter *meter, char *host, size_t room)
{
    const struct config *config = meters->config;
    const struct addr *addrs;
    struct place_words words = {.host = NULL};
    if (meter->kind == MEASURED_SITE)
        words.site = config->sites[meter->index].name;
    if (meter->kind != MEASURED_ENDPOINT)
        return words;
    const struct endpoint *endpoint = &config->endpoints[meter->index];
    const size_t len = strlen(endpoint->host);
    snprintf(host, room, "%.*s", (int)(len - (len > 1)), endpoint->host);
    words.host = host;
    words.site = config->sites[endpoint->site].name;
    words.address = endpoint->address;
    if (words.address.family == FAMILY_NONE && world_addresses(meters->world, meter->index, &addrs) > 0)
        words.address = addrs[0];
    return words;
}

void meters_install(const struct meters *meters, struct collector *collector)
{
    enum { HOST_ROOM = 1024 };
    struct load_errand *errands = mem_new(meters->count + 1, sizeof *errands);
    char *hosts = mem_new(meters->count + 1, HOST_ROOM);
    for (size_t i = 0; i < meters->count; i++)
        errands[i] = (struct load_errand){.source = meters->meters[i].source,
                                          .words = words_of(meters, &meters->meters[i], hosts + i * HOST_ROOM, HOST_ROOM)};
    collector_set(collector, errands, meters->count, meters->generation);
    free(hosts);
    free(errands);
}

struct meter *meters_addressee(struct meters *meters, const struct load_result *result)
{
    return result->generation == meters->generation && result->errand < meters->count ? &meters->meters[result->errand] : NULL;
}

void meter_take(struct meter *meter, const struct load_result *result, uint64_t now_ms)
{
    meter->asked++;
    meter->last_ms = now_ms;
    meter->failed = !result->done;
    memcpy(meter->why, result->why, sizeof meter->why);
    struct error err = {""};
    if (!result->done || reading_take(&meter->reading, meter->source, &result->sample, meter->full, &err) || !err.text[0])
        return;
    meter->failed = true;
    snprintf(meter->why, sizeof meter->why, "%.*s", LOAD_WHY - 1, err.text);
}

const char *meter_name(const struct meters *meters, const struct meter *meter, char out[METER_TEXT])
{
    const struct config *config = meters->config;
    const bool endpoint = meter->kind == MEASURED_ENDPOINT;
    snprintf(out, METER_TEXT, "%s%s%s", endpoint ? config->sites[config->endpoints[meter->index].site].name : "", endpoint ? "/" : "",
             name_of(config, meter));
    return out;
}

static struct amounts own_amounts(const struct meters *meters, const struct gauge *gauge, uint64_t now_ms)
{
    struct amounts amounts = {0};
    for (uint32_t i = gauge->first; i < gauge->first + gauge->count; i++)
        amounts_add(&amounts, meters->meters[i].source->unit, &meters->meters[i].reading, now_ms);
    return amounts;
}

/* Endpoints are parts of a whole: those that take callers, or all if none does. */
struct whole {
    struct part *parts;
    size_t count, idle_count; /* idle ones stand behind the others */
};

static void add_part(struct whole *whole, const struct meters *meters, size_t endpoint, bool takes)
{
    const struct part part = {.amounts = meters->endpoints[endpoint].amounts, .limits = meters->endpoints[endpoint].limits};
    whole->parts[whole->count + whole->idle_count] = part;
    if (!takes) {
        whole->idle_count++;
        return;
    }
    whole->parts[whole->count + whole->idle_count] = whole->parts[whole->count];
    whole->parts[whole->count++] = part;
}

/* All calls there are, those of endpoints that take no new ones included: so is seen how a drained site becomes empty. */
static void count_calls(struct gauge *gauge, const struct amounts *own, const struct whole *whole)
{
    gauge->live = 0;
    gauge->counted = own->of[LOAD_CALLS].trust > 0;
    if (gauge->counted) {
        gauge->live = own->of[LOAD_CALLS].raw;
        return;
    }
    for (size_t i = 0; i < whole->count + whole->idle_count; i++) {
        const struct amount *calls = &whole->parts[i].amounts.of[LOAD_CALLS];
        gauge->counted |= calls->trust > 0;
        gauge->live += calls->trust > 0 ? calls->raw : 0;
    }
}

static void look_at_whole(struct meters *meters, struct gauge *gauge, const struct whole *whole, struct limits own, uint64_t now_ms,
                          struct utilisation *ret_use)
{
    const size_t count = whole->count ? whole->count : whole->idle_count;
    const struct amounts of_parts = amounts_of_parts(whole->parts, count), own_of = own_amounts(meters, gauge, now_ms);
    gauge->limits = limits_of_parts(own, whole->parts, count);
    gauge->amounts = amounts_prefer(&own_of, &of_parts);
    count_calls(gauge, &own_of, whole);
    *ret_use = utilisation_of(&gauge->amounts, gauge->limits);
}

void meters_look(struct meters *meters, const bool *takes, uint64_t now_ms)
{
    const struct config *config = meters->config;
    struct whole whole = {.parts = mem_new(config->endpoint_count + 1, sizeof *whole.parts)};
    for (size_t i = 0; i < config->endpoint_count; i++) {
        struct gauge *gauge = &meters->endpoints[i];
        gauge->limits = config->endpoints[i].limits;
        gauge->amounts = own_amounts(meters, gauge, now_ms);
        count_calls(gauge, &gauge->amounts, &whole);
        meters->endpoint_use[i] = utilisation_of(&gauge->amounts, gauge->limits);
    }
    for (size_t s = 0; s < config->site_count; s++) {
        const struct site *site = &config->sites[s];
        whole.count = whole.idle_count = 0;
        for (size_t i = site->first_endpoint; i < (size_t)site->first_endpoint + site->endpoint_count; i++)
            add_part(&whole, meters, i, takes[i]);
        look_at_whole(meters, &meters->sites[s], &whole, site->limits, now_ms, &meters->site_use[s]);
    }
    for (size_t c = 0; c < config->cluster_count; c++) {
        const struct cluster *cluster = &config->clusters[c];
        whole.count = whole.idle_count = 0;
        for (size_t i = 0; i < cluster->endpoint_count; i++)
            add_part(&whole, meters, cluster->endpoints[i], takes[cluster->endpoints[i]]);
        look_at_whole(meters, &meters->clusters[c], &whole, cluster->limits, now_ms, &meters->cluster_use[c]);
    }
    free(whole.parts);
}

/* The gauge that a target means. */
static const struct gauge *find_gauge(const struct meters *meters, const char *text, char *ret_target, struct error *err)
{
    struct target target;
    const int cluster = config_cluster(meters->config, text);
    if (cluster >= 0) {
        snprintf(ret_target, TARGET_TEXT, "%s", meters->config->clusters[cluster].name);
        return &meters->clusters[cluster];
    }
    if (!target_resolve(meters->config, text, &target, err))
        return NULL;
    if (target.scope == SCOPE_SERVICE) {
        error_set(err, "a service has no load: a target is SITE, SITE/HOST or CLUSTER");
        return NULL;
    }
    snprintf(ret_target, TARGET_TEXT, "%s", target.text);
    return target.scope == SCOPE_SITE ? &meters->sites[target.index] : &meters->endpoints[target.index];
}

static struct meter *find_pushed(const struct meters *meters, const struct gauge *gauge, const struct push *push, const char *target,
                                 struct error *err)
{
    struct meter *found = NULL;
    size_t fitting = 0, pushed = 0;
    for (uint32_t i = gauge->first; i < gauge->first + gauge->count; i++) {
        struct meter *meter = &meters->meters[i];
        if (meter->source->type != LOAD_PUSH)
            continue;
        pushed++;
        if (push->unit && strcmp(load_unit_text(meter->source->unit), push->unit) != 0)
            continue;
        fitting++;
        found = meter;
    }
    if (pushed == 0)
        error_set(err, "%s takes no pushed load: none of its sources has type = \"push\"", target);
    else if (fitting == 0)
        error_set(err, "%s has no source of type \"push\" with unit = \"%.20s\"", target, push->unit);
    else if (fitting > 1)
        error_set(err, "%s has %zu sources of type \"push\" that this could mean%s", target, fitting, push->unit ? "" : ": give a unit");
    return fitting == 1 ? found : NULL;
}

bool meters_push(struct meters *meters, const struct push *push, uint64_t now_ms, char *ret_target, struct error *err)
{
    const struct gauge *gauge = find_gauge(meters, push->target, ret_target, err);
    struct meter *meter = gauge ? find_pushed(meters, gauge, push, ret_target, err) : NULL;
    if (!meter)
        return false;
    const uint64_t interval_ms = push->for_ms ? push->for_ms / WORTHLESS_INTERVALS : meter->source->interval_ms;
    const struct load_sample sample = {
        .value = push->value, .at_ms = now_ms, .interval_ms = interval_ms < UINT32_MAX ? (uint32_t)interval_ms : UINT32_MAX};
    struct error wrong = {""};
    if (!reading_take(&meter->reading, meter->source, &sample, meter->full, &wrong) && wrong.text[0])
        return error_set(err, "%.*s: %.*s", TARGET_TEXT, ret_target, LOAD_WHY, wrong.text);
    meter->asked++;
    meter->last_ms = now_ms;
    return true;
}

enum meter_state meter_state(const struct meter *meter, uint64_t now_ms)
{
    const double trust = reading_trust(&meter->reading, now_ms);
    if (!meter->reading.known && !meter->failed)
        return METER_WAITING;
    return trust >= 1 ? METER_FRESH : trust > 0 ? METER_LATE : METER_STALE;
}

bool meter_is_stale(const struct meter *meter, uint64_t now_ms)
{
    return reading_trust(&meter->reading, now_ms) <= 0;
}

size_t meters_stale(const struct meters *meters, uint64_t now_ms)
{
    size_t stale = 0;
    for (size_t i = 0; i < meters->count; i++) {
        const struct meter *meter = &meters->meters[i];
        const bool settled = now_ms - meter->since_ms >= (uint64_t)WORTHLESS_INTERVALS * meter->source->interval_ms;
        stale += settled && meter_is_stale(meter, now_ms);
    }
    return stale;
}
