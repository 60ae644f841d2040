/* The group audit. */
#include "config/tables.h"

#include "base/memory.h"

static const struct key audit_keys[] = {
    {.name = "enabled", .kind = KIND_SWITCH, KEY_AT(struct audit_config, enabled), .fallback = "true"},
    {.name = "file", .kind = KIND_PATH, KEY_AT(struct audit_config, file), RANGE(1, 4095), .shown = "audit.jsonl in `server.state`"},
    {.name = "max_size", .kind = KIND_WHOLE, KEY_AT(struct audit_config, size_mib), RANGE(1, 4096), .fallback = "16"},
    {.name = "keep", .kind = KIND_WHOLE, KEY_AT(struct audit_config, keep), RANGE(1, 999), .fallback = "10"},
};

static void check_audit(struct loader *loader, const config_setting_t *group, void *item)
{
    (void)group;
    struct audit_config *audit = item;
    if (!audit->file && loader->config->server.state)
        audit->file = mem_format("%s/audit.jsonl", loader->config->server.state);
}

const struct table audit_table = {.path = "audit", TABLE_KEYS(audit_keys), .check = check_audit};
