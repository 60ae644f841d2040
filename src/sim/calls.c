#include "sim/calls.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static uint32_t period_s(const struct scenario_agent *agent)
{
    return agent->register_ms / 1000;
}

/* Sorts the phones of an agent by the second at which they register. first: where they go; returns what is behind them. */
static uint32_t sort_agent(struct calls *calls, size_t agent, uint32_t first)
{
    const uint32_t period = period_s(&calls->scenario->agents[agent]);
    uint32_t *due = mem_new(period + 2, sizeof *due);
    for (size_t i = 0; i < calls->crowd->phones_count; i++)
        if (calls->crowd->phones[i].agent == agent)
            due[calls->crowd->phones[i].phase_s + 2]++;
    due[0] = due[1] = first;
    for (uint32_t i = 2; i < period + 2; i++)
        due[i] += due[i - 1];
    const uint32_t end = due[period + 1];
    for (size_t i = 0; i < calls->crowd->phones_count; i++)
        if (calls->crowd->phones[i].agent == agent)
            calls->registering[due[calls->crowd->phones[i].phase_s + 1]++] = (uint32_t)i;
    calls->due[agent] = due;
    return end;
}

void calls_init(struct calls *calls, struct crowd *crowd, struct ground *ground, struct steerer *steerer, struct tally *tally)
{
    *calls = (struct calls){.scenario = crowd->scenario, .crowd = crowd, .ground = ground, .steerer = steerer, .tally = tally};
    calls->registering = mem_new(crowd->phones_count, sizeof *calls->registering);
    calls->due = mem_new(crowd->scenario->agent_count, sizeof *calls->due);
    uint32_t first = 0;
    for (size_t i = 0; i < crowd->scenario->agent_count; i++)
        if (period_s(&crowd->scenario->agents[i]) > 0)
            first = sort_agent(calls, i, first);
}

void calls_release(struct calls *calls)
{
    for (size_t i = 0; i < WAITING_S; i++)
        free(calls->wheel[i].attempts);
    for (size_t i = 0; i < calls->scenario->agent_count; i++)
        free(calls->due[i]);
    free(calls->due);
    free(calls->registering);
}

static bool counts(const struct calls *calls)
{
    return calls->at_ms >= 0;
}

static const struct scenario_agent *agent_of(const struct calls *calls, const struct phones *phones)
{
    return &calls->scenario->agents[phones->agent];
}

/* The answer that the phones' resolver has, or gets. */
static const struct cache *resolve(struct calls *calls, const struct phones *phones)
{
    struct cache *cache = &calls->crowd->caches[phones->cache];
    if (cache->expires_ms > calls->now_ms)
        return cache;
    const uint8_t before = cache->site;
    steerer_answer(calls->steerer, cache, calls->now_ms);
    cache->site = cache->count ? calls->ground->endpoints[cache->targets[0]].site : NO_PLACE;
    if (counts(calls) && before != NO_PLACE && before != cache->site)
        tally_moved(calls->tally, cache->weight);
    return cache;
}

static bool is_shunned(const struct calls *calls, const struct phones *phones, uint16_t endpoint)
{
    return phones->shunned == endpoint && phones->shunned_until_ms > calls->now_ms;
}

static void append(struct attempt *attempt, uint16_t endpoint)
{
    for (unsigned i = 0; i < attempt->count; i++)
        if (attempt->targets[i] == endpoint)
            return;
    if (attempt->count < TARGETS_MAX)
        attempt->targets[attempt->count++] = endpoint;
}

/* Where a call tries in turn: first where its phone is registered, unless it has just failed there; what is shunned at the end. */
static void line_up(struct calls *calls, struct attempt *attempt)
{
    const struct phones *phones = &calls->crowd->phones[attempt->phones];
    const struct cache *cache = resolve(calls, phones);
    attempt->next = attempt->count = 0;
    if (phones->registered != NOBODY && attempt->redials == 0 && !is_shunned(calls, phones, phones->registered))
        append(attempt, phones->registered);
    for (unsigned shunned = 0; shunned < 2; shunned++)
        for (unsigned i = 0; i < cache->count; i++)
            if (is_shunned(calls, phones, cache->targets[i]) == shunned)
                append(attempt, cache->targets[i]);
}

static void wait_for(struct calls *calls, const struct attempt *attempt, uint32_t delay_ms)
{
    uint32_t delay_s = (delay_ms + 999) / 1000;
    delay_s = delay_s < 1 ? 1 : delay_s < WAITING_S ? delay_s : WAITING_S - 1;
    struct waiting *waiting = &calls->wheel[(calls->now_ms / 1000 + delay_s) % WAITING_S];
    waiting->attempts = mem_grow(waiting->attempts, &waiting->room, waiting->count + 1, sizeof *waiting->attempts);
    waiting->attempts[waiting->count++] = *attempt;
}

