/* The group http. */
#include "config/tables.h"

static const struct key listen_item = {.kind = KIND_LISTEN}, host_item = {.kind = KIND_HOST};

static const struct key http_keys[] = {
    {.name = "listen",
     .kind = KIND_LIST,
     KEY_LIST(struct http_config, listen, listen_count),
     .item = &listen_item,
     RANGE(0, 16),
     .fallback = "127.0.0.1:8053"},
    {.name = "certificate", .kind = KIND_PATH, KEY_AT(struct http_config, certificate), RANGE(1, 4095)},
    {.name = "key", .kind = KIND_PATH, KEY_AT(struct http_config, key), RANGE(1, 4095)},
    {.name = "plain", .kind = KIND_SWITCH, KEY_AT(struct http_config, plain), .fallback = "false"},
    {.name = "tokens", .kind = KIND_PATH, KEY_AT(struct http_config, tokens), RANGE(1, 4095)},
    {.name = "loopback_view", .kind = KIND_SWITCH, KEY_AT(struct http_config, loopback_view), .fallback = "true"},
    {.name = "hosts", .kind = KIND_LIST, KEY_LIST(struct http_config, hosts, host_count), .item = &host_item, RANGE(0, 64)},
    {.name = "public_status", .kind = KIND_SWITCH, KEY_AT(struct http_config, public_status), .fallback = "false"},
    {.name = "clients", .kind = KIND_WHOLE, KEY_AT(struct http_config, clients), RANGE(1, 10000), .fallback = "500"},
};

/* What others than this machine can reach is neither read nor ordered in the clear, nor by who has no token. */
static void check_reach(struct loader *loader, const config_setting_t *group, const struct http_config *http)
{
    for (size_t i = 0; i < http->listen_count; i++) {
        char at[HOSTPORT_TEXT];
        if (addr_is_loopback(&http->listen[i].addr))
            continue;
        hostport_format(&http->listen[i], at);
        if (!http->certificate && !http->plain)
            tell_key(loader, group, "listen",
                     "%s is not loopback, expected certificate and key beside it (or plain = true, behind something that speaks TLS)", at);
        if (!http->tokens)
            tell_key(loader, group, "listen", "%s is not loopback, expected tokens beside it", at);
    }
}

static void check_http(struct loader *loader, const config_setting_t *group, void *item)
{
    struct http_config *http = item;
    if (group == NULL)
        return;
    http->listen_given = config_setting_get_member(group, "listen") != NULL;
    declare_listen(loader, group);
    const config_setting_t *certificate = config_setting_get_member(group, "certificate"), *key = config_setting_get_member(group, "key");
    if (!certificate != !key)
        tell_key(loader, group, certificate ? "key" : "certificate", "missing, expected certificate and key together");
    if (certificate && http->plain)
        tell_key(loader, group, "plain", "true beside a certificate, expected only one of them");
    check_reach(loader, group, http);
}

const struct table http_table = {.path = "http", TABLE_KEYS(http_keys), .check = check_http};
