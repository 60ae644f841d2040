#include "sim/reports.h"

#include "base/memory.h"
#include "load/utilisation.h"

#include <stdlib.h>
#include <string.h>

/* The first source of the site, or of one of its endpoints: its unit is that of the reports. */
static enum load_unit unit_of(const struct config *config, const struct site *site)
{
    if (site->loads.count > 0)
        return config->load_sources[site->loads.of[0]].unit;
    for (size_t i = site->first_endpoint; i < (size_t)site->first_endpoint + site->endpoint_count; i++)
        if (config->endpoints[i].loads.count > 0)
            return config->load_sources[config->endpoints[i].loads.of[0]].unit;
    return LOAD_PERCENT;
}

void reports_init(struct reports *reports, const struct config *config, const struct scenario *scenario, uint64_t seed, uint64_t now_ms)
{
    *reports = (struct reports){.config = config,
                                .how = &scenario->reports,
                                .sites = mem_new(config->site_count, sizeof *reports->sites),
                                .dice = dice_new(seed, 'r')};
    for (size_t i = 0; i < config->site_count; i++) {
        struct site_reports *site = &reports->sites[i];
        site->source =
            (struct load_source){.unit = unit_of(config, &config->sites[i]), .interval_ms = scenario->reports.interval_ms, .scale = 1};
        site->next_ms = now_ms + dice_below(&reports->dice, scenario->reports.interval_ms);
    }
}

void reports_release(struct reports *reports)
{
    for (size_t i = 0; i < reports->config->site_count; i++)
        free(reports->sites[i].sent);
    free(reports->sites);
}

static double capacity_in(const struct reports *reports, const struct ground *ground, unsigned site)
{
    switch (reports->sites[site].source.unit) {
    case LOAD_CALLS: return ground->sites[site].capacity;
    case LOAD_CPS: return ground->sites[site].capacity / (ground->scenario->hold_ms / 1000.0);
    default: return 100;
    }
}

/* The load in the unit of the source. Percent is of what the site can take as it is now; the rest is of what it once could. */
static double measure(const struct reports *reports, const struct ground *ground, unsigned number)
{
    const struct ground_site *site = &ground->sites[number];
    switch (reports->sites[number].source.unit) {
    case LOAD_CALLS: return site->calls;
    case LOAD_CPS: return site->calls / (ground->scenario->hold_ms / 1000.0);
    default: return site->capacity > 0 ? 100 * site->calls / (site->capacity * site->strength) : 0;
    }
}

static void send(struct reports *reports, const struct ground *ground, unsigned number, uint64_t now_ms)
{
    struct site_reports *site = &reports->sites[number];
    const bool lost = dice_unit(&reports->dice) * 100 < reports->how->loss;
    site->next_ms += reports->how->interval_ms;
    if (lost || ground->sites[number].silent || !ground_site_lives(ground, number))
        return;
    site->sent = mem_grow(site->sent, &site->room, site->count + 1, sizeof *site->sent);
    site->sent[site->count++] = (struct report_sent){now_ms, measure(reports, ground, number)};
}

static void receive(struct reports *reports, const struct ground *ground, unsigned number)
{
    struct site_reports *site = &reports->sites[number];
    const struct report_sent *report = &site->sent[0];
    const double capacity = capacity_in(reports, ground, number);
    site->known = capacity > 0;
    site->ratio = capacity > 0 ? report->value / capacity : 0;
    reading_take(&site->reading, &site->source,
                 &(struct load_sample){.value = report->value, .at_ms = report->at_ms, .interval_ms = reports->how->interval_ms}, capacity,
                 NULL);
    site->count--;
    memmove(site->sent, site->sent + 1, site->count * sizeof *site->sent);
}

void reports_step(struct reports *reports, const struct ground *ground, uint64_t now_ms)
{
    for (unsigned i = 0; i < reports->config->site_count; i++) {
        struct site_reports *site = &reports->sites[i];
        while (site->next_ms <= now_ms)
            send(reports, ground, i, now_ms);
        while (site->count > 0 && site->sent[0].at_ms + reports->how->delay_ms <= now_ms)
            receive(reports, ground, i);
    }
}

struct utilisation reports_utilisation(const struct reports *reports, const struct ground *ground, unsigned site, uint64_t now_ms)
{
    struct amounts amounts = {0};
    const double capacity = ground->sites[site].capacity;
    amounts_add(&amounts, reports->sites[site].source.unit, &reports->sites[site].reading, now_ms);
    return utilisation_of(&amounts, (struct limits){.calls = (uint32_t)capacity, .cps = (uint32_t)capacity_in(reports, ground, site)});
}
