#include "model/override.h"

bool override_ended(const struct override *override, int64_t wall_s)
{
    return override->until_s != 0 && wall_s >= override->until_s;
}

bool override_active(const struct override *override, int64_t wall_s)
{
    return !override_ended(override, wall_s) && wall_s >= override->suspended_until_s;
}

const char *order_text(enum order order)
{
    return order == ORDER_DRAIN ? "drain" : "disable";
}
