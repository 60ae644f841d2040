#include "config/tables.h"

#include "base/base64.h"
#include "base/invariant.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "config/dnsname.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SHOWN_MAX = 80, NAME_MAX_LEN = 63, DNS_PORT = 53 };

/* The value as a message shows it: a text in quotes, its odd octets and its tail left out. The caller frees. */
static char *show(const config_setting_t *setting)
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64: return mem_format("%lld", config_setting_get_int64(setting));
    case CONFIG_TYPE_FLOAT: return mem_format("%g", config_setting_get_float(setting));
    case CONFIG_TYPE_BOOL: return mem_text(config_setting_get_bool(setting) ? "true" : "false");
    case CONFIG_TYPE_STRING: break;
    default: return mem_text(config_setting_is_group(setting) ? "a group" : "a list");
    }
    const char *text = config_setting_get_string(setting);
    char *shown = mem_format("\"%.*s%s\"", SHOWN_MAX, text, strlen(text) > SHOWN_MAX ? "..." : "");
    for (char *at = shown; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
    return shown;
}

/* Tells what is wrong with the value and what was expected. why may be NULL where the expectation says it. */
static bool refuse(struct loader *loader, const struct key *key, struct value value, const char *why)
{
    invariant(value.setting); /* a default is always sound */
    char *shown = show(value.setting), *expected = describe_expected(key);
    if (why)
        tell(loader, value.setting, "%s: %s, expected %s", shown, why, expected);
    else
        tell(loader, value.setting, "%s, expected %s", shown, expected);
    free(shown);
    free(expected);
    return false;
}

/* The same with what was probably meant, if that is known. */
static bool refuse_near(struct loader *loader, const struct key *key, struct value value, const char *near)
{
    if (near == NULL)
        return refuse(loader, key, value, NULL);
    char *shown = show(value.setting), *expected = describe_expected(key);
    tell(loader, value.setting, "%s, expected %s; did you mean \"%s\"?", shown, expected, near);
    free(shown);
    free(expected);
    return false;
}

/* NULL when it is no text. */
static const char *text_of(struct value value)
{
    if (value.setting == NULL)
        return value.text;
    return config_setting_type(value.setting) == CONFIG_TYPE_STRING ? config_setting_get_string(value.setting) : NULL;
}

static bool number_of(struct value value, bool whole, double *ret_number)
{
    if (value.setting == NULL) {
        *ret_number = strtod(value.text, NULL);
        return true;
    }
    const int type = config_setting_type(value.setting);
    if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64)
        *ret_number = (double)config_setting_get_int64(value.setting);
    else if (type == CONFIG_TYPE_FLOAT && !whole)
        *ret_number = config_setting_get_float(value.setting);
    else
        return false;
    return true;
}

/* Written in the machine's own order, as the field is an ordinary integer of size octets. */
static void store_whole(void *to, size_t size, int64_t value)
{
    switch (size) {
    case 1: *(uint8_t *)to = (uint8_t)value; break;
    case 2: *(uint16_t *)to = (uint16_t)value; break;
    case 4: *(uint32_t *)to = (uint32_t)value; break;
    default: invariant(size == 8); *(uint64_t *)to = (uint64_t)value;
    }
}

static bool read_number(struct loader *loader, const struct key *key, struct value value, void *to)
{
    double number;
    if (!number_of(value, key->kind == KIND_WHOLE, &number))
        return refuse(loader, key, value, NULL);
    if (!(number >= key->least && number <= key->most))
        return refuse(loader, key, value, "out of range");
    if (key->kind == KIND_NUMBER)
        *(double *)to = number;
    else
        store_whole(to, key->size, (int64_t)number);
    return true;
}

/* "200ms", "1.5s", "5m", "1h", "14d" in milliseconds; false when malformed. */
static bool duration_of_text(const char *text, double *ret_ms)
{
    static const struct {
        const char *unit;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}};
    const size_t digits = strspn(text, "0123456789.");
    char *end;
    if (digits == 0 || digits > 15)
        return false;
    const double number = strtod(text, &end);
    if (end != text + digits)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end, units[i].unit) == 0) {
            *ret_ms = number * units[i].ms;
            return true;
        }
    return false;
}

static bool read_duration(struct loader *loader, const struct key *key, struct value value, void *to)
{
    double ms;
    const char *text = text_of(value);
    if (text ? !duration_of_text(text, &ms) : !number_of(value, false, &ms))
        return refuse(loader, key, value, text ? "not a number with ms, s, m, h or d" : NULL);
    ms *= text ? 1 : 1e3;
    if (!(ms >= key->least && ms <= key->most))
        return refuse(loader, key, value, "out of range");
    const int64_t units = (int64_t)(ms / key->unit_ms + 0.5);
    const double rest = (double)(units * key->unit_ms) - ms;
    if (rest > 1e-6 || rest < -1e-6)
        return refuse(loader, key, value, key->unit_ms == 1 ? "not in whole milliseconds" : "not in whole seconds");
    store_whole(to, key->size, units);
    return true;
}