/* Nothing left to try: the caller dials again after a while, or gives up. */
static void redial(struct calls *calls, struct attempt *attempt, uint32_t waited_ms)
{
    if (attempt->redials >= calls->scenario->redials) {
        calls->tally->result->lost += counts(calls);
        return;
    }
    attempt->redials++;
    attempt->count = attempt->next = 0;
    wait_for(calls, attempt, waited_ms + calls->scenario->redial_ms);
}

static double nearest_km(const struct calls *calls, const struct crowd_place *place)
{
    for (size_t i = 0; i < calls->crowd->site_count; i++)
        if (ground_site_lives(calls->ground, place->nearest[i]))
            return place->site_km[place->nearest[i]];
    return 0;
}

static void take(struct calls *calls, const struct attempt *attempt, uint16_t endpoint)
{
    struct phones *phones = &calls->crowd->phones[attempt->phones];
    const struct crowd_place *place = &calls->crowd->places[phones->place];
    if (agent_of(calls, phones)->register_ms)
        phones->registered = endpoint;
    if (counts(calls))
        tally_taken(calls->tally, place, phones->place, calls->ground->endpoints[endpoint].site, nearest_km(calls, place), calls->at_ms);
}

static void shun(struct calls *calls, struct attempt *attempt, uint16_t endpoint)
{
    struct phones *phones = &calls->crowd->phones[attempt->phones];
    const uint32_t graylist_ms = agent_of(calls, phones)->graylist_ms;
    if (graylist_ms == 0)
        return;
    phones->shunned = endpoint;
    phones->shunned_until_ms = calls->now_ms + graylist_ms;
}

static void count_offer(struct calls *calls, enum offer offer)
{
    struct sim_result *result = calls->tally->result;
    if (!counts(calls))
        return;
    result->attempts++;
    result->to_dead += offer == OFFER_DEAD;
    result->to_full += offer == OFFER_FULL;
}

/* Tries its targets one after the other; a refusal (503) comes at once, silence takes its time. */
static void try_targets(struct calls *calls, struct attempt *attempt)
{
    const struct scenario_agent *agent = agent_of(calls, &calls->crowd->phones[attempt->phones]);
    uint32_t waited_ms = 0;
    while (attempt->next < attempt->count) {
        const uint16_t endpoint = attempt->targets[attempt->next++];
        const enum offer offer = ground_offer(calls->ground, endpoint);
        count_offer(calls, offer);
        if (offer == OFFER_TAKEN) {
            take(calls, attempt, endpoint);
            return;
        }
        shun(calls, attempt, endpoint);
        waited_ms = offer == OFFER_DEAD ? agent->timeout_ms : 0;
        if (!agent->failover)
            break;
        if (waited_ms > 0 && attempt->next < attempt->count) {
            wait_for(calls, attempt, waited_ms);
            return;
        }
    }
    redial(calls, attempt, waited_ms);
}

static void go_on(struct calls *calls, struct attempt *attempt)
{
    if (attempt->next >= attempt->count)
        line_up(calls, attempt);
    try_targets(calls, attempt);
}

static void call_again(struct calls *calls)
{
    struct waiting *waiting = &calls->wheel[calls->now_ms / 1000 % WAITING_S];
    const struct waiting due = *waiting;
    *waiting = (struct waiting){.attempts = NULL};
    for (size_t i = 0; i < due.count; i++)
        go_on(calls, &due.attempts[i]);
    free(due.attempts);
}

/* A REGISTER goes the way of a call, to the first that answers. */
static void register_anew(struct calls *calls, struct phones *phones)
{
    const struct cache *cache = resolve(calls, phones);
    for (unsigned shunned = 0; shunned < 2; shunned++)
        for (unsigned i = 0; i < cache->count; i++)
            if (is_shunned(calls, phones, cache->targets[i]) == shunned && ground_endpoint_lives(calls->ground, cache->targets[i])) {
                phones->registered = cache->targets[i];
                return;
            }
}

static void renew_registrations(struct calls *calls)
{
    for (size_t agent = 0; agent < calls->scenario->agent_count; agent++) {
        const uint32_t *due = calls->due[agent];
        if (due == NULL)
            continue;
        const uint32_t second = (uint32_t)(calls->now_ms / 1000 % period_s(&calls->scenario->agents[agent]));
        for (uint32_t i = due[second]; i < due[second + 1]; i++)
            register_anew(calls, &calls->crowd->phones[calls->registering[i]]);
    }
}

void calls_step(struct calls *calls, double rate, int64_t at_ms, uint64_t now_ms)
{
    calls->at_ms = at_ms;
    calls->now_ms = now_ms;
    renew_registrations(calls);
    call_again(calls);
    const uint32_t count = dice_count(&calls->crowd->dice, rate);
    for (uint32_t i = 0; i < count; i++) {
        struct attempt attempt = {.phones = (uint32_t)(crowd_caller(calls->crowd) - calls->crowd->phones)};
        calls->tally->result->calls += counts(calls);
        go_on(calls, &attempt);
    }
}
