/* The group loads: where load is read; and the list clusters. */
#include "config/tables.h"

#include "base/memory.h"
#include "model/load_place.h"
#include "model/selector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const char *const types[] = {"prometheus", "json", "push", "file", "exec", NULL};
static const char *const units[] = {"calls", "cps", "percent", NULL};
static const struct key command_item = {.kind = KIND_TEXT, .size = sizeof(char *), RANGE(0, 4095)};

_Static_assert(LOAD_PROMETHEUS == 0 && LOAD_EXEC == 4, "types[] is in the order of enum load_type");
_Static_assert(LOAD_CALLS == 0 && LOAD_PERCENT == 2, "units[] is in the order of enum load_unit");

enum { KEY_TEXT = 4095, SECRET_NAME = 255, EXPIRY_INTERVALS = 3 };

static const struct key load_keys[] = {
    {.name = "type", .kind = KIND_CHOICE, .required = true, KEY_AT(struct load_source, type), .choices = types},
    {.name = "unit", .kind = KIND_CHOICE, KEY_AT(struct load_source, unit), .choices = units, .fallback = "calls"},
    {.name = "interval",
     .kind = KIND_DURATION,
     KEY_AT(struct load_source, interval_ms),
     .unit_ms = 1,
     RANGE(500, 3600e3),
     .fallback = "5s"},
    {.name = "timeout", .kind = KIND_DURATION, KEY_AT(struct load_source, timeout_ms), .unit_ms = 1, RANGE(50, 60e3), .fallback = "2s"},
    {.name = "url", .kind = KIND_TEXT, KEY_AT(struct load_source, url), RANGE(1, 2047)},
    {.name = "metric", .kind = KIND_TEXT, KEY_AT(struct load_source, metric), RANGE(1, SELECTOR_TEXT - 1)},
    {.name = "path", .kind = KIND_TEXT, KEY_AT(struct load_source, path), RANGE(1, 1023)},
    {.name = "body", .kind = KIND_TEXT, KEY_AT(struct load_source, body), RANGE(1, KEY_TEXT)},
    {.name = "sum", .kind = KIND_SWITCH, KEY_AT(struct load_source, sum), .fallback = "false"},
    {.name = "rate", .kind = KIND_SWITCH, KEY_AT(struct load_source, rate), .fallback = "false"},
    {.name = "scale", .kind = KIND_NUMBER, KEY_AT(struct load_source, scale), RANGE(0.001, 1000), .fallback = "1"},
    {.name = "user", .kind = KIND_TEXT, KEY_AT(struct load_source, user), RANGE(1, SECRET_NAME)},
    {.name = "password_file", .kind = KIND_PATH, KEY_AT(struct load_source, password_file), RANGE(1, KEY_TEXT)},
    {.name = "token_file", .kind = KIND_PATH, KEY_AT(struct load_source, token_file), RANGE(1, KEY_TEXT)},
    {.name = "ca", .kind = KIND_PATH, KEY_AT(struct load_source, ca), RANGE(1, KEY_TEXT), .shown = "the system's"},
    {.name = "verify", .kind = KIND_SWITCH, KEY_AT(struct load_source, verify), .fallback = "true"},
    {.name = "file", .kind = KIND_PATH, KEY_AT(struct load_source, file), RANGE(1, KEY_TEXT)},
    {.name = "command",
     .kind = KIND_LIST,
     KEY_LIST(struct load_source, command, command_count),
     .item = &command_item,
     RANGE(1, LOAD_WORDS_MAX)},
};

/* By type: what must be there, and what may. A key that is in neither is refused, for it would do nothing. */
static const struct form {
    const char *needed, *allowed[16];
} forms[] = {
    [LOAD_PROMETHEUS] = {"url", {"url", "metric", "sum", "body", "user", "password_file", "token_file", "ca", "verify", "timeout"}},
    [LOAD_JSON] = {"url", {"url", "path", "body", "user", "password_file", "token_file", "ca", "verify", "timeout"}},
    [LOAD_PUSH] = {NULL, {NULL}},
    [LOAD_FILE] = {"file", {"file", "metric", "sum", "path"}},
    [LOAD_EXEC] = {"command", {"command", "metric", "sum", "path", "timeout"}},
};

static bool is_allowed(enum load_type type, const char *name)
{
    static const char *const always[] = {"type", "unit", "interval", "rate", "scale"};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if (strcmp(always[i], name) == 0)
            return true;
    for (size_t i = 0; i < 16 && forms[type].allowed[i]; i++)
        if (strcmp(forms[type].allowed[i], name) == 0)
            return true;
    return false;
}

