/* The group server.cookies. */
#include "config/schema.h"

static const struct key cookies_keys[] = {
    {.name = "enabled", .kind = KIND_SWITCH, KEY_AT(struct cookies_config, enabled), .fallback = "true"},
    {.name = "secrets", .kind = KIND_PATH, KEY_AT(struct cookies_config, file), RANGE(1, 4095)},
};

const struct table cookies_table = {.path = "server.cookies", TABLE_KEYS(cookies_keys)};
