/* Calls: from the first attempt to a place, or to the caller's giving up. Thread: the owner's. */
#pragma once

#include "sim/steerer.h"
#include "sim/tally.h"

/* A call that waits for its next attempt. */
struct attempt {
    uint32_t phones;
    uint8_t redials, next, count;
    uint16_t targets[TARGETS_MAX];
};

enum { WAITING_S = 1024 /* longer than any redial or timeout */ };

struct waiting {
    struct attempt *attempts;
    size_t count, room;
};

struct calls {
    const struct scenario *scenario;
    struct crowd *crowd;
    struct ground *ground;
    struct steerer *steerer;
    struct tally *tally;
    struct waiting wheel[WAITING_S]; /* by second */
    uint32_t *registering;           /* phones that register: those of an agent one after the other, by the second of their period */
    uint32_t **due;  /* by agent, and by the second of its period and one behind: index into registering; NULL: it does not register */
    int64_t at_ms;   /* of the scenario; negative: not counted yet */
    uint64_t now_ms; /* monotonic */
};

void calls_init(struct calls *calls, struct crowd *crowd, struct ground *ground, struct steerer *steerer, struct tally *tally);
void calls_release(struct calls *calls);

/* A second of registrations, waiting calls and new ones, expected of them at the rate of calls a second. */
void calls_step(struct calls *calls, double rate, int64_t at_ms, uint64_t now_ms);
