/* The group probes. */
#include "config/tables.h"

#include "base/memory.h"
#include "dns/message.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum { HTTPS_PORT = 443 };

static const char *const types[] = {"sip", "tcp", "tls", "http", "dns", "icmp", "exec", "push", NULL};
static const char *const transports[] = {"udp", "tcp", "tls", "ws", "wss", NULL};
static const char *const records[] = {"A", "AAAA", "SRV", "NAPTR", "SOA", "NS", "TXT", "MX", "PTR", NULL};
static const uint16_t record_types[] = {TYPE_A, TYPE_AAAA, TYPE_SRV, TYPE_NAPTR, TYPE_SOA, TYPE_NS, TYPE_TXT, TYPE_MX, TYPE_PTR};
static const char *const methods[] = {"GET", "HEAD", "OPTIONS", NULL};
static const char *const rcodes[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", NULL};
static const struct key way_item = {.kind = KIND_CHOICE, .size = 1, .choices = transports, .least = TRANSPORT_UDP};
static const struct key rcode_item = {.kind = KIND_CHOICE, .size = 1, .choices = rcodes, .least = RCODE_NOERROR};
static const struct key word_item = {.kind = KIND_TEXT, .size = sizeof(char *), RANGE(0, 1023)};
static const struct key alive_item = {.kind = KIND_WHOLE, .size = sizeof(uint16_t), RANGE(200, 699)};

_Static_assert(sizeof transports / sizeof *transports == TRANSPORT_COUNT + 1, "transports[] is in the order of enum transport");
_Static_assert(sizeof records / sizeof *records == sizeof record_types / sizeof *record_types + 1, "a number for each type of record");
_Static_assert(sizeof types / sizeof *types == PROBE_TYPE_COUNT + 1, "types[] is in the order of enum probe_type");

/* What a type makes of the keys that it does not find. By enum probe_type. */
static const struct habit {
    enum transport transport;
    unsigned transports; /* that may be given */
    uint16_t port;       /* 0: the transport's, or none where there is no transport */
    unsigned fall, rise;
} habits[] = {
    [PROBE_SIP] = {TRANSPORT_UDP, EVERY_TRANSPORT, 0, 2, 3},
    [PROBE_TCP] = {TRANSPORT_TCP, EVERY_TRANSPORT & ~(1u << TRANSPORT_UDP), 0, 2, 3},
    [PROBE_TLS] = {TRANSPORT_TLS, 1u << TRANSPORT_TLS | 1u << TRANSPORT_WSS, 0, 2, 3},
    [PROBE_HTTP] = {TRANSPORT_TCP, 0, 80, 2, 3},
    [PROBE_DNS] = {TRANSPORT_UDP, 0, 53, 2, 3},
    [PROBE_ICMP] = {TRANSPORT_UDP, 0, 0, 2, 3},
    [PROBE_EXEC] = {TRANSPORT_UDP, 0, 5060, 2, 3},
    [PROBE_PUSH] = {TRANSPORT_UDP, 0, 0, 1, 1}, /* who reports by himself has thought about it */
};

#define FOR(type) (1u << (type))

/* Keys that not every type takes. What a probe would not look at must not stand there as if it counted. */
static const struct owner {
    const char *key;
    unsigned types;
} owners[] = {
    {"transport", FOR(PROBE_SIP) | FOR(PROBE_TCP) | FOR(PROBE_TLS)},
    {"port", FOR(PROBE_SIP) | FOR(PROBE_TCP) | FOR(PROBE_TLS) | FOR(PROBE_HTTP) | FOR(PROBE_DNS) | FOR(PROBE_EXEC)},
    {"alive", FOR(PROBE_SIP) | FOR(PROBE_HTTP)},
    {"max_forwards", FOR(PROBE_SIP)},
    {"from", FOR(PROBE_SIP)},
    {"renew", FOR(PROBE_SIP)},
    {"path", FOR(PROBE_SIP) | FOR(PROBE_HTTP)},
    {"origin", FOR(PROBE_SIP)},
    {"tls_name", FOR(PROBE_SIP) | FOR(PROBE_TLS) | FOR(PROBE_HTTP)},
    {"tls_ca", FOR(PROBE_SIP) | FOR(PROBE_TLS) | FOR(PROBE_HTTP)},
    {"tls_verify", FOR(PROBE_SIP) | FOR(PROBE_TLS) | FOR(PROBE_HTTP)},
    {"tls_certificate", FOR(PROBE_SIP) | FOR(PROBE_TLS) | FOR(PROBE_HTTP)},
    {"tls_key", FOR(PROBE_SIP) | FOR(PROBE_TLS) | FOR(PROBE_HTTP)},
    {"cert_warn", FOR(PROBE_SIP) | FOR(PROBE_TLS) | FOR(PROBE_HTTP)},
    {"tls", FOR(PROBE_HTTP)},
    {"method", FOR(PROBE_HTTP)},
    {"host", FOR(PROBE_HTTP)},
    {"match", FOR(PROBE_HTTP)},
    {"match_regex", FOR(PROBE_HTTP)},
    {"query", FOR(PROBE_DNS)},
    {"record", FOR(PROBE_DNS)},
    {"rcodes", FOR(PROBE_DNS)},
    {"answers", FOR(PROBE_DNS)},
    {"recursion", FOR(PROBE_DNS)},
    {"command", FOR(PROBE_EXEC)},
    {"file", FOR(PROBE_PUSH)},
    {"expires", FOR(PROBE_PUSH)},
};

/* Where each transport is found if nothing says otherwise (RFC 3261 19.1.2, RFC 6455 3). */
static const uint16_t ports[TRANSPORT_COUNT] = {
    [TRANSPORT_UDP] = 5060, [TRANSPORT_TCP] = 5060, [TRANSPORT_TLS] = 5061, [TRANSPORT_WS] = 80, [TRANSPORT_WSS] = 443};

static const struct key probe_keys[] = {
    {.name = "type", .kind = KIND_CHOICE, .required = true, KEY_AT(struct probe, type), .choices = types, .least = PROBE_SIP},
    {.name = "transport", .kind = KIND_CHOICE, KEY_AT(struct probe, transport), .choices = transports, .shown = "by type"},
    {.name = "port", .kind = KIND_WHOLE, KEY_AT(struct probe, port), RANGE(1, 65535), .shown = "by type"},
    {.name = "address", .kind = KIND_ADDRESS, KEY_AT(struct probe, address)},
    {.name = "interval", .kind = KIND_DURATION, KEY_AT(struct probe, interval_ms), .unit_ms = 1, RANGE(200, 3600e3), .fallback = "10s"},
    {.name = "timeout", .kind = KIND_DURATION, KEY_AT(struct probe, timeout_ms), .unit_ms = 1, RANGE(50, 60e3), .fallback = "3s"},
    {.name = "confirm", .kind = KIND_DURATION, KEY_AT(struct probe, confirm_ms), .unit_ms = 1, RANGE(50, 60e3), .fallback = "1s"},
    {.name = "fall", .kind = KIND_WHOLE, KEY_AT(struct probe, fall), RANGE(1, 10), .shown = "2, push: 1"},
    {.name = "rise", .kind = KIND_WHOLE, KEY_AT(struct probe, rise), RANGE(1, 10), .shown = "3, push: 1"},
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
    {.name = "for",
     .kind = KIND_LIST,
     KEY_LIST(struct probe, spoken, spoken_count),
     .fixed = true,
     .item = &way_item,
     RANGE(1, TRANSPORT_COUNT),
     .shown = "by type"},
    {.name = "tls", .kind = KIND_SWITCH, KEY_AT(struct probe, http.tls), .fallback = "false"},
    {.name = "method", .kind = KIND_CHOICE, KEY_AT(struct probe, http.method), .choices = methods, .fallback = "GET"},
    {.name = "host", .kind = KIND_TEXT, KEY_AT(struct probe, http.host), RANGE(1, 255), .shown = "that of tls_name"},
    {.name = "match", .kind = KIND_TEXT, KEY_AT(struct probe, http.match), RANGE(1, 255)},
    {.name = "match_regex", .kind = KIND_TEXT, KEY_AT(struct probe, http.match_regex), RANGE(1, 255)},
    {.name = "query", .kind = KIND_HOST, KEY_AT(struct probe, dns.query)},
    {.name = "record", .kind = KIND_CHOICE, KEY_AT(struct probe, dns.record), .choices = records, .fallback = "A"},
    {.name = "rcodes",
     .kind = KIND_LIST,
     KEY_LIST(struct probe, dns.rcodes, dns.rcode_count),
     .fixed = true,
     .item = &rcode_item,
     RANGE(1, RCODES_MAX),
     .shown = "NOERROR"},
    {.name = "answers", .kind = KIND_WHOLE, KEY_AT(struct probe, dns.answers), RANGE(0, 100), .fallback = "0"},
    {.name = "recursion", .kind = KIND_SWITCH, KEY_AT(struct probe, dns.recursion), .fallback = "false"},
    {.name = "command",
     .kind = KIND_LIST,
     KEY_LIST(struct probe, exec.command, exec.word_count),
     .item = &word_item,
     RANGE(1, COMMAND_WORDS_MAX)},
    {.name = "file", .kind = KIND_PATH, KEY_AT(struct probe, push.file), RANGE(1, 1023)},
    {.name = "expires",
     .kind = KIND_DURATION,
     KEY_AT(struct probe, push.expires_ms),
     .unit_ms = 1,
     RANGE(200, 86400e3),
     .shown = "3 intervals"},
};

static void apply_habit(struct loader *loader, const config_setting_t *group, struct probe *probe)
{
    const struct habit *habit = &habits[probe->type];
    const config_setting_t *transport = config_setting_get_member(group, "transport");
    if (transport == NULL)
        probe->transport = habit->transport;
    else if (habit->transports && !(habit->transports >> probe->transport & 1))
        tell(loader, transport, "a probe of type \"%s\" cannot speak for %s", types[probe->type], transport_text(probe->transport));
    if (probe->port == 0)
        probe->port = habit->transports ? ports[probe->transport] : habit->port;
    probe->fall = probe->fall ? probe->fall : habit->fall;
    probe->rise = probe->rise ? probe->rise : habit->rise;
}

/* A text that would break out of its line of the request. */
static bool fits_line(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text > '~')
            return false;
    return true;
}

