/* The group metrics. */
#include "config/tables.h"

static const struct key metrics_keys[] = {
    {.name = "endpoints", .kind = KIND_WHOLE, KEY_AT(struct metrics_config, endpoints), RANGE(0, ENDPOINTS_MAX), .fallback = "1000"},
    {.name = "services", .kind = KIND_WHOLE, KEY_AT(struct metrics_config, services), RANGE(0, SERVICES_MAX), .fallback = "100"},
    {.name = "zones", .kind = KIND_WHOLE, KEY_AT(struct metrics_config, zones), RANGE(0, 10000), .fallback = "100"},
};

const struct table metrics_table = {.path = "metrics", TABLE_KEYS(metrics_keys)};
