/* The group balance. */
#include "config/tables.h"

static const struct key balance_keys[] = {
    {.name = "enabled", .kind = KIND_SWITCH, KEY_AT(struct balance_config, enabled), .fallback = "true"},
    {.name = "interval",
     .kind = KIND_DURATION,
     KEY_AT(struct balance_config, interval_ms),
     .unit_ms = 1,
     RANGE(1000, 300e3),
     .fallback = "5s"},
    {.name = "hold", .kind = KIND_DURATION, KEY_AT(struct balance_config, hold_ms), .unit_ms = 1, RANGE(1000, 86400e3), .fallback = "3m"},
    {.name = "dead_band", .kind = KIND_WHOLE, KEY_AT(struct balance_config, dead_band), RANGE(0, 100), .fallback = "5"},
    {.name = "step", .kind = KIND_WHOLE, KEY_AT(struct balance_config, step), RANGE(1, 100), .fallback = "20"},
    {.name = "heavy", .kind = KIND_WHOLE, KEY_AT(struct balance_config, heavy), RANGE(1, 100), .fallback = "10"},
};

const struct table balance_table = {.path = "balance", TABLE_KEYS(balance_keys)};
