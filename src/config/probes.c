/* The group probes. */
#include "config/tables.h"

#include "base/memory.h"

#include <string.h>

static const char *const types[] = {"sip", "tcp", NULL};
static const char *const transports[] = {"udp", "tcp", NULL};
static const struct key alive_item = {.kind = KIND_WHOLE, .size = sizeof(uint16_t), RANGE(200, 699)};

_Static_assert(TRANSPORT_UDP == 0 && TRANSPORT_TCP == 1, "transports[] is in the order of enum transport");
_Static_assert(sizeof types / sizeof *types == PROBE_TYPE_COUNT + 1, "types[] is in the order of enum probe_type");

/* What a type makes of the keys that it does not find. By enum probe_type. */
static const struct habit {
    enum transport transport;
    unsigned transports; /* that may be given */
    uint16_t port;
} habits[] = {
    [PROBE_SIP] = {TRANSPORT_UDP, EVERY_TRANSPORT, 5060},
    [PROBE_TCP] = {TRANSPORT_TCP, EVERY_TRANSPORT & ~(1u << TRANSPORT_UDP), 5060},
};

static const struct key probe_keys[] = {
    {.name = "type", .kind = KIND_CHOICE, .required = true, KEY_AT(struct probe, type), .choices = types, .least = PROBE_SIP},
    {.name = "transport", .kind = KIND_CHOICE, KEY_AT(struct probe, transport), .choices = transports, .shown = "by type"},
    {.name = "port", .kind = KIND_WHOLE, KEY_AT(struct probe, port), RANGE(1, 65535), .shown = "5060"},
    {.name = "address", .kind = KIND_ADDRESS, KEY_AT(struct probe, address)},
    {.name = "interval", .kind = KIND_DURATION, KEY_AT(struct probe, interval_ms), .unit_ms = 1, RANGE(200, 3600e3), .fallback = "10s"},
    {.name = "timeout", .kind = KIND_DURATION, KEY_AT(struct probe, timeout_ms), .unit_ms = 1, RANGE(50, 60e3), .fallback = "3s"},
    {.name = "confirm", .kind = KIND_DURATION, KEY_AT(struct probe, confirm_ms), .unit_ms = 1, RANGE(50, 60e3), .fallback = "1s"},
    {.name = "fall", .kind = KIND_WHOLE, KEY_AT(struct probe, fall), RANGE(1, 10), .fallback = "2"},
    {.name = "rise", .kind = KIND_WHOLE, KEY_AT(struct probe, rise), RANGE(1, 10), .fallback = "3"},
    {.name = "hold_down", .kind = KIND_DURATION, KEY_AT(struct probe, hold_down_ms), .unit_ms = 1, RANGE(0, 3600e3), .fallback = "10s"},
    {.name = "hold_down_max",
     .kind = KIND_DURATION,
     KEY_AT(struct probe, hold_down_max_ms),
     .unit_ms = 1,
     RANGE(1e3, 86400e3),
     .fallback = "10m"},
    {.name = "alive",
     .kind = KIND_LIST,
     KEY_LIST(struct probe, alive, alive_count),
     .fixed = true,
     .item = &alive_item,
     RANGE(0, ALIVE_MAX),
     .shown = "the built-in list"},
    {.name = "max_forwards", .kind = KIND_WHOLE, KEY_AT(struct probe, max_forwards), RANGE(0, 255), .fallback = "70"},
    {.name = "from", .kind = KIND_DOMAIN, KEY_AT(struct probe, from)},
};

static void apply_habit(struct loader *loader, const config_setting_t *group, struct probe *probe)
{
    const struct habit *habit = &habits[probe->type];
    const config_setting_t *transport = config_setting_get_member(group, "transport");
    if (transport == NULL)
        probe->transport = habit->transport;
    else if (!(habit->transports >> probe->transport & 1))
        tell(loader, transport, "a probe of type \"%s\" cannot speak for %s", types[probe->type], transport_text(probe->transport));
    if (probe->port == 0)
        probe->port = habit->port;
}

/* Who only shortens the longest hold means the first one, too; who says both wrong is told. */
static void check_hold(struct loader *loader, const config_setting_t *group, struct probe *probe)
{
    const config_setting_t *first = config_setting_get_member(group, "hold_down");
    const config_setting_t *longest = config_setting_get_member(group, "hold_down_max");
    if (probe->hold_down_ms <= probe->hold_down_max_ms)
        return;
    if (first && longest)
        tell(loader, longest, "is shorter than hold_down");
    else if (first)
        probe->hold_down_max_ms = probe->hold_down_ms;
    else
        probe->hold_down_ms = probe->hold_down_max_ms;
}

/* A probe's name is the key it stands under; libconfig has seen to it that keys begin with a letter. */
static void check_probe(struct loader *loader, const config_setting_t *group, void *item)
{
    struct probe *probe = item;
    const char *name = config_setting_name(group);
    if (!is_name(name))
        tell(loader, group, "\"%s\" is no name for a probe, expected 1 to 63 of a-z, 0-9, -", name);
    probe->name = mem_text(name);
    apply_habit(loader, group, probe);
    check_hold(loader, group, probe);
    probe->speaks = 1u << probe->transport;
    declare(loader, SPACE_PROBE, "probe", probe->name, (uint32_t)(probe - loader->config->probes), group);
}

const struct table probe_table = {.path = "probes.NAME", TABLE_KEYS(probe_keys), .check = check_probe};
