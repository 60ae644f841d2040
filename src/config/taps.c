/* The groups dnstap and query_log. */
#include "config/tables.h"

#include <string.h>

static const struct key dnstap_keys[] = {
    {.name = "file", .kind = KIND_PATH, KEY_AT(struct dnstap_config, file), RANGE(1, 4095)},
    {.name = "socket", .kind = KIND_PATH, KEY_AT(struct dnstap_config, socket), RANGE(1, 4095)},
    {.name = "address", .kind = KIND_LISTEN, KEY_AT(struct dnstap_config, address)},
    {.name = "sample", .kind = KIND_WHOLE, KEY_AT(struct dnstap_config, sample), RANGE(1, 1000000), .fallback = "1"},
    {.name = "queries", .kind = KIND_SWITCH, KEY_AT(struct dnstap_config, queries), .fallback = "true"},
    {.name = "responses", .kind = KIND_SWITCH, KEY_AT(struct dnstap_config, responses), .fallback = "true"},
    {.name = "identity", .kind = KIND_TEXT, KEY_AT(struct dnstap_config, identity), RANGE(0, 255), .fallback = ""},
    {.name = "version", .kind = KIND_TEXT, KEY_AT(struct dnstap_config, version), RANGE(0, 255), .fallback = ""},
    {.name = "max_size", .kind = KIND_WHOLE, KEY_AT(struct dnstap_config, rotation.max_mib), RANGE(1, 1000000), .fallback = "100"},
    {.name = "keep", .kind = KIND_WHOLE, KEY_AT(struct dnstap_config, rotation.keep), RANGE(1, 1000), .fallback = "5"},
};

/* Where to, and in one place only. */
static void check_dnstap(struct loader *loader, const config_setting_t *group, void *item)
{
    const struct dnstap_config *dnstap = item;
    if (group == NULL)
        return;
    const config_setting_t *file = config_setting_get_member(group, "file"), *socket = config_setting_get_member(group, "socket"),
                           *address = config_setting_get_member(group, "address");
    const int targets = (file != NULL) + (socket != NULL) + (address != NULL);
    if (targets == 0)
        tell_key(loader, group, "file", "missing, expected one of file, socket and address");
    else if (targets > 1)
        tell(loader, group, "expected only one of file, socket and address");
    if (dnstap->socket && strlen(dnstap->socket) > SOCKET_PATH_MAX)
        tell(loader, socket, "%s has %zu octets, expected at most %d, the longest path of a UNIX socket", dnstap->socket,
             strlen(dnstap->socket), SOCKET_PATH_MAX);
    if (address && dnstap->address.addr.family != FAMILY_NONE && dnstap->address.port == 0)
        tell(loader, address, "expected a port from 1 to 65535");
    if (!dnstap->queries && !dnstap->responses)
        tell(loader, group, "neither queries nor responses: nothing would be written");
}

const struct table dnstap_table = {.path = "dnstap", TABLE_KEYS(dnstap_keys), .check = check_dnstap};

static const struct key query_log_keys[] = {
    {.name = "file", .kind = KIND_PATH, KEY_AT(struct query_log_config, file), RANGE(1, 4095), .shown = "required"},
    {.name = "sample", .kind = KIND_WHOLE, KEY_AT(struct query_log_config, sample), RANGE(1, 1000000), .fallback = "1"},
    {.name = "max_size", .kind = KIND_WHOLE, KEY_AT(struct query_log_config, rotation.max_mib), RANGE(1, 1000000), .fallback = "100"},
    {.name = "keep", .kind = KIND_WHOLE, KEY_AT(struct query_log_config, rotation.keep), RANGE(1, 1000), .fallback = "5"},
};

static void check_query_log(struct loader *loader, const config_setting_t *group, void *item)
{
    const struct query_log_config *log = item;
    const char *other = loader->config->dnstap.file;
    if (group && !config_setting_get_member(group, "file"))
        tell_key(loader, group, "file", "missing, expected a file name");
    if (log->file && other && strcmp(log->file, other) == 0)
        tell(loader, config_setting_get_member(group, "file"), "%s is dnstap's file, expected another one", other);
}

const struct table query_log_table = {.path = "query_log", TABLE_KEYS(query_log_keys), .check = check_query_log};
