#include "control/metering.h"

#include "base/clock.h"
#include "base/memory.h"
#include "load/demand.h"
#include "snapshot/leads.h"

#include <stdlib.h>
#include <string.h>

const double duration_bounds[DURATION_BOUNDS] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5};
const double latency_bounds[LATENCY_BOUNDS] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};

struct metering *metering_new(void)
{
    struct metering *metering = mem_new(1, sizeof *metering);
    metering->started_s = (double)clock_wall_ms() / 1e3;
    return metering;
}

static void release(struct metering *metering)
{
    config_unref(metering->config);
    free(metering->probes);
    free(metering->sites);
    free(metering->services);
    free(metering->plans);
}

void metering_free(struct metering *metering)
{
    if (metering == NULL)
        return;
    release(metering);
    free(metering);
}

/* Mostly where it was. */
static int find_probe(const struct config *config, const char *name, size_t was)
{
    if (was < config->probe_count && strcmp(config->probes[was].name, name) == 0)
        return (int)was;
    for (size_t i = 0; i < config->probe_count; i++)
        if (strcmp(config->probes[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* What has another number now takes its counts along; what is gone is forgotten. */
static void carry(struct metering *to, const struct metering *from)
{
    const struct config *was = from->config, *is = to->config;
    int sites[SITES_MAX];
    for (size_t i = 0; i < was->probe_count; i++) {
        const int at = find_probe(is, was->probes[i].name, i);
        if (at >= 0)
            to->probes[at] = from->probes[i];
    }
    for (size_t i = 0; i < was->site_count; i++) {
        sites[i] = config_site(is, was->sites[i].name);
        if (sites[i] >= 0)
            to->sites[sites[i]] = from->sites[i];
    }
    uint32_t *services = from->services && to->services ? demand_match_services(was, is) : NULL;
    for (size_t i = 0; services && i < was->service_count; i++) {
        double *row = services[i] == DEMAND_GONE ? NULL : &to->services[services[i] * (is->site_count + 1)];
        const double *old = &from->services[i * (was->site_count + 1)];
        for (size_t s = 0; row && s < was->site_count; s++)
            if (sites[s] >= 0)
                row[sites[s]] = old[s];
        if (row)
            row[is->site_count] = old[was->site_count];
    }
    free(services);
}

static void renumber(struct metering *metering, const struct world *world)
{
    struct metering before = *metering;
    metering->config = world_config_ref(world);
    const struct config *config = metering->config;
    metering->probes = mem_new(config->probe_count + 1, sizeof *metering->probes);
    metering->sites = mem_new(config->site_count + 1, sizeof *metering->sites);
    metering->services = config->service_count > config->metrics.services
                             ? NULL
                             : mem_new((config->service_count + 1) * (config->site_count + 1), sizeof *metering->services);
    metering->plans = mem_new(config->service_count + 1, sizeof *metering->plans);
    metering->plans_of = 0;
    if (before.config)
        carry(metering, &before);
    release(&before);
}

void metering_bind(struct metering *metering, const struct world *world, const struct place *place, uint64_t now_ms)
{
    if (metering->config != world_config(world))
        renumber(metering, world);
    if (metering->place == place_number(place))
        return;
    metering->place = place_number(place);
    metering->place_ms = now_ms;
}

void metering_duration(struct durations *durations, double seconds)
{
    size_t i = 0;
    while (i < DURATION_BOUNDS && seconds > duration_bounds[i])
        i++;
    durations->counts[i]++;
    durations->sum += seconds;
}

void metering_probe(struct metering *metering, const struct checkup *at)
{
    if (metering->config == NULL || at->probe >= metering->config->probe_count)
        return;
    struct probe_count *count = &metering->probes[at->probe];
    const double seconds = at->last.rtt_us / 1e6;
    size_t i = 0;
    metering->probe_ms = at->at_ms;
    count->outcomes[at->last.outcome]++;
    if (at->last.outcome == OUTCOME_FAILED)
        count->failures[at->last.reason]++;
    if (at->last.rtt_us == 0)
        return;
    while (i < LATENCY_BOUNDS && seconds > latency_bounds[i])
        i++;
    count->latencies[i]++;
    count->latency_sum += seconds;
}

void metering_answered_by(struct metering *metering, const struct snapshot *snapshot)
{
    const bool ours = snapshot && snapshot_config(snapshot) == metering->config;
    const uint64_t generation = ours ? snapshot_generation(snapshot) : 0;
    if (ours && metering->plans_of != generation)
        snapshot_plans_of_services(snapshot, metering->plans);
    metering->plans_of = generation; /* 0: they are gone, perhaps */
}

/* The site that the bucket's clients are sent to first; the configuration's number of sites where that is none. */
static size_t site_of(const struct metering *metering, const struct plan *plan, const struct demand_cell *cell)
{
    const struct config *config = metering->config;
    if (plan == NULL || cell->class >= plan->class_count)
        return config->site_count;
    const struct selection *selection = plan_selection(plan, plan->run_of_class[cell->class], cell->bucket);
    if (selection->kind != SELECTION_STEERED || selection->count == 0)
        return config->site_count;
    return config->endpoints[plan->choices[selection->first].endpoint].site;
}

void metering_answers(struct metering *metering, const struct demand_cell *cell, const struct classes *classes)
{
    const struct config *config = metering->config;
    if (config == NULL || cell->service >= config->service_count)
        return;
    *(cell->class == classes->unknown ? &metering->unknown : &metering->known) += cell->count;
    const size_t site = site_of(metering, metering->plans_of ? metering->plans[cell->service] : NULL, cell);
    if (metering->services)
        metering->services[cell->service * (config->site_count + 1) + site] += cell->count;
    if (site < config->site_count)
        metering->sites[site].answers += cell->count;
}

void metering_moved(struct metering *metering, const struct site_balance *report)
{
    for (size_t i = 0; report && metering->config && i < metering->config->site_count; i++) {
        metering->sites[i].moved_in += report[i].moved_in;
        metering->sites[i].moved_out += report[i].moved_out;
    }
}

void metering_event(void *context, const json_t *event)
{
    struct metering *metering = context;
    const char *kind = json_string_value(json_object_get(event, "kind"));
    for (unsigned i = 0; kind && i < EVENT_KINDS; i++)
        if (strcmp(kind, event_kind_text(i)) == 0)
            metering->events[i]++;
}