/* Both stand in an HTTP request's head as they are. */
static void check_websocket(struct loader *loader, const config_setting_t *group, const struct probe *probe)
{
    if (probe->path && (probe->path[0] != '/' || !fits_line(probe->path) || strchr(probe->path, '#')))
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

/* "dns and exec" of bits of types; the caller frees. */
static char *list_types(unsigned bits)
{
    char *list = mem_text("");
    for (unsigned type = 0; type < PROBE_TYPE_COUNT; type++) {
        if (!(bits >> type & 1))
            continue;
        char *longer = mem_format("%s%s\"%s\"", list, !*list ? "" : bits >> (type + 1) ? ", " : " and ", types[type]);
        free(list);
        list = longer;
    }
    return list;
}

static void check_keys(struct loader *loader, const config_setting_t *group, const struct probe *probe)
{
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        const config_setting_t *given = config_setting_get_member(group, owners[i].key);
        if (!given || owners[i].types >> probe->type & 1)
            continue;
        char *takers = list_types(owners[i].types);
        tell(loader, given, "a probe of type \"%s\" takes no such key, only %s", types[probe->type], takers);
        free(takers);
    }
}

/* What a probe speaks for: what for says, or its transport, or, where it has none, all of them. */
static unsigned ways_of(const struct probe *probe)
{
    unsigned bits = 0;
    for (size_t i = 0; i < probe->spoken_count; i++)
        bits |= 1u << probe->spoken[i];
    if (bits)
        return bits;
    return habits[probe->type].transports ? 1u << probe->transport : (unsigned)EVERY_TRANSPORT;
}

