/* How punctual the engine is: how late probes start, and whether it has fallen behind for good rather than hiccuped. Pure but for its atomics: time is
 * an argument, in microseconds; loop time leaves out what the machine did not run us (loop_clock.h), real time does not.
 * Thread: timing_view() is for any, the others for the engine's. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    TIMING_BUCKETS = 26,
    TIMING_SLOTS = 13, /* of TIMING_SLOT_US: the one that is being filled and a minute before */
    TIMING_SLOT_US = 5000000,
    TIMING_LATE_US = 1000000,    /* a start that is later than this is not in time */
    TIMING_BEHIND_US = 3000000,  /* of nothing but late starts, or of being run for less than half of the time */
    TIMING_FORGET_US = 10000000, /* a late start says nothing any more when none has followed for so long */
};

struct timing {
    uint64_t late_since_us;                   /* loop time of the first late start since one was in time; 0: the last one was in time */
    uint64_t started_us;                      /* real time of the last start */
    uint64_t stalled_since_us, last_stall_us; /* real time: of stalls with less than a second between them; 0: there is none */
    uint64_t stalled_us;                      /* how long they took, without the first: a machine that was stopped once is no reason */
    _Atomic uint64_t slots[TIMING_SLOTS];     /* whose counts these are: real time / TIMING_SLOT_US */
    _Atomic uint32_t counts[TIMING_SLOTS][TIMING_BUCKETS];
    _Atomic bool behind;
};

/* A probe has started late_us of loop time after it was due, in a turn of the loop that came stall_us too late. */
void timing_start(struct timing *timing, uint64_t loop_us, uint64_t real_us, uint64_t late_us, uint64_t stall_us);
/* The loop turns, and stood still before for stall_us, or 0. */
void timing_turn(struct timing *timing, uint64_t real_us, uint64_t stall_us);

struct timing_view {
    uint32_t
        late_p99_tenths; /* of a millisecond: at most so late were 99 of 100 starts of the last minute, rounded up to a bucket's end; 0: none */
    uint32_t per_second; /* starts, in the last whole slot */
    bool behind;
};
struct timing_view timing_view(const struct timing *timing, uint64_t real_us);
