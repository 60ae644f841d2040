/* The group drills. */
#include "config/tables.h"

static const struct key goals_keys[] = {
    {.name = "publish", .kind = KIND_DURATION, KEY_AT(struct drill_goals, publish_ms), .unit_ms = 1, RANGE(1, 3600e3), .fallback = "1s"},
    {.name = "moved", .kind = KIND_DURATION, KEY_AT(struct drill_goals, moved_ms), .unit_ms = 1, RANGE(1, 86400e3), .fallback = "2m"},
    {.name = "peak", .kind = KIND_WHOLE, KEY_AT(struct drill_goals, peak), RANGE(1, 1000), .fallback = "100"},
    {.name = "calls_at_risk", .kind = KIND_WHOLE, KEY_AT(struct drill_goals, calls_at_risk), RANGE(1, 1e9), .shown = "not judged"},
};

const struct table drill_goals_table = {.path = "drills.goals", TABLE_KEYS(goals_keys)};

static const struct key drills_keys[] = {
    {.name = "goals", .kind = KIND_GROUP, KEY_AT(struct drills_config, goals), .table = &drill_goals_table},
    {.name = "keep", .kind = KIND_WHOLE, KEY_AT(struct drills_config, keep), RANGE(1, 1000), .fallback = "50"},
};

const struct table drills_table = {.path = "drills", TABLE_KEYS(drills_keys)};
