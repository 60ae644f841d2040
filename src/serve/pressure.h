/* Whether a worker keeps up, from how full its socket's queue is and whether the kernel has dropped from it, and what it does when not: how many
 * strangers it still answers. Levels: one up at once when the queue fills, one down after a quiet while, so that it finds the share that fits.
 * Thread: one UDP worker's. Pure: load and time are arguments. For serve/ only. */
#pragma once

#include "serve/resolvers.h"

enum {
    PRESSURE_LEVELS = 9,       /* 0 is calm: everybody is answered */
    PRESSURE_RAISE_MS = 2,     /* between two steps up */
    PRESSURE_EASE_MS = 1000,   /* of quiet before a step down */
    PRESSURE_LEARN_MS = 10000, /* of calm before strangers count as known again: else a flood would, between two steps */
};

struct pressure {
    unsigned level;
    uint64_t changed_ms;  /* the last step, or the last look that was not quiet */
    uint64_t strained_ms; /* the last look above level 0; 0: none yet */
    uint32_t began_s;     /* when it last left level 0 */
};

/* A look at the queue: octets in it, octets it has room for, whether packets were lost since the last look. now_ms: monotonic. */
void pressure_look(struct pressure *pressure, uint32_t used, uint32_t room, bool lost, uint64_t now_ms);

/* Whether who asks now shall be known in the next overload. */
bool pressure_learns(const struct pressure *pressure, uint64_t now_ms);

/* How many of a batch's strangers are answered. batch: packets of a full one. */
unsigned pressure_share(const struct pressure *pressure, unsigned batch);
/* What resolvers that are known may ask. */
struct allowance pressure_allowance(const struct pressure *pressure);