static bool read_need(struct loader *loader, const struct key *key, struct value value, unsigned *to)
{
    const char *text = value.setting ? config_setting_get_string(value.setting) : value.text;
    double number = text && strcmp(text, "all") == 0 ? 0 : 1;
    if (text ? strcmp(text, "all") != 0 && strcmp(text, "any") != 0 : !number_of(value, true, &number) || number < 1 || number > key->most)
        return refuse(loader, key, value, NULL);
    *to = (unsigned)number;
    return true;
}

static bool read_switch(struct loader *loader, const struct key *key, struct value value, bool *to)
{
    if (value.setting && config_setting_type(value.setting) != CONFIG_TYPE_BOOL)
        return refuse(loader, key, value, NULL);
    *to = value.setting ? config_setting_get_bool(value.setting) : strcmp(value.text, "true") == 0;
    return true;
}

static bool read_choice(struct loader *loader, const struct key *key, struct value value, void *to)
{
    const char *text = text_of(value), *near = NULL;
    if (text == NULL)
        return refuse(loader, key, value, NULL);
    for (size_t i = 0; key->choices[i]; i++) {
        if (strcmp(text, key->choices[i]) == 0) {
            store_whole(to, key->size, (int64_t)key->least + (int64_t)i);
            return true;
        }
        near = closer_name(text, near, key->choices[i]);
    }
    return refuse_near(loader, key, value, near);
}

/* Length of the UTF-8 sequence (RFC 3629) at text, 0 when it is none or a control character. */
static size_t utf8_len(const unsigned char *text)
{
    const unsigned char first = text[0];
    if (first < 0x80)
        return first >= ' ' && first != 0x7f;
    const size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    /* Overlong forms, surrogates and what lies beyond U+10FFFF. */
    if ((first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] > 0x9f) || (first == 0xf0 && text[1] < 0x90) ||
        (first == 0xf4 && text[1] > 0x8f))
        return 0;
    return len;
}

/* Tables, metrics and JSON show these texts, so they hold nothing that would break a line or an encoding. */
static bool printable(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        const size_t len = utf8_len(at);
        if (len == 0)
            return false;
        at += len;
    }
    return true;
}

static bool read_text(struct loader *loader, const struct key *key, struct value value, char **to)
{
    const char *text = text_of(value);
    if (text == NULL)
        return refuse(loader, key, value, NULL);
    const size_t len = strlen(text);
    if ((double)len < key->least || (double)len > key->most)
        return refuse(loader, key, value, len ? "too long" : "empty");
    if (!printable(text))
        return refuse(loader, key, value, "control characters or not UTF-8");
    *to = key->kind == KIND_PATH ? path_beside(loader->config->path, text) : mem_text(text);
    return true;
}

static bool read_host(struct loader *loader, const struct key *key, struct value value, char **to)
{
    char name[DNS_NAME_TEXT];
    const char *text = text_of(value), *why = text ? dns_name_read(text, name) : NULL;
    if (text == NULL || why)
        return refuse(loader, key, value, why);
    if (key->kind == KIND_DOMAIN)
        name[strlen(name) - 1] = 0;
    *to = mem_text(name);
    return true;
}

