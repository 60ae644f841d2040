#include "control/flood.h"

static void refill(struct flood *flood, uint64_t now_ms)
{
    const uint64_t more = (now_ms - flood->refilled_ms) / FLOOD_REFILL_MS;
    flood->used -= more < flood->used ? (size_t)more : flood->used;
    flood->refilled_ms = flood->used ? flood->refilled_ms + more * FLOOD_REFILL_MS : now_ms;
}

bool flood_take(struct flood *flood, uint64_t now_ms)
{
    refill(flood, now_ms);
    if (flood->used < FLOOD_BURST) {
        flood->used++;
        return true;
    }
    flood_add(flood, 1, now_ms);
    return false;
}

void flood_add(struct flood *flood, size_t count, uint64_t now_ms)
{
    if (!flood->untold)
        flood->untold_ms = now_ms;
    flood->untold += count;
}

size_t flood_sum(struct flood *flood, uint64_t now_ms)
{
    if (!flood->untold || now_ms - flood->untold_ms < FLOOD_SUM_MS)
        return 0;
    const size_t untold = flood->untold;
    flood->untold = 0;
    return untold;
}
