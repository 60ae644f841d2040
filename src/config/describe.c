#include "config/tables.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_words[] = {
    [KIND_WHOLE] = "whole number",
    [KIND_NUMBER] = "number",
    [KIND_DURATION] = "duration",
    [KIND_SWITCH] = "true or false",
    [KIND_CHOICE] = "text",
    [KIND_TEXT] = "text",
    [KIND_PATH] = "file name",
    [KIND_HOST] = "host name",
    [KIND_DOMAIN] = "host name",
    [KIND_NAME] = "name",
    [KIND_ADDRESS] = "IP address",
    [KIND_NETWORK] = "network",
    [KIND_LISTEN] = "address:port",
    [KIND_PEER] = "address or address:port",
    [KIND_COUNTRY] = "country code",
    [KIND_CONTINENT] = "continent code",
    [KIND_SITE] = "site name",
    [KIND_PROBE] = "probe name",
    [KIND_KEY] = "key name",
    [KIND_SECRET] = "secret",
    [KIND_NEED] = "text or whole number",
    [KIND_GROUP] = "group",
    [KIND_MAP] = "group of groups",
    [KIND_CHECK] = "check name",
    [KIND_LOAD] = "load name",
    [KIND_ENDPOINT] = "host name",
};

static bool number_kind(enum kind kind)
{
    return kind == KIND_WHOLE || kind == KIND_NUMBER || kind == KIND_DURATION;
}

const char *describe_kind(enum kind kind)
{
    return kind_words[kind];
}

char *describe_type(const struct key *key)
{
    if (key->kind == KIND_PAIR)
        return mem_format("pair of %ss", kind_words[key->item->kind]);
    if (key->kind == KIND_LIST && key->table)
        return mem_text("list of groups");
    if (key->kind == KIND_LIST)
        return mem_format("list of %s%s", kind_words[key->item->kind],
                          key->item->kind == KIND_LISTEN || key->item->kind == KIND_PEER ? "" : "s");
    return mem_text(kind_words[key->kind]);
}

/* The values of a list as the file would have them, each in quotes. */
static char *quoted_items(const char *items)
{
    char *text = mem_text("");
    for (const char *at = items; at;) {
        const char *comma = strstr(at, ", ");
        const int len = comma ? (int)(comma - at) : (int)strlen(at);
        char *longer = mem_format("%s%s\"%.*s\"", text, at == items ? "" : ", ", len, at);
        free(text);
        text = longer;
        at = comma ? comma + 2 : NULL;
    }
    return text;
}

char *describe_default(const struct key *key)
{
    if (key->required)
        return mem_text("required");
    if (key->shown)
        return mem_text(key->shown);
    if (key->kind == KIND_PAIR && key->item->fallback)
        return mem_format("(%s, %s)", key->item[0].fallback, key->item[1].fallback);
    if (key->fallback == NULL)
        return mem_text("none");
    if (key->kind == KIND_WHOLE || key->kind == KIND_NUMBER || key->kind == KIND_SWITCH)
        return mem_text(key->fallback);
    char *items = quoted_items(key->fallback);
    if (key->kind != KIND_LIST)
        return items;
    char *list = mem_format("[ %s ]", items);
    free(items);
    return list;
}

static char *duration_text(int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (ms >= units[i].ms && ms % units[i].ms == 0)
            return mem_format("%lld%s", (long long)(ms / units[i].ms), units[i].unit);
    return mem_format("%lldms", (long long)ms);
}

static char *limits(const struct key *key)
{
    if (key->kind == KIND_NUMBER)
        return mem_format("%g to %g", key->least, key->most);
    if (key->kind != KIND_DURATION)
        return mem_format("%.0f to %.0f", key->least, key->most);
    char *least = duration_text((int64_t)key->least), *most = duration_text((int64_t)key->most);
    char *text = mem_format("%s to %s%s", least, most, key->unit_ms == 1000 ? ", whole seconds" : "");
    free(least);
    free(most);
    return text;
}

static char *choices(const struct key *key)
{
    char *text = mem_text("");
    for (size_t i = 0; key->choices[i]; i++) {
        char *longer = mem_format("%s%s\"%s\"", text, i ? ", " : "", key->choices[i]);
        free(text);
        text = longer;
    }
    return text;
}

/* The ranges of both parts of a pair, or the count of a list and the range of each item. */
static char *compound_range(const struct key *key)
{
    char *first = key->kind == KIND_PAIR ? limits(&key->item[0]) : limits(key);
    char *second = key->kind == KIND_PAIR ? limits(&key->item[1]) : key->item && number_kind(key->item->kind) ? limits(key->item) : NULL;
    char *text = key->kind == KIND_PAIR ? mem_format("%s, %s", first, second)
                 : second               ? mem_format("%s of them, each %s", first, second)
                                        : mem_format("%s of them", first);
    free(first);
    free(second);
    return text;
}

char *describe_range(const struct key *key)
{
    switch (key->kind) {
    case KIND_WHOLE:
    case KIND_NUMBER:
    case KIND_DURATION: return limits(key);
    case KIND_CHOICE: return choices(key);
    case KIND_TEXT:
    case KIND_PATH: return mem_format("%.0f to %.0f octets", key->least, key->most);
    case KIND_PAIR:
    case KIND_LIST:
    case KIND_MAP: return compound_range(key);
    case KIND_NEED: return mem_format("\"all\", \"any\" or 1 to %.0f", key->most);
    case KIND_SECRET: return mem_text("1 to 256 octets in base64");
    case KIND_NAME: return mem_text("1 to 63 of a-z, 0-9, -");
    case KIND_COUNTRY: return mem_text("two letters");
    case KIND_CONTINENT: return mem_text(CONTINENTS);
    default: return mem_text("");
    }
}

char *describe_expected(const struct key *key)
{
    char *range = describe_range(key), *type = describe_type(key), *text;
    if (key->kind == KIND_CHOICE)
        text = mem_format("%s%s", key->choices[1] ? "one of " : "", range);
    else if (key->kind == KIND_DURATION)
        text = mem_format("a duration from %s, such as \"500ms\", \"2s\" or \"5m\"", range);
    else if (key->kind == KIND_LISTEN)
        text = mem_text("an address and port such as \"192.0.2.1:53\" or \"[2001:db8::1]:53\"");
    else if (key->kind == KIND_NETWORK)
        text = mem_text("a network such as \"192.0.2.0/24\" or \"2001:db8::/32\", or one address of it");
    else if (key->kind == KIND_PEER)
        text = mem_text("an address such as \"192.0.2.1\", \"192.0.2.1:5353\" or \"[2001:db8::1]:5353\"");
    else if (key->kind == KIND_SWITCH)
        text = mem_text(type);
    else if (number_kind(key->kind))
        text = mem_format("a %s from %s", type, range);
    else
        text = mem_format("%s %s%s%s", strchr("AEIOUaeiou", type[0]) ? "an" : "a", type, *range ? ", " : "", range);
    free(range);
    free(type);
    return text;
}
