/* Whether the probe engine has been behind for so long that it must be told, and its old verdicts not be believed. Pure: time is an argument.
 * Thread: the director's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lag {
    uint64_t since_ms; /* when it was first seen behind, without a break since; 0: it is not */
    bool alarm;        /* for longer than BEHIND_BOUND_MS */
    size_t expired;    /* verdicts that have grown too old since the alarm began */
};

enum lag_turn { LAG_SAME, LAG_BEGAN, LAG_ENDED };

/* Told at every tick what the engine says of itself; how the alarm changes by it. */
enum lag_turn lag_watch(struct lag *lag, bool behind, uint64_t now_ms);
