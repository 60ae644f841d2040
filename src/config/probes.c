/* The group probes. */
#include "config/tables.h"

#include "base/memory.h"

#include <string.h>

static const char *const types[] = {"sip", "tcp", "tls", NULL};
static const char *const transports[] = {"udp", "tcp", "tls", "ws", "wss", NULL};
static const struct key alive_item = {.kind = KIND_WHOLE, .size = sizeof(uint16_t), RANGE(200, 699)};

_Static_assert(sizeof transports / sizeof *transports == TRANSPORT_COUNT + 1, "transports[] is in the order of enum transport");
_Static_assert(sizeof types / sizeof *types == PROBE_TYPE_COUNT + 1, "types[] is in the order of enum probe_type");

/* What a type makes of the keys that it does not find. By enum probe_type. */
static const struct habit {
    enum transport transport;
    unsigned transports; /* that may be given */
} habits[] = {
    [PROBE_SIP] = {TRANSPORT_UDP, EVERY_TRANSPORT},
    [PROBE_TCP] = {TRANSPORT_TCP, EVERY_TRANSPORT & ~(1u << TRANSPORT_UDP)},
    [PROBE_TLS] = {TRANSPORT_TLS, 1u << TRANSPORT_TLS | 1u << TRANSPORT_WSS},
};

/* Where each transport is found if nothing says otherwise (RFC 3261 19.1.2, RFC 6455 3). */
static const uint16_t ports[TRANSPORT_COUNT] = {
    [TRANSPORT_UDP] = 5060, [TRANSPORT_TCP] = 5060, [TRANSPORT_TLS] = 5061, [TRANSPORT_WS] = 80, [TRANSPORT_WSS] = 443};

static const struct key probe_keys[] = {
    {.name = "type", .kind = KIND_CHOICE, .required = true, KEY_AT(struct probe, type), .choices = types, .least = PROBE_SIP},
    {.name = "transport", .kind = KIND_CHOICE, KEY_AT(struct probe, transport), .choices = transports, .shown = "by type"},
    {.name = "port", .kind = KIND_WHOLE, KEY_AT(struct probe, port), RANGE(1, 65535), .shown = "by transport"},
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
    {.name = "renew", .kind = KIND_DURATION, KEY_AT(struct probe, renew_ms), .unit_ms = 1, RANGE(1000, 86400e3), .fallback = "10m"},
    {.name = "path", .kind = KIND_TEXT, KEY_AT(struct probe, path), RANGE(1, 255), .fallback = "/"},
    {.name = "origin", .kind = KIND_TEXT, KEY_AT(struct probe, origin), RANGE(1, 255)},
    {.name = "tls_name", .kind = KIND_DOMAIN, KEY_AT(struct probe, tls.name), .shown = "the service's name"},
    {.name = "tls_ca", .kind = KIND_PATH, KEY_AT(struct probe, tls.ca), RANGE(1, 4095), .shown = "the system's"},
    {.name = "tls_verify", .kind = KIND_SWITCH, KEY_AT(struct probe, tls.verify), .fallback = "true"},
    {.name = "tls_certificate", .kind = KIND_PATH, KEY_AT(struct probe, tls.certificate), RANGE(1, 4095)},
    {.name = "tls_key", .kind = KIND_PATH, KEY_AT(struct probe, tls.key), RANGE(1, 4095)},
    {.name = "cert_warn",
     .kind = KIND_DURATION,
     KEY_AT(struct probe, tls.warn_s),
     .unit_ms = 1000,
     RANGE(0, 31536000e3),
     .fallback = "14d"},
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
        probe->port = ports[probe->transport];
}

/* Both stand in an HTTP request's head as they are. */
static void check_websocket(struct loader *loader, const config_setting_t *group, const struct probe *probe)
{
    if (probe->path && (probe->path[0] != '/' || strpbrk(probe->path, " #")))
        tell(loader, config_setting_get_member(group, "path"), "\"%s\" is no path, expected \"/\" and no spaces", probe->path);
    if (probe->origin && strchr(probe->origin, ' '))
        tell(loader, config_setting_get_member(group, "origin"), "\"%s\" has spaces", probe->origin);
}

static void check_tls(struct loader *loader, const config_setting_t *group, const struct probe_tls *tls)
{
    if (tls->certificate && !tls->key)
        tell_key(loader, group, "tls_key", "missing, tls_certificate needs its key");
    if (tls->key && !tls->certificate)
        tell(loader, config_setting_get_member(group, "tls_key"), "the key of no tls_certificate");
    if (!tls->verify)
        warn(loader, config_setting_get_member(group, "tls_verify"),
             "any certificate is taken: whoever answers is believed to be the peer");
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
    check_tls(loader, group, &probe->tls);
    check_websocket(loader, group, probe);
    probe->speaks = 1u << probe->transport;
    declare(loader, SPACE_PROBE, "probe", probe->name, (uint32_t)(probe - loader->config->probes), group);
}

const struct table probe_table = {.path = "probes.NAME", TABLE_KEYS(probe_keys), .check = check_probe};
