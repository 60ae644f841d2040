#include "control/lag.h"
#include "control/times.h"

enum lag_turn lag_watch(struct lag *lag, bool behind, uint64_t now_ms)
{
    const bool before = lag->alarm;
    if (!behind) {
        *lag = (struct lag){0};
        return before ? LAG_ENDED : LAG_SAME;
    }
    if (!lag->since_ms)
        lag->since_ms = now_ms;
    lag->alarm = now_ms - lag->since_ms >= BEHIND_BOUND_MS;
    return lag->alarm && !before ? LAG_BEGAN : LAG_SAME;
}
