#include "probe/timing.h"

enum { SECOND_US = 1000000, TENTH_US = 100 };

/* The ends of the buckets, in tenths of a millisecond. The last one also has all that is later. */
static const uint32_t ends[TIMING_BUCKETS] = {5,  10,  15,  20,  25,  30,  35,  40,   45,   50,   60,    70,    80,
                                              90, 100, 120, 150, 200, 300, 500, 1000, 2000, 5000, 10000, 50000, 600000};

static unsigned bucket_of(uint64_t late_us)
{
    unsigned bucket = 0;
    while (bucket < TIMING_BUCKETS - 1 && late_us > (uint64_t)ends[bucket] * TENTH_US)
        bucket++;
    return bucket;
}

static void count(struct timing *timing, uint64_t real_us, uint64_t late_us)
{
    const uint64_t slot = real_us / TIMING_SLOT_US;
    const unsigned at = slot % TIMING_SLOTS;
    if (atomic_load_explicit(&timing->slots[at], memory_order_relaxed) != slot) {
        for (unsigned i = 0; i < TIMING_BUCKETS; i++)
            atomic_store_explicit(&timing->counts[at][i], 0, memory_order_relaxed);
        atomic_store_explicit(&timing->slots[at], slot, memory_order_relaxed);
    }
    atomic_fetch_add_explicit(&timing->counts[at][bucket_of(late_us)], 1, memory_order_relaxed);
}

static void judge(struct timing *timing, bool late)
{
    const uint64_t span_us = timing->last_stall_us - timing->stalled_since_us;
    const bool starved = timing->stalled_since_us && span_us >= TIMING_BEHIND_US && 2 * timing->stalled_us >= span_us;
    atomic_store_explicit(&timing->behind, late || starved, memory_order_relaxed);
}

static bool late_at(const struct timing *timing, uint64_t loop_us)
{
    return timing->late_since_us && loop_us - timing->late_since_us >= TIMING_BEHIND_US;
}

void timing_start(struct timing *timing, uint64_t loop_us, uint64_t real_us, uint64_t late_us, uint64_t stall_us)
{
    count(timing, real_us, late_us + stall_us);
    timing->started_us = real_us;
    if (late_us <= TIMING_LATE_US)
        timing->late_since_us = 0;
    else if (!timing->late_since_us)
        timing->late_since_us = loop_us;
    judge(timing, late_at(timing, loop_us));
}

void timing_turn(struct timing *timing, uint64_t real_us, uint64_t stall_us)
{
    bool late = timing->late_since_us && atomic_load_explicit(&timing->behind, memory_order_relaxed);
    if (timing->late_since_us && real_us - timing->started_us > TIMING_FORGET_US + stall_us) {
        timing->late_since_us = 0;
        late = false;
    }
    if (timing->stalled_since_us && real_us - timing->last_stall_us > SECOND_US + stall_us)
        timing->stalled_since_us = 0;
    if (stall_us && !timing->stalled_since_us) {
        timing->stalled_since_us = real_us;
        timing->stalled_us = 0;
    } else if (stall_us)
        timing->stalled_us += stall_us;
    if (stall_us)
        timing->last_stall_us = real_us;
    judge(timing, late);
}

static bool recent(const struct timing *timing, unsigned at, uint64_t slot)
{
    const uint64_t of = atomic_load_explicit(&timing->slots[at], memory_order_relaxed);
    return of <= slot && of + TIMING_SLOTS > slot;
}

static uint32_t starts_in(const struct timing *timing, uint64_t slot)
{
    uint32_t sum = 0;
    if (atomic_load_explicit(&timing->slots[slot % TIMING_SLOTS], memory_order_relaxed) == slot)
        for (unsigned i = 0; i < TIMING_BUCKETS; i++)
            sum += atomic_load_explicit(&timing->counts[slot % TIMING_SLOTS][i], memory_order_relaxed);
    return sum;
}

struct timing_view timing_view(const struct timing *timing, uint64_t real_us)
{
    const uint64_t slot = real_us / TIMING_SLOT_US;
    uint64_t sums[TIMING_BUCKETS] = {0}, all = 0, seen = 0;
    for (unsigned at = 0; at < TIMING_SLOTS; at++)
        for (unsigned i = 0; recent(timing, at, slot) && i < TIMING_BUCKETS; i++)
            sums[i] += atomic_load_explicit(&timing->counts[at][i], memory_order_relaxed);
    for (unsigned i = 0; i < TIMING_BUCKETS; i++)
        all += sums[i];
    struct timing_view view = {
        .per_second = slot ? starts_in(timing, slot - 1) / (TIMING_SLOT_US / SECOND_US) : 0,
        .behind = atomic_load_explicit(&timing->behind, memory_order_relaxed),
    };
    for (unsigned i = 0; all && i < TIMING_BUCKETS && seen * 100 < all * 99; i++) {
        seen += sums[i];
        view.late_p99_tenths = ends[i];
    }
    return view;
}
