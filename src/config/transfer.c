/* The list keys, and the groups transfer and primary of a zone. */
#include "config/tables.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static const char *const algorithms[] = {"hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512", NULL};

_Static_assert(TSIG_HMAC_SHA1 == 0 && TSIG_HMAC_SHA512 == 4, "algorithms[] is in the order of enum tsig_algorithm");

static const struct key key_keys[] = {
    {.name = "name", .kind = KIND_HOST, .required = true, KEY_AT(struct tsig_key, name)},
    {.name = "algorithm", .kind = KIND_CHOICE, KEY_AT(struct tsig_key, algorithm), .choices = algorithms, .fallback = "hmac-sha256"},
    {.name = "secret", .kind = KIND_SECRET, KEY_AT(struct tsig_key, secret)},
    {.name = "file", .kind = KIND_PATH, KEY_AT(struct tsig_key, file), RANGE(1, 4095)},
};

static void check_key(struct loader *loader, const config_setting_t *group, void *item)
{
    struct tsig_key *key = item;
    const config_setting_t *secret = config_setting_get_member(group, "secret"), *file = config_setting_get_member(group, "file");
    declare(loader, SPACE_KEY, "key", key->name, (uint32_t)(key - loader->config->keys), config_setting_get_member(group, "name"));
    if (secret && file)
        tell(loader, file, "beside a secret, expected only one of secret and file");
    else if (!secret && !file)
        tell_key(loader, group, "secret", "missing, expected a secret in base64, or a file that holds one");
    else if (file && key->file && key->name)
        read_key_file(loader, file, key, config_setting_get_member(group, "algorithm") != NULL);
}

const struct table key_table = {.path = "keys[]", TABLE_KEYS(key_keys), .check = check_key};

static const struct key network_item = {.kind = KIND_NETWORK, .size = sizeof(struct prefix)};
static const struct key key_item = {.kind = KIND_KEY, .size = sizeof(uint16_t)};
static const struct key peer_item = {.kind = KIND_PEER, .size = sizeof(struct hostport)};

static const struct key transfer_keys[] = {
    {.name = "allow", .kind = KIND_LIST, KEY_LIST(struct transfer_config, allow, allow_count), .item = &network_item, RANGE(1, 1000)},
    {.name = "keys", .kind = KIND_LIST, KEY_LIST(struct transfer_config, keys, key_count), .item = &key_item, RANGE(1, 100)},
    {.name = "notify", .kind = KIND_LIST, KEY_LIST(struct transfer_config, notify, notify_count), .item = &peer_item, RANGE(0, 100)},
};

static void check_transfer(struct loader *loader, const config_setting_t *group, void *item)
{
    (void)item;
    if (group && !config_setting_get_member(group, "allow"))
        warn(loader, group, "nobody can fetch the zone: there is no allow");
}

const struct table transfer_table = {.path = "zones[].transfer", TABLE_KEYS(transfer_keys), .check = check_transfer};

static const struct key primary_keys[] = {
    {.name = "address", .kind = KIND_PEER, KEY_AT(struct primary_config, address), .shown = "required"},
    {.name = "key", .kind = KIND_KEY, KEY_AT(struct primary_config, key)},
    {.name = "tls", .kind = KIND_SWITCH, KEY_AT(struct primary_config, tls), .fallback = "false"},
    {.name = "tls_name", .kind = KIND_DOMAIN, KEY_AT(struct primary_config, tls_name)},
    {.name = "tls_ca", .kind = KIND_PATH, KEY_AT(struct primary_config, tls_ca), RANGE(1, 4095)},
    {.name = "timeout",
     .kind = KIND_DURATION,
     KEY_AT(struct primary_config, timeout_s),
     .unit_ms = 1000,
     RANGE(1e3, 3600e3),
     .fallback = "1m"},
    {.name = "limit", .kind = KIND_WHOLE, KEY_AT(struct primary_config, limit_mib), RANGE(1, 1024), .fallback = "64"},
};

/* Over TLS the port is 853 (RFC 9103 7.3) unless it is given. */
static void check_tls(struct loader *loader, const config_setting_t *group, struct primary_config *primary)
{
    const char *address = NULL;
    struct addr bare;
    if (config_setting_lookup_string(group, "address", &address) && addr_parse(address, &bare) && primary->tls)
        primary->address.port = DNS_TLS_PORT;
    const config_setting_t *name = config_setting_get_member(group, "tls_name"), *ca = config_setting_get_member(group, "tls_ca");
    if (!primary->tls && (name || ca))
        tell(loader, name ? name : ca, "without tls = true this has no meaning");
    else if (ca && !name)
        tell(loader, ca, "without tls_name no certificate is looked at");
    else if (primary->tls && !name && primary->key == NO_KEY)
        warn(loader, group, "with neither tls_name nor key anybody on the way can be the primary");
}

static void check_primary(struct loader *loader, const config_setting_t *group, void *item)
{
    struct primary_config *primary = item;
    if (group == NULL || !config_setting_get_member(group, "key"))
        primary->key = NO_KEY;
    if (group == NULL)
        return;
    if (!config_setting_get_member(group, "address")) {
        char *expected = describe_expected(&primary_keys[0]);
        tell_key(loader, group, "address", "missing, expected %s", expected);
        free(expected);
    }
    check_tls(loader, group, primary);
}

const struct table primary_table = {.path = "zones[].primary", TABLE_KEYS(primary_keys), .check = check_primary};