static void tell_missing(struct loader *loader, const config_setting_t *group, enum load_type type, const char *name)
{
    if (!config_setting_get_member(group, name))
        tell_key(loader, group, name, "missing, \"%s\" cannot do without", types[type]);
}

static void check_form(struct loader *loader, const config_setting_t *group, const struct load_source *source)
{
    for (size_t i = 0; i < sizeof load_keys / sizeof *load_keys; i++) {
        const config_setting_t *at = config_setting_get_member(group, load_keys[i].name);
        if (at && !is_allowed(source->type, load_keys[i].name))
            tell(loader, at, "has no meaning for \"%s\"", types[source->type]);
    }
    if (forms[source->type].needed)
        tell_missing(loader, group, source->type, forms[source->type].needed);
    if (source->type == LOAD_PROMETHEUS)
        tell_missing(loader, group, source->type, "metric");
    if (source->type == LOAD_JSON)
        tell_missing(loader, group, source->type, "path");
    if (source->metric && source->path)
        tell(loader, config_setting_get_member(group, "path"), "beside a metric, expected only one of path and metric");
}

static void check_url(struct loader *loader, const config_setting_t *group, const struct load_source *source)
{
    const config_setting_t *at = config_setting_get_member(group, "url");
    if (!source->url)
        return;
    const bool tls = strncasecmp(source->url, "https://", 8) == 0;
    if (!tls && strncasecmp(source->url, "http://", 7) != 0)
        tell(loader, at, "\"%.80s\", expected a text that begins with http:// or https://", source->url);
    const char *host = strstr(source->url, "://"), *user = host ? strchr(host + 3, '@') : NULL;
    if (user && user < host + 3 + strcspn(host + 3, "/?#"))
        tell(loader, at, "names a user; that is what user and password_file are for");
    static const char *const of_tls[] = {"ca", "verify"};
    for (size_t i = 0; i < 2 && !tls; i++)
        if (config_setting_get_member(group, of_tls[i]))
            tell(loader, config_setting_get_member(group, of_tls[i]), "has no meaning without https://");
    if (!tls && (source->user || source->token_file))
        warn(loader, at, "the password or token is sent in clear text: https:// would protect it");
}

/* Each is read again before it is used; what is missing now is a mistake that can be told now. */
static void check_secret(struct loader *loader, const config_setting_t *group, const char *key, const char *path)
{
    if (path && access(path, R_OK) < 0)
        tell(loader, config_setting_get_member(group, key), "%s cannot be read: %s", path, strerror(errno));
}

static void check_auth(struct loader *loader, const config_setting_t *group, const struct load_source *source)
{
    if (!source->user != !source->password_file)
        tell(loader, config_setting_get_member(group, source->user ? "user" : "password_file"), "user and password_file go together");
    if (source->user && source->token_file)
        tell(loader, config_setting_get_member(group, "token_file"), "beside a user, expected only one of user and token_file");
    if (source->user && strchr(source->user, ':'))
        tell(loader, config_setting_get_member(group, "user"), "holds a colon, which ends the user's name (RFC 7617)");
    check_secret(loader, group, "password_file", source->password_file);
    check_secret(loader, group, "token_file", source->token_file);
    check_secret(loader, group, "ca", source->ca);
}

static void check_text(struct loader *loader, const config_setting_t *group, const char *key, const char *text)
{
    const char *wrong = text ? template_fault(text) : NULL;
    if (wrong)
        tell(loader, config_setting_get_member(group, key), "\"%.2s\" is no placeholder, expected %%a, %%h, %%s or %%%%", wrong);
}

static void check_metric(struct loader *loader, const config_setting_t *group, const struct load_source *source)
{
    struct selector selector;
    struct error err;
    if (source->metric && !selector_parse(source->metric, &selector, &err))
        tell(loader, config_setting_get_member(group, "metric"), "%s, expected NAME or NAME{label=\"value\"}", err.text);
    if (source->path && source->path[0] == '/')
        for (const char *at = source->path; (at = strchr(at, '~')); at++)
            if (at[1] != '0' && at[1] != '1') {
                tell(loader, config_setting_get_member(group, "path"), "~ stands before 0 or 1 in a JSON pointer (RFC 6901)");
                break;
            }
}

