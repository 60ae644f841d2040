#include "health/ramp.h"

#include "model/room.h"

void ramp_look(struct ramp *ramp, bool away, uint64_t now_ms)
{
    if (away)
        ramp->since_ms = 0;
    else if (ramp->away)
        ramp->since_ms = now_ms > 0 ? now_ms : 1;
    ramp->away = away;
}

uint16_t ramp_share(const struct ramp *ramp, uint32_t length_ms, uint64_t now_ms)
{
    const uint64_t passed_ms = now_ms > ramp->since_ms ? now_ms - ramp->since_ms : 0;
    if (ramp->since_ms == 0 || passed_ms >= length_ms)
        return SHARE_WHOLE;
    const uint64_t share = RAMP_FIRST + (SHARE_WHOLE - RAMP_FIRST) * passed_ms / length_ms;
    return (uint16_t)(share < RAMP_FIRST + RAMP_STEP ? RAMP_FIRST : share / RAMP_STEP * RAMP_STEP);
}