/* Whether every percent sign begins a part that pattern_fill() knows. */
static void check_pattern(struct loader *loader, const config_setting_t *at, const char *pattern)
{
    for (const char *sign = pattern; (sign = strchr(sign, '%')); sign += 2)
        if (sign[1] == '\0' || !strchr("ahps%", sign[1])) {
            tell(loader, at, "\"%.2s\" stands for nothing, expected %%a (address), %%h (host), %%p (port), %%s (site) or %%%%", sign);
            return;
        }
}

static void check_regex(struct loader *loader, const config_setting_t *at, const char *text)
{
    regex_t compiled;
    char why[80];
    const int failed = regcomp(&compiled, text, REG_EXTENDED | REG_NOSUB);
    if (failed) {
        regerror(failed, &compiled, why, sizeof why);
        tell(loader, at, "no extended regular expression: %s", why);
        return;
    }
    regfree(&compiled);
    for (const char *sign = text; (sign = strchr(sign, '\\')) && sign[1]; sign += 2)
        if (sign[1] >= '1' && sign[1] <= '9') {
            tell(loader, at, "\"%.2s\" refers back, which can take longer than any probe may", sign);
            return;
        }
}

static void check_http(struct loader *loader, const config_setting_t *group, struct probe *probe)
{
    const struct http_probe *http = &probe->http;
    const config_setting_t *regex = config_setting_get_member(group, "match_regex");
    if (http->host && !fits_line(http->host))
        tell(loader, config_setting_get_member(group, "host"), "expected no blank and nothing beyond ASCII");
    if (http->match && http->match_regex)
        tell(loader, regex, "match is given, too: one of them counts");
    if (http->method == HTTP_HEAD && (http->match || http->match_regex))
        tell(loader, config_setting_get_member(group, "method"), "no body comes for HEAD in which something could be found");
    if (http->match_regex)
        check_regex(loader, regex, http->match_regex);
    if (probe->type == PROBE_HTTP && http->tls && !config_setting_get_member(group, "port"))
        probe->port = HTTPS_PORT;
}

