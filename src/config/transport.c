/* The groups server.tcp and server.tls. */
#include "config/tables.h"

static const struct key tcp_keys[] = {
    {.name = "idle", .kind = KIND_DURATION, KEY_AT(struct tcp_config, idle_ms), .unit_ms = 1, RANGE(1e3, 3600e3), .fallback = "10s"},
    {.name = "clients", .kind = KIND_WHOLE, KEY_AT(struct tcp_config, clients), RANGE(1, 1000000), .fallback = "10000"},
    {.name = "per_client", .kind = KIND_WHOLE, KEY_AT(struct tcp_config, per_client), RANGE(1, 1000000), .fallback = "250"},
    {.name = "transfers", .kind = KIND_WHOLE, KEY_AT(struct tcp_config, transfers), RANGE(1, 1000), .fallback = "10"},
};

const struct table tcp_table = {.path = "server.tcp", TABLE_KEYS(tcp_keys)};

static const struct key listen_item = {.kind = KIND_LISTEN};

static const struct key tls_keys[] = {
    {.name = "listen",
     .kind = KIND_LIST,
     KEY_LIST(struct tls_config, listen, listen_count),
     .item = &listen_item,
     RANGE(1, 64),
     .fallback = "0.0.0.0:853, [::]:853"},
    {.name = "certificate", .kind = KIND_PATH, KEY_AT(struct tls_config, certificate), RANGE(1, 4095)},
    {.name = "key", .kind = KIND_PATH, KEY_AT(struct tls_config, key), RANGE(1, 4095)},
    {.name = "handshake", .kind = KIND_DURATION, KEY_AT(struct tls_config, handshake_ms), .unit_ms = 1, RANGE(500, 60e3), .fallback = "5s"},
};

/* A server that shall speak TLS and does not is worse than one that does not start. */
static void check_tls(struct loader *loader, const config_setting_t *group, void *item)
{
    (void)item;
    if (group == NULL)
        return;
    declare_listen(loader, group);
    const config_setting_t *certificate = config_setting_get_member(group, "certificate"), *key = config_setting_get_member(group, "key");
    if (certificate == NULL)
        tell_key(loader, group, "certificate", "missing, expected the file of the certificate, as server.tls is given");
    if (key == NULL)
        tell_key(loader, group, "key", "missing, expected the file of the certificate's key, as server.tls is given");
}

const struct table tls_table = {.path = "server.tls", TABLE_KEYS(tls_keys), .check = check_tls};
