/* Callers are moved by load: when it is looked at, and what the log says of it. */
#include "control/director.h"

#include "base/clock.h"
#include "base/log.h"

/* Nothing to see as long as a site takes who comes; what happens while it does not is told once, at its beginning and at its end. */
static void log_moves(struct director *director)
{
    const struct config *config = world_config(director->setup->world);
    const struct site_balance *report = balance_report(director->balance);
    for (size_t i = 0; i < config->site_count; i++) {
        const bool priced = report && report[i].price_m > 0;
        if (priced == director->priced[i])
            continue;
        director->priced[i] = priced;
        if (priced)
            log_notice("site %s: %.0f calls of %.0f, %s; it seems %.0f km farther from now on", config->sites[i].name, report[i].measured,
                       report[i].capacity, price_reason_text(report[i].reason), report[i].price_m / 1000.0);
        else
            log_notice("site %s: there is room again", config->sites[i].name);
    }
}

static bool is_due(const struct director *director, uint64_t now_ms)
{
    const struct balance_config *config = &world_config(director->setup->world)->balance;
    return director->serving && (director->move_now || now_ms - director->moved_ms >= config->interval_ms);
}

void moves_pass(struct director *director)
{
    const uint64_t now_ms = clock_ms();
    struct setup *setup = director->setup;
    if (!is_due(director, now_ms))
        return;
    director->move_now = false;
    director->moved_ms = now_ms;
    setup_look(setup, now_ms);
    struct balance_facts facts = {.sites = setup->meters.site_use, .clusters = setup->meters.cluster_use};
    facts.flows = demand_flows(audience_demand(director->audience), geo_classes(place_geo(setup->place)),
                               world_config(setup->world)->service_count, &facts.flow_count, &facts.measured);
    if (balance_look(director->balance, setup, &facts, now_ms))
        director_publish(director);
    log_moves(director);
}

void moves_renumber(struct director *director)
{
    const struct site_balance *report = balance_report(director->balance);
    (void)report;
    for (size_t i = 0; i < SITES_MAX; i++)
        director->priced[i] = i < world_config(director->setup->world)->site_count && director->setup->prices_m[i] > 0;
}