static void check_dns(struct loader *loader, const config_setting_t *group, struct probe *probe)
{
    probe->dns.record = record_types[probe->dns.record];
    if (probe->type == PROBE_DNS && !config_setting_get_member(group, "query"))
        tell_key(loader, group, "query", "missing, a probe of type \"dns\" asks for a name");
}

static void check_exec(struct loader *loader, const config_setting_t *group, const struct probe *probe)
{
    const config_setting_t *command = config_setting_get_member(group, "command");
    if (probe->type != PROBE_EXEC)
        return;
    if (!command)
        tell_key(loader, group, "command", "missing, a probe of type \"exec\" runs one");
    if (probe->exec.word_count && probe->exec.command[0] && probe->exec.command[0][0] != '/')
        tell(loader, command, "\"%.80s\" is no path from /: nothing is searched for, and there is no shell", probe->exec.command[0]);
    for (size_t i = 0; i < probe->exec.word_count; i++)
        if (probe->exec.command[i])
            check_pattern(loader, command, probe->exec.command[i]);
}

static void check_push(struct loader *loader, const config_setting_t *group, struct probe *probe)
{
    const uint64_t thrice_ms = 3 * (uint64_t)probe->interval_ms;
    if (probe->push.expires_ms == 0)
        probe->push.expires_ms = (uint32_t)thrice_ms;
    if (probe->push.file)
        check_pattern(loader, config_setting_get_member(group, "file"), probe->push.file);
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
    check_keys(loader, group, probe);
    check_http(loader, group, probe);
    check_dns(loader, group, probe);
    check_exec(loader, group, probe);
    check_push(loader, group, probe);
    probe->speaks = ways_of(probe);
    declare(loader, SPACE_PROBE, "probe", probe->name, (uint32_t)(probe - loader->config->probes), group);
}

const struct table probe_table = {.path = "probes.NAME", TABLE_KEYS(probe_keys), .check = check_probe};
