/* Callers are moved by load: when it is looked at, in which thread, and what the log says of it. */
#include "control/director.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "control/metering.h"

#include <stdlib.h>

struct step {
    struct job job;
    struct director *director;
    uint64_t now_ms;
};

/* Nothing to tell as long as a site takes who comes; that it does not is told once, and its end. */
static void log_moves(const struct director *director, const uint32_t *before_m)
{
    const struct config *config = world_config(director->setup->world);
    const struct site_balance *report = balance_report(director->moves.balance, director->setup);
    for (size_t i = 0; report && i < config->site_count; i++) {
        const uint32_t price_m = director->setup->prices_m[i];
        if ((price_m > 0) == (before_m[i] > 0))
            continue;
        if (price_m > 0)
            log_notice("site %s: %.0f calls of %.0f: %s; it seems %.0f km farther", config->sites[i].name, report[i].measured,
                       report[i].capacity, price_reason_text(report[i].reason), price_m / 1000.0);
        else
            log_notice("site %s: there is room again", config->sites[i].name);
    }
}

static void run_step(struct job *job)
{
    const struct step *step = (struct step *)job;
    balance_step(step->director->moves.balance, step->now_ms);
}

static void end_step(struct job *job)
{
    struct director *director = ((struct step *)job)->director;
    const struct setup *setup = director->setup;
    free(job);
    director->moves.running = false;
    if (director->stopping)
        return;
    metering_bind(director->metering, setup->world, setup->place, clock_ms());
    metering_moved(director->metering, balance_report(director->moves.balance, setup));
    uint32_t *before_m = mem_copy(setup->prices_m, world_config(setup->world)->site_count * sizeof *before_m);
    if (balance_give(director->moves.balance, director->setup) && director->serving) {
        director_publish(director);
        director->moves.unsaved = true;
        log_moves(director, before_m);
    }
    free(before_m);
}

static bool is_due(const struct director *director, uint64_t now_ms)
{
    const struct balance_config *config = &world_config(director->setup->world)->balance;
    const uint64_t age_ms = now_ms - director->moves.at_ms;
    if (!director->serving || director->moves.running || !audience_knows(director->audience))
        return false;
    return age_ms >= (director->moves.soon ? MOVES_LEAST_MS : config->interval_ms);
}

void moves_restore(struct director *director, struct report *report)
{
    struct error err;
    char *text = state_read_prices(director->started.state);
    if (text && !balance_restore(director->moves.balance, text, clock_wall_s(), &err))
        report_warning(report, director->started.state, "prices.json is unsound and does not count: %s", err.text);
    free(text);
    balance_begin(director->moves.balance, director->setup);
}

void moves_pass(struct director *director)
{
    const uint64_t now_ms = clock_ms();
    if (!is_due(director, now_ms))
        return;
    struct setup *setup = director->setup;
    struct step *step = mem_new(1, sizeof *step);
    *step = (struct step){.job = {.run = run_step, .done = end_step}, .director = director, .now_ms = now_ms};
    size_t count;
    bool measured;
    setup_look(setup, now_ms);
    struct flow *flows = demand_flows(audience_demand(director->audience), geo_classes(place_geo(setup->place)),
                                      world_config(setup->world)->service_count, &count, &measured);
    director->moves.soon = false;
    director->moves.running = true;
    director->moves.at_ms = now_ms;
    balance_take(director->moves.balance, setup, flows, count);
    work_push(director->moves.work, &step->job);
}
