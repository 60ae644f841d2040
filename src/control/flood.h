/* How many events of one kind are told one by one: a burst, then few; the rest is counted and told in sum, so that a world that flaps all day fills no
 * disk. Pure, time is an argument (milliseconds, monotonic). Thread: the owner's (the director's). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FLOOD_BURST = 500,      /* so many at once, */
    FLOOD_REFILL_MS = 1000, /* and one more in this time */
    FLOOD_SUM_MS = 10000,   /* the rest is told so long after the first of it */
};

/* Zeroed: nothing has come yet. */
struct flood {
    size_t used;          /* of the burst */
    uint64_t refilled_ms; /* up to when */
    size_t untold;
    uint64_t untold_ms; /* the first of them */
};

/* One has come: whether it is told by itself. */
bool flood_take(struct flood *flood, uint64_t now_ms);
/* So many have come that will not be told by themselves. */
void flood_add(struct flood *flood, size_t count, uint64_t now_ms);
/* So many (0: none yet) are to be told in sum now. */
size_t flood_sum(struct flood *flood, uint64_t now_ms);