bool is_name(const char *text)
{
    const size_t len = strlen(text);
    return len > 0 && len <= NAME_MAX_LEN && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static bool read_name(struct loader *loader, const struct key *key, struct value value, char **to)
{
    const char *text = text_of(value);
    if (text == NULL || !is_name(text))
        return refuse(loader, key, value, NULL);
    *to = mem_text(text);
    return true;
}

/* Unspecified, multicast and broadcast addresses: nobody in particular answers there. */
static bool one_host(const struct addr *addr)
{
    static const uint8_t none[16];
    if (memcmp(addr->bytes, none, sizeof none) == 0)
        return false;
    return addr->family == FAMILY_V4 ? addr->bytes[0] < 224 : addr->bytes[0] != 0xff;
}

static bool read_address(struct loader *loader, const struct key *key, struct value value, struct addr *to)
{
    struct addr addr;
    const char *text = text_of(value);
    if (text == NULL || !addr_parse(text, &addr))
        return refuse(loader, key, value, NULL);
    addr_unmap(&addr);
    if (!one_host(&addr))
        return refuse(loader, key, value, "not the address of one host");
    *to = addr;
    return true;
}

static bool read_network(struct loader *loader, const struct key *key, struct value value, struct prefix *to)
{
    const char *text = text_of(value);
    if (text == NULL || !prefix_parse(text, to))
        return refuse(loader, key, value, NULL);
    return true;
}

static bool read_peer(struct loader *loader, const struct key *key, struct value value, struct hostport *to)
{
    struct hostport peer = {.port = DNS_PORT};
    const char *text = text_of(value);
    if (text == NULL || (!addr_parse(text, &peer.addr) && !hostport_parse(text, &peer)) || peer.port == 0)
        return refuse(loader, key, value, NULL);
    addr_unmap(&peer.addr);
    if (!one_host(&peer.addr))
        return refuse(loader, key, value, "not the address of one host");
    *to = peer;
    return true;
}

/* No message shows what was written. */
static bool read_secret(struct loader *loader, const struct key *key, struct value value, struct tsig_secret *to)
{
    uint8_t octets[TSIG_SECRET_MAX];
    const char *text = text_of(value);
    if (text == NULL)
        return refuse(loader, key, value, NULL);
    const size_t len = base64_decode(text, strlen(text), octets, sizeof octets);
    if (len == 0)
        return tell(loader, value.setting, "this is no secret of 1 to %d octets in base64 (RFC 4648 4), as tsig-keygen makes them",
                    TSIG_SECRET_MAX);
    *to = (struct tsig_secret){.octets = mem_copy(octets, len), .len = len};
    explicit_bzero(octets, sizeof octets);
    return true;
}

static bool read_listen(struct loader *loader, const struct key *key, struct value value, struct hostport *to)
{
    const char *text = text_of(value);
    if (text == NULL || !hostport_parse(text, to))
        return refuse(loader, key, value, NULL);
    return true;
}

static bool read_code(struct loader *loader, const struct key *key, struct value value, char to[3])
{
    const char *text = text_of(value);
    if (text == NULL || strlen(text) != 2 || !isalpha((unsigned char)text[0]) || !isalpha((unsigned char)text[1]))
        return refuse(loader, key, value, NULL);
    const char code[3] = {(char)toupper((unsigned char)text[0]), (char)toupper((unsigned char)text[1]), 0};
    if (key->kind == KIND_CONTINENT && strstr(CONTINENTS, code) == NULL) /* two letters match no gap of the list */
        return refuse(loader, key, value, NULL);
    memcpy(to, code, sizeof code);
    return true;
}

/* What names can stand for, by kind. */
static const struct reference {
    enum kind kind;
    enum space space;
    const char *what, *from;
} references[] = {
    {KIND_SITE, SPACE_SITE, "site", "sites"},
    {KIND_PROBE, SPACE_PROBE, "probe", "probes"},
    {KIND_KEY, SPACE_KEY, "key", "keys"},
    {KIND_CHECK, SPACE_CHECK, "check", "checks"},
    {KIND_LOAD, SPACE_LOAD, "source of load", "loads"},
    {KIND_ENDPOINT, SPACE_HOST, "endpoint", "the hosts of sites"},
};

static bool tell_unknown_name(struct loader *loader, const struct reference *to, const char *text, struct value value)
{
    const char *near = suggest(loader, to->space, text);
    char *shown = show(value.setting);
    if (near)
        tell(loader, value.setting, "%s: no such %s, did you mean \"%s\"?", shown, to->what, near);
    else
        tell(loader, value.setting, "%s: no such %s, expected a name from %s", shown, to->what, to->from);
    free(shown);
    return false;
}

/* A name of something else in the file. */
static bool read_reference(struct loader *loader, const struct key *key, struct value value, void *to)
{
    const struct reference *reference = references;
    while (reference->kind != key->kind)
        reference++;
    char name[DNS_NAME_TEXT];
    const char *text = text_of(value);
    if (text == NULL)
        return refuse(loader, key, value, NULL);
    if ((key->kind == KIND_KEY || key->kind == KIND_ENDPOINT) && dns_name_read(text, name) == NULL)
        text = name;
    const struct name_entry *entry = names_find(&loader->names, reference->space, text, strlen(text));
    if (entry == NULL)
        return tell_unknown_name(loader, reference, text, value);
    store_whole(to, key->size, entry->number);
    return true;
}

bool scalar_read(struct loader *loader, const struct key *key, struct value value, void *to)
{
    switch (key->kind) {
    case KIND_WHOLE:
    case KIND_NUMBER: return read_number(loader, key, value, to);
    case KIND_NEED: return read_need(loader, key, value, to);
    case KIND_DURATION: return read_duration(loader, key, value, to);
    case KIND_SWITCH: return read_switch(loader, key, value, to);
    case KIND_CHOICE: return read_choice(loader, key, value, to);
    case KIND_TEXT:
    case KIND_PATH: return read_text(loader, key, value, to);
    case KIND_HOST:
    case KIND_DOMAIN: return read_host(loader, key, value, to);
    case KIND_NAME: return read_name(loader, key, value, to);
    case KIND_ADDRESS: return read_address(loader, key, value, to);
    case KIND_NETWORK: return read_network(loader, key, value, to);
    case KIND_LISTEN: return read_listen(loader, key, value, to);
    case KIND_PEER: return read_peer(loader, key, value, to);
    case KIND_SECRET: return read_secret(loader, key, value, to);
    case KIND_COUNTRY:
    case KIND_CONTINENT: return read_code(loader, key, value, to);
    case KIND_SITE:
    case KIND_CHECK:
    case KIND_PROBE:
    case KIND_KEY:
    case KIND_LOAD:
    case KIND_ENDPOINT: return read_reference(loader, key, value, to);
    default: invariant(!"a scalar kind"); return false;
    }
}
