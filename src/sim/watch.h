/* What is believed of the endpoints' health: probes of the configuration in virtual time, judged as the daemon judges. Thread: the owner's. */
#pragma once

#include "health/health.h"
#include "sim/ground.h"

/* One probe of one endpoint. */
struct check {
    struct health health;
    const struct probe *probe;
    uint64_t next_ms; /* when the next one ends, as things are */
};

struct watch {
    const struct config *config;
    struct check *checks; /* by endpoint, in the order of its probes */
    uint32_t *first;      /* by endpoint and one behind */
    struct endpoint_health *health;
    struct dice dice;
};

void watch_init(struct watch *watch, const struct config *config, uint64_t seed, uint64_t now_ms);
void watch_release(struct watch *watch);

/* All probes that end until now_ms. True: some verdict or doubt changed. */
bool watch_step(struct watch *watch, const struct ground *ground, uint64_t now_ms);
