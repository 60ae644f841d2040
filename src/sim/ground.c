#include "sim/ground.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

enum { STEP_MS = 1000 };

static double capacity_of(const struct config *config, const struct site *site)
{
    double sum = 0;
    for (size_t i = site->first_endpoint; i < (size_t)site->first_endpoint + site->endpoint_count; i++) {
        if (config->endpoints[i].limits.calls == 0)
            return site->limits.calls;
        sum += config->endpoints[i].limits.calls;
    }
    return site->limits.calls ? site->limits.calls : sum;
}

void ground_init(struct ground *ground, const struct config *config, const struct scenario *scenario, uint64_t seed)
{
    *ground = (struct ground){.config = config,
                              .scenario = scenario,
                              .sites = mem_new(config->site_count, sizeof *ground->sites),
                              .endpoints = mem_new(config->endpoint_count, sizeof *ground->endpoints),
                              .dice = dice_new(seed, 'g')};
    for (size_t i = 0; i < config->site_count; i++)
        ground->sites[i] = (struct ground_site){.capacity = capacity_of(config, &config->sites[i]), .strength = 1};
    for (size_t i = 0; i < config->endpoint_count; i++)
        ground->endpoints[i].site = config->endpoints[i].site;
}

void ground_release(struct ground *ground)
{
    free(ground->sites);
    free(ground->endpoints);
}

static int64_t end_of(const struct scenario *scenario, const struct scenario_event *event)
{
    return event->for_ms ? (int64_t)event->at_ms + event->for_ms : (int64_t)scenario->length_ms + STEP_MS;
}

static void happen_to_site(struct ground *ground, const struct scenario_event *event, unsigned number, int64_t at_ms)
{
    struct ground_site *site = &ground->sites[number];
    const int64_t since_ms = at_ms - event->at_ms;
    const double done = (double)since_ms / (double)(end_of(ground->scenario, event) - event->at_ms), to = event->to / 100.0;
    switch (event->kind) {
    case EVENT_FAIL: site->dead = true; break;
    case EVENT_FLAP: site->dead |= since_ms % event->period_ms < event->period_ms / 2; break;
    case EVENT_BROWN_OUT:
        site->strength *= 1 - (1 - to) * done;
        site->slow_ms += (uint32_t)(event->slow_ms * done);
        break;
    case EVENT_SURGE: ground->surge[number] *= to; break;
    case EVENT_SILENCE: site->silent = true; break;
    case EVENT_KINDS: break;
    }
}

static void happen(struct ground *ground, const struct scenario_event *event, int64_t at_ms)
{
    if (at_ms < (int64_t)event->at_ms || at_ms >= end_of(ground->scenario, event))
        return;
    if (event->endpoint >= 0)
        ground->endpoints[event->endpoint].dead |=
            event->kind == EVENT_FAIL || (at_ms - event->at_ms) % event->period_ms < event->period_ms / 2;
    for (size_t i = 0; i < event->site_count; i++)
        happen_to_site(ground, event, event->sites[i], at_ms);
}

static void end_calls(struct ground *ground, struct ground_endpoint *endpoint, double part)
{
    uint32_t ending = dice_count(&ground->dice, endpoint->calls * part);
    if (ending > endpoint->calls || endpoint->dead || ground->sites[endpoint->site].dead)
        ending = endpoint->calls;
    endpoint->calls -= ending;
    ground->sites[endpoint->site].calls -= ending;
}

void ground_step(struct ground *ground, int64_t at_ms)
{
    for (size_t i = 0; i < ground->config->site_count; i++) {
        struct ground_site *site = &ground->sites[i];
        *site = (struct ground_site){.capacity = site->capacity, .strength = 1, .calls = site->calls};
        ground->surge[i] = 1;
    }
    for (size_t i = 0; i < ground->config->endpoint_count; i++)
        ground->endpoints[i].dead = false;
    for (size_t i = 0; i < ground->scenario->event_count; i++)
        happen(ground, &ground->scenario->events[i], at_ms);
    const double part = 1 - exp(-(double)STEP_MS / ground->scenario->hold_ms);
    for (size_t i = 0; i < ground->config->endpoint_count; i++)
        if (ground->endpoints[i].calls > 0)
            end_calls(ground, &ground->endpoints[i], part);
}

double ground_room(const struct ground *ground, unsigned site)
{
    const struct ground_site *at = &ground->sites[site];
    return at->capacity > 0 ? at->capacity * at->strength * ground->config->sites[site].room.max / 100 : INFINITY;
}

bool ground_endpoint_lives(const struct ground *ground, unsigned endpoint)
{
    return !ground->endpoints[endpoint].dead && !ground->sites[ground->endpoints[endpoint].site].dead;
}

bool ground_site_lives(const struct ground *ground, unsigned site)
{
    const struct site *at = &ground->config->sites[site];
    for (unsigned i = at->first_endpoint; i < (unsigned)at->first_endpoint + at->endpoint_count; i++)
        if (ground_endpoint_lives(ground, i))
            return true;
    return false;
}

enum offer ground_offer(struct ground *ground, unsigned endpoint)
{
    struct ground_endpoint *at = &ground->endpoints[endpoint];
    struct ground_site *site = &ground->sites[at->site];
    if (!ground_endpoint_lives(ground, endpoint))
        return OFFER_DEAD;
    if (site->calls + 1 > ground_room(ground, at->site))
        return OFFER_FULL;
    at->calls++;
    site->calls++;
    site->taken++;
    return OFFER_TAKEN;
}

uint32_t last_change_ms(const struct scenario *scenario)
{
    uint32_t last = 0;
    for (size_t i = 0; i < scenario->event_count; i++) {
        const struct scenario_event *event = &scenario->events[i];
        const int64_t end = end_of(scenario, event);
        const uint32_t change = end < (int64_t)scenario->length_ms ? (uint32_t)end : event->at_ms;
        last = change > last && change < scenario->length_ms ? change : last;
    }
    return last;
}
