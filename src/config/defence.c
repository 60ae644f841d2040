/* The groups server.cookies and server.rate_limit. */
#include "config/tables.h"

static const struct key cookies_keys[] = {
    {.name = "enabled", .kind = KIND_SWITCH, KEY_AT(struct cookies_config, enabled), .fallback = "true"},
    {.name = "secrets", .kind = KIND_PATH, KEY_AT(struct cookies_config, file), RANGE(1, 4095)},
};

const struct table cookies_table = {.path = "server.cookies", TABLE_KEYS(cookies_keys)};

static const struct key allow_item = {.kind = KIND_NETWORK, .size = sizeof(struct prefix)};

static const struct key rate_limit_keys[] = {
    {.name = "rate", .kind = KIND_WHOLE, KEY_AT(struct rate_limit_config, rate), RANGE(0, 1000000), .fallback = "1000"},
    {.name = "subnet_rate", .kind = KIND_WHOLE, KEY_AT(struct rate_limit_config, subnet_rate), RANGE(0, 1000000), .fallback = "10000"},
    {.name = "window",
     .kind = KIND_DURATION,
     KEY_AT(struct rate_limit_config, window_s),
     .unit_ms = 1000,
     RANGE(1e3, 60e3),
     .fallback = "5s"},
    {.name = "slip", .kind = KIND_WHOLE, KEY_AT(struct rate_limit_config, slip), RANGE(0, 10), .fallback = "2"},
    {.name = "ipv4_prefix", .kind = KIND_WHOLE, KEY_AT(struct rate_limit_config, ipv4_prefix), RANGE(8, 32), .fallback = "24"},
    {.name = "ipv6_prefix", .kind = KIND_WHOLE, KEY_AT(struct rate_limit_config, ipv6_prefix), RANGE(16, 128), .fallback = "56"},
    {.name = "allow",
     .kind = KIND_LIST,
     KEY_LIST(struct rate_limit_config, allow, allow_count),
     .item = &allow_item,
     RANGE(0, 1000),
     .fallback = "127.0.0.0/8, ::1"},
};

const struct table rate_limit_table = {.path = "server.rate_limit", TABLE_KEYS(rate_limit_keys)};