static void check_command(struct loader *loader, const config_setting_t *group, const struct load_source *source)
{
    const config_setting_t *at = config_setting_get_member(group, "command");
    if (source->command_count == 0 || !at)
        return;
    if (source->command[0][0] != '/')
        tell(loader, config_setting_get_elem(at, 0), "\"%.80s\" is no path from /: there is no shell that would search for it",
             source->command[0]);
    for (size_t i = 0; i < source->command_count; i++)
        if (template_fault(source->command[i]))
            tell(loader, config_setting_get_elem(at, (unsigned)i), "\"%.2s\" is no placeholder, expected %%a, %%h, %%s or %%%%",
                 template_fault(source->command[i]));
}

/* A source's name is the key it stands under, as a probe's. */
static void check_load(struct loader *loader, const config_setting_t *group, void *item)
{
    struct load_source *source = item;
    const char *name = config_setting_name(group);
    if (!is_name(name))
        tell(loader, group, "\"%s\" is no name for a source of load, expected 1 to 63 of a-z, 0-9, -", name);
    source->name = mem_text(name);
    declare(loader, SPACE_LOAD, "source of load", source->name, (uint32_t)(source - loader->config->load_sources), group);
    const char *type = NULL;
    if (!config_setting_lookup_string(group, "type", &type) || strcmp(type, types[source->type]) != 0)
        return; /* which has been told */
    check_form(loader, group, source);
    check_url(loader, group, source);
    check_auth(loader, group, source);
    check_text(loader, group, "url", source->url);
    check_text(loader, group, "body", source->body);
    check_text(loader, group, "file", source->file);
    check_metric(loader, group, source);
    check_command(loader, group, source);
    if (is_allowed(source->type, "timeout") && source->timeout_ms >= EXPIRY_INTERVALS * source->interval_ms)
        tell_key(loader, group, "timeout", "three times the interval or more: what came so late would count no more");
}

const struct table load_table = {.path = "loads.NAME", TABLE_KEYS(load_keys), .check = check_load};

static const struct key endpoint_item = {.kind = KIND_ENDPOINT, .size = sizeof(uint16_t)};
const struct key load_item = {.kind = KIND_LOAD, .size = sizeof(uint16_t)};

static const struct key cluster_keys[] = {
    {.name = "name", .kind = KIND_NAME, .required = true, KEY_AT(struct cluster, name)},
    {.name = "capacity",
     .kind = KIND_WHOLE,
     KEY_AT(struct cluster, limits.calls),
     RANGE(0, 10e6),
     .fallback = "0",
     .shown = "the sum of its endpoints'"},
    {.name = "capacity_cps",
     .kind = KIND_WHOLE,
     KEY_AT(struct cluster, limits.cps),
     RANGE(0, 10e6),
     .fallback = "0",
     .shown = "the sum of its endpoints'"},
    {.name = "endpoints",
     .kind = KIND_LIST,
     .required = true,
     KEY_LIST(struct cluster, endpoints, endpoint_count),
     .item = &endpoint_item,
     RANGE(1, ENDPOINTS_MAX)},
    {.name = "load",
     .kind = KIND_LIST,
     KEY_LIST(struct cluster, loads.of, loads.count),
     .fixed = true,
     .item = &load_item,
     RANGE(0, LOADS_MAX)},
};

void check_placeholders(struct loader *loader, const config_setting_t *group, const struct loads *loads, const char *known,
                        const char *whom)
{
    const config_setting_t *at = config_setting_get_member(group, "load");
    for (size_t i = 0; i < loads->count; i++) {
        const struct load_source *source = &loader->config->load_sources[loads->of[i]];
        const char unknown = source_needs(source, known);
        if (unknown)
            tell(loader, at, "the source \"%s\" has the placeholder %%%c, which %s does not have", source->name, unknown, whom);
    }
}

static void check_cluster(struct loader *loader, const config_setting_t *group, void *item)
{
    const struct cluster *cluster = item;
    const config_setting_t *name = config_setting_get_member(group, "name");
    if (declare(loader, SPACE_CLUSTER, "cluster", cluster->name, (uint32_t)(cluster - loader->config->clusters), name) &&
        names_find(&loader->names, SPACE_SITE, cluster->name, strlen(cluster->name)))
        tell(loader, name, "\"%s\" is a site, expected a name of its own", cluster->name);
    check_placeholders(loader, group, &cluster->loads, "", "a cluster");
}

const struct table cluster_table = {.path = "clusters[]", TABLE_KEYS(cluster_keys), .check = check_cluster};
