#include "sim/watch.h"

#include "base/memory.h"

#include <stdlib.h>

enum { USUAL_RTT_MS = 20, JITTER_PARTS = 10 };

/* One part for each way that a probe speaks for; addresses are not modelled, so each probe is one check. */
static void compose(struct watch *watch, size_t endpoint, uint64_t now_ms)
{
    struct health_part parts[PROBES_PER_ENDPOINT_MAX * TRANSPORT_COUNT];
    const struct endpoint_health before = watch->health[endpoint];
    size_t count = 0;
    for (uint32_t i = watch->first[endpoint]; i < watch->first[endpoint + 1]; i++)
        for (unsigned transport = 0; transport < TRANSPORT_COUNT; transport++)
            if (watch->checks[i].probe->speaks >> transport & 1)
                parts[count++] = (struct health_part){.family = FAMILY_V4,
                                                      .transport = (enum transport)transport,
                                                      .health = &watch->checks[i].health,
                                                      .probe = i - watch->first[endpoint]};
    watch->health[endpoint] = health_compose(parts, count, watch->config->endpoints[endpoint].need);
    watch->health[endpoint].since_ms = before.overall == watch->health[endpoint].overall ? before.since_ms : now_ms;
}

void watch_init(struct watch *watch, const struct config *config, uint64_t seed, uint64_t now_ms)
{
    *watch = (struct watch){.config = config, .dice = dice_new(seed, 'w')};
    watch->first = mem_new(config->endpoint_count + 1, sizeof *watch->first);
    watch->health = mem_new(config->endpoint_count, sizeof *watch->health);
    for (size_t i = 0; i < config->endpoint_count; i++)
        watch->first[i + 1] = watch->first[i] + (uint32_t)config->endpoints[i].probe_count;
    watch->checks = mem_new(watch->first[config->endpoint_count], sizeof *watch->checks);
    for (size_t i = 0; i < config->endpoint_count; i++) {
        for (size_t k = 0; k < config->endpoints[i].probe_count; k++) {
            struct check *check = &watch->checks[watch->first[i] + k];
            check->probe = &config->probes[config->endpoints[i].probes[k]];
            check->next_ms = now_ms + dice_below(&watch->dice, 1000);
            health_init(&check->health, VERDICT_UNKNOWN, now_ms);
        }
        compose(watch, i, now_ms);
    }
}

void watch_release(struct watch *watch)
{
    free(watch->checks);
    free(watch->first);
    free(watch->health);
}

/* How long an answer takes; 0: there is none. */
static uint32_t answer_ms(const struct ground *ground, unsigned endpoint, const struct probe *probe)
{
    if (!ground_endpoint_lives(ground, endpoint))
        return 0;
    const uint32_t slow_ms = USUAL_RTT_MS + ground->sites[ground->endpoints[endpoint].site].slow_ms;
    return slow_ms < probe->timeout_ms ? slow_ms : 0;
}

static bool observe(struct watch *watch, struct check *check, const struct ground *ground, unsigned endpoint)
{
    const uint32_t rtt_ms = answer_ms(ground, endpoint, check->probe);
    const struct observation seen = {.outcome = rtt_ms ? OUTCOME_ALIVE : OUTCOME_FAILED,
                                     .reason = rtt_ms ? REASON_ANSWERED : REASON_TIMEOUT,
                                     .rtt_us = rtt_ms * 1000,
                                     .status = rtt_ms ? 200 : 0};
    const uint64_t ended_ms = check->next_ms;
    const struct health_step step = health_observe(&check->health, check->probe, &seen, ended_ms);
    const uint32_t wait_ms = step.next_ms + dice_below(&watch->dice, step.next_ms / JITTER_PARTS + 1);
    const uint32_t takes_ms = answer_ms(ground, endpoint, check->probe);
    check->next_ms = ended_ms + wait_ms + (takes_ms ? takes_ms : check->probe->timeout_ms);
    return step.changed;
}

bool watch_step(struct watch *watch, const struct ground *ground, uint64_t now_ms)
{
    bool any = false;
    for (size_t endpoint = 0; endpoint < watch->config->endpoint_count; endpoint++) {
        bool changed = false;
        for (uint32_t i = watch->first[endpoint]; i < watch->first[endpoint + 1]; i++)
            while (watch->checks[i].next_ms <= now_ms)
                changed |= observe(watch, &watch->checks[i], ground, (unsigned)endpoint);
        if (changed)
            compose(watch, endpoint, now_ms);
        any |= changed;
    }
    return any;
}
