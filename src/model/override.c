#include "model/override.h"

#include <string.h>

static const int64_t LONGEST_S = INT64_C(100) * 366 * 86400;

bool override_ended(const struct override *override, uint64_t now_ms)
{
    return override->until_ms != 0 && now_ms >= override->until_ms;
}

bool override_due(const struct override *override, uint64_t now_ms)
{
    return override->planned && now_ms >= override->from_ms;
}

bool override_active(const struct override *override, uint64_t now_ms)
{
    return !override->planned && !override_ended(override, now_ms) && now_ms >= override->suspended_until_ms;
}

bool override_outlasts(const struct override *override, const struct override *other)
{
    return other->until_ms != 0 && (override->until_ms == 0 || override->until_ms > other->until_ms);
}

/* Moments that are past come out as now: never as 0, which is no end at all. */
static uint64_t on_monotonic(int64_t end_s, uint64_t now_ms, int64_t wall_s)
{
    if (!end_s)
        return 0;
    const int64_t left_s = end_s <= wall_s ? 0 : end_s - wall_s < LONGEST_S ? end_s - wall_s : LONGEST_S;
    return (now_ms ? now_ms : 1) + (uint64_t)left_s * 1000;
}

static int64_t on_wall(uint64_t end_ms, uint64_t now_ms, int64_t wall_ms)
{
    if (!end_ms)
        return 0;
    const int64_t end_s = (wall_ms + (end_ms > now_ms ? (int64_t)(end_ms - now_ms) : 0) + 999) / 1000;
    return end_s > 0 ? end_s : 1;
}

void override_from_wall(struct override *override, uint64_t now_ms, int64_t wall_s)
{
    override->from_ms = on_monotonic(override->from_s, now_ms, wall_s);
    override->planned = override->from_ms > now_ms;
    override->until_ms = on_monotonic(override->until_s, now_ms, wall_s);
    override->suspended_until_ms = on_monotonic(override->suspended_until_s, now_ms, wall_s);
}

void override_to_wall(struct override *override, uint64_t now_ms, int64_t wall_ms)
{
    if (override->planned)
        override->from_s = on_wall(override->from_ms > 500 ? override->from_ms - 500 : 1, now_ms, wall_ms); /* the nearest second */
    override->until_s = on_wall(override->until_ms, now_ms, wall_ms);
    override->suspended_until_s = on_wall(override->suspended_until_ms, now_ms, wall_ms);
}

static const char *const texts[ORDERS] = {
    [ORDER_DRAIN] = "drain", [ORDER_DISABLE] = "disable", [ORDER_FAIL] = "fail", [ORDER_SWITCH] = "switch"};

const char *order_text(enum order order)
{
    return texts[order];
}

bool order_parse(const char *text, enum order *ret_order)
{
    for (*ret_order = 0; *ret_order < ORDERS; (*ret_order)++)
        if (strcmp(text, texts[*ret_order]) == 0)
            return true;
    return false;
}
