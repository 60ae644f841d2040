/* The group alerts and the list hooks. */
#include "config/tables.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* In the order of enum alert_kind; a test holds them to be alert_kind_text()'s. */
static const char *const kinds[] = {"verdict",     "site-lost", "past-target", "past-max",   "busy",     "queries", "calls",
                                    "all-at-once", "safety",    "probes",      "publish",    "reload",   "stale",   "expiry",
                                    "signing",     "state",     "clock",       "void-order", "overload", "hook",    "order",
                                    "drill",       "login",     "start",       "stop",       NULL};
static const char *const severities[] = {"info", "warning", "critical", NULL};
_Static_assert(sizeof kinds / sizeof *kinds == ALERT_TEST + 1, "a word for each kind but the test, and the end");

static const struct key kind_item = {.kind = KIND_CHOICE, .size = 1, .choices = kinds};
static const struct key word_item = {.kind = KIND_TEXT, .size = sizeof(char *), RANGE(0, 4095)};
static const struct key header_item = {.kind = KIND_TEXT, .size = sizeof(char *), RANGE(1, 4095)};

static const struct key alert_keys[] = {
    {.name = "busy", .kind = KIND_WHOLE, KEY_AT(struct alert_config, busy), RANGE(0, 1000), .fallback = "80"},
    {.name = "busy_days", .kind = KIND_WHOLE, KEY_AT(struct alert_config, busy_days), RANGE(1, 90), .fallback = "3"},
    {.name = "drop", .kind = KIND_WHOLE, KEY_AT(struct alert_config, drop), RANGE(0, 99), .fallback = "40"},
    {.name = "spike", .kind = KIND_WHOLE, KEY_AT(struct alert_config, spike), RANGE(0, 10000), .fallback = "150"},
    {.name = "geo_age",
     .kind = KIND_DURATION,
     KEY_AT(struct alert_config, geo_age_s),
     .unit_ms = 1000,
     RANGE(0, 3650 * 86400e3),
     .fallback = "60d"},
};

const struct table alert_table = {.path = "alerts", TABLE_KEYS(alert_keys)};

static const struct key hook_keys[] = {
    {.name = "name", .kind = KIND_NAME, .required = true, KEY_AT(struct hook_config, name)},
    {.name = "on", .kind = KIND_LIST, KEY_LIST(struct hook_config, on, on_count), .item = &kind_item, RANGE(1, ALERT_TEST), .shown = "all"},
    {.name = "min_severity",
     .kind = KIND_CHOICE,
     KEY_AT(struct hook_config, severity),
     .choices = severities,
     .shown = "\"warning\"; with `on` \"info\""},
    {.name = "command",
     .kind = KIND_LIST,
     KEY_LIST(struct hook_config, command, command_count),
     .item = &word_item,
     RANGE(1, HOOK_WORDS_MAX)},
    {.name = "url", .kind = KIND_TEXT, KEY_AT(struct hook_config, url), RANGE(1, 2047)},
    {.name = "headers", .kind = KIND_LIST, KEY_LIST(struct hook_config, headers, header_count), .item = &header_item, RANGE(0, 20)},
    {.name = "secret_file", .kind = KIND_PATH, KEY_AT(struct hook_config, secret_file), RANGE(1, 255)},
    {.name = "ca", .kind = KIND_PATH, KEY_AT(struct hook_config, ca), RANGE(1, 255), .shown = "the system's"},
    {.name = "verify", .kind = KIND_SWITCH, KEY_AT(struct hook_config, verify), .fallback = "true"},
    {.name = "timeout", .kind = KIND_DURATION, KEY_AT(struct hook_config, timeout_ms), .unit_ms = 1, RANGE(100, 60e3), .fallback = "10s"},
    {.name = "retries", .kind = KIND_WHOLE, KEY_AT(struct hook_config, retries), RANGE(0, 20), .fallback = "5"},
    {.name = "quiet", .kind = KIND_DURATION, KEY_AT(struct hook_config, quiet_s), .unit_ms = 1000, RANGE(0, 86400e3), .fallback = "5m"},
    {.name = "repeat",
     .kind = KIND_DURATION,
     KEY_AT(struct hook_config, repeat_s),
     .unit_ms = 1000,
     RANGE(0, 30 * 86400e3),
     .fallback = "0s"},
};

static void check_way(struct loader *loader, const config_setting_t *group, const struct hook_config *hook)
{
    static const char *const of_url[] = {"headers", "secret_file", "ca", "verify"};
    const config_setting_t *url = config_setting_get_member(group, "url"), *command = config_setting_get_member(group, "command");
    if (!url && !command)
        tell_key(loader, group, "command", "missing, a hook needs a command or a url");
    if (url && command)
        tell(loader, url, "beside a command, expected only one of command and url");
    for (size_t i = 0; i < sizeof of_url / sizeof *of_url; i++)
        if (!url && config_setting_get_member(group, of_url[i]))
            tell(loader, config_setting_get_member(group, of_url[i]), "has no meaning without a url");
    if (hook->command_count && hook->command[0][0] != '/')
        tell(loader, config_setting_get_elem(command, 0), "\"%.80s\" is no path from /: there is no shell that would search for it",
             hook->command[0]);
}

static void check_url(struct loader *loader, const config_setting_t *group, const struct hook_config *hook)
{
    const config_setting_t *at = config_setting_get_member(group, "url");
    if (!hook->url)
        return;
    const bool tls = strncasecmp(hook->url, "https://", 8) == 0;
    if (!tls && strncasecmp(hook->url, "http://", 7) != 0)
        tell(loader, at, "\"%.80s\", expected a text that begins with http:// or https://", hook->url);
    for (size_t i = 0; i < hook->header_count; i++)
        if (!strchr(hook->headers[i], ':') || hook->headers[i][0] == ':')
            tell(loader, config_setting_get_elem(config_setting_get_member(group, "headers"), (unsigned)i),
                 "\"%.80s\", expected a text as in \"Name: value\"", hook->headers[i]);
}

static void check_file(struct loader *loader, const config_setting_t *group, const char *key, const char *path)
{
    if (path && access(path, R_OK) < 0)
        tell(loader, config_setting_get_member(group, key), "%s cannot be read: %s", path, strerror(errno));
}

static void check_hook(struct loader *loader, const config_setting_t *group, void *item)
{
    struct hook_config *hook = item;
    if (!config_setting_get_member(group, "min_severity"))
        hook->severity = hook->on_count ? ALERT_INFO : ALERT_WARNING;
    declare(loader, SPACE_HOOK, "hook", hook->name, (uint32_t)(hook - loader->config->hooks), config_setting_get_member(group, "name"));
    check_way(loader, group, hook);
    check_url(loader, group, hook);
    check_file(loader, group, "secret_file", hook->secret_file);
    check_file(loader, group, "ca", hook->ca);
}

const struct table hook_table = {.path = "hooks[]", TABLE_KEYS(hook_keys), .check = check_hook};
