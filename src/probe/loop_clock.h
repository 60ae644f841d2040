/* The loop's own time: monotonic microseconds in which the time that the machine did not run us does not count. A machine that was stopped goes on
 * where it was, with every deadline and the whole schedule as far away as before. Pure: the real time is an argument.
 * Thread: the owner's. */
#pragma once

#include <stdint.h>

enum { LOOP_STALL_US = 100000 }; /* nothing that we do takes as long between two looks at the clock */

struct loop_clock {
    uint64_t ran_us;     /* real time of the last look */
    uint64_t armed_us;   /* real time until which the loop may sleep */
    uint64_t skipped_us; /* left out so far */
    uint64_t stall_us;   /* the longest gap since loop_clock_take_stall() */
};

/* The loop's time at this real time. Never less than before, as long as real_us is not. */
static inline uint64_t loop_clock_read(struct loop_clock *clock, uint64_t real_us)
{
    const uint64_t expected_us = clock->ran_us > clock->armed_us ? clock->ran_us : clock->armed_us;
    if (real_us > expected_us + LOOP_STALL_US) {
        const uint64_t gap_us = real_us - expected_us;
        clock->skipped_us += gap_us;
        clock->stall_us = gap_us > clock->stall_us ? gap_us : clock->stall_us;
    }
    clock->ran_us = real_us;
    return real_us - clock->skipped_us;
}

/* The longest gap since the last call, 0 for none. */
static inline uint64_t loop_clock_take_stall(struct loop_clock *clock)
{
    const uint64_t stall_us = clock->stall_us;
    clock->stall_us = 0;
    return stall_us;
}
