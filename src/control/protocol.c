#include "control/protocol.h"

#include "base/decimal.h"
#include "control/duration.h"
#include "model/override.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TARGET = 1,
    REASON = 2,
    FOR = 4,
    NAME = 8,
    TYPE = 16,
    CLIENT = 32,
    VALUE = 64,
    UNIT = 128,
    CONFIG = 256,
    MAX_MOVE = 512,
    WHAT = 1024,
    SITES = 2048,
    CALLS = 4096,
    VERDICT = 8192,
    DETAIL = 16384,
    PROBE = 32768,
    SINCE = 1 << 16,
    BEFORE = 1 << 17,
    LIMIT = 1 << 18,
    KIND = 1 << 19,
    WHO = 1 << 20,
    AFTER = 1 << 21,
    UNTIL = 1 << 22,
    TO = 1 << 23,
    AT = 1 << 24,
    ID = 1 << 25,
    DRY_RUN = 1 << 26,
    FORCE = 1 << 27,
    CHECK = 1 << 28,
    SITE = 1 << 29,
    SWITCHES = DRY_RUN | FORCE | CHECK, /* true or false */
    ORDER = TARGET | REASON | FOR | AT | UNTIL | CALLS | SWITCHES
};

static const double LOAD_MOST = 1e12;

static const struct key {
    const char *text;
    unsigned bit;
    size_t max; /* octets */
} keys[] = {{"target", TARGET, TARGET_TEXT - 1},
            {"reason", REASON, REASON_TEXT - 1},
            {"for", FOR, 32},
            {"name", NAME, 1024},
            {"type", TYPE, 32},
            {"client", CLIENT, 64},
            {"value", VALUE, 32},
            {"unit", UNIT, 16},
            {"config", CONFIG, 4096},
            {"max_move", MAX_MOVE, 32},
            {"what", WHAT, 32},
            {"sites", SITES, 32768},
            {"calls", CALLS, 32},
            {"verdict", VERDICT, 16},
            {"detail", DETAIL, 1024},
            {"probe", PROBE, 63},
            {"since", SINCE, 20},
            {"before", BEFORE, 20},
            {"limit", LIMIT, 20},
            {"kind", KIND, 256},
            {"who", WHO, 256},
            {"after", AFTER, 40},
            {"until", UNTIL, 40},
            {"to", TO, TO_TEXT - 1},
            {"at", AT, 40},
            {"id", ID, 95},
            {"dry_run", DRY_RUN, 0},
            {"force", FORCE, 0},
            {"check", CHECK, 0},
            {"site", SITE, 63}};
enum { KEYS = sizeof keys / sizeof *keys };

static const struct form {
    const char *text;
    unsigned needed, allowed; /* keys */
} forms[] = {
    [COMMAND_STATUS] = {"status", 0, 0},
    [COMMAND_SITES] = {"sites", 0, 0},
    [COMMAND_ZONES] = {"zones", 0, 0},
    [COMMAND_ENDPOINTS] = {"endpoints", 0, SITE},
    [COMMAND_DEMAND] = {"demand", 0, 0},
    [COMMAND_CHECKS] = {"checks", 0, 0},
    [COMMAND_EXPLAIN] = {"explain", NAME | TYPE | CLIENT, NAME | TYPE | CLIENT},
    [COMMAND_LOAD] = {"load", 0, SITE},
    [COMMAND_PUSH_LOAD] = {"push-load", TARGET | VALUE, TARGET | VALUE | UNIT | FOR},
    [COMMAND_DRAIN] = {"drain", TARGET, ORDER},
    [COMMAND_DISABLE] = {"disable", TARGET, ORDER},
    [COMMAND_ENABLE] = {"enable", TARGET, TARGET | REASON | FOR | CALLS | SWITCHES},
    [COMMAND_SWITCH] = {"switch", TARGET | TO, ORDER | TO},
    [COMMAND_REVERT] = {"revert", ID, ID | REASON | CALLS | SWITCHES},
    [COMMAND_OVERRIDES] = {"overrides", 0, 0},
    [COMMAND_PLAN] = {"plan", 0, CONFIG},
    [COMMAND_WHAT_IF] = {"what-if", WHAT, WHAT | SITES | CALLS},
    [COMMAND_RELOAD] = {"reload", 0, MAX_MOVE},
    [COMMAND_STOP] = {"stop", 0, 0},
    [COMMAND_ALERTS] = {"alerts", 0, 0},
    [COMMAND_TEST_HOOK] = {"test-hook", NAME, NAME},
    [COMMAND_HISTORY] = {"history", 0, SINCE | BEFORE | LIMIT | KIND | TARGET | WHO | AFTER | UNTIL},
    [COMMAND_TOP] = {"top", 0, LIMIT},
    [COMMAND_PROGRESS] = {"progress", 0, 0},
    [COMMAND_PUSH] = {"push", TARGET | VERDICT, TARGET | VERDICT | FOR | DETAIL | PROBE},
    [COMMAND_OVERVIEW] = {"overview", 0, 0},
    [COMMAND_PUBLIC_STATUS] = {"public-status", 0, 0},
    [COMMAND_METRICS] = {"metrics", 0, 0},
    [COMMAND_DRILL] = {"drill", TARGET | FOR, TARGET | FOR | REASON | DRY_RUN},
    [COMMAND_DRILL_STOP] = {"drill-stop", 0, 0},
    [COMMAND_DRILLS] = {"drills", 0, ID},
};
_Static_assert(sizeof forms / sizeof *forms == COMMAND_COUNT, "a form for each command");

const char *command_text(enum command command)
{
    return forms[command].text;
}

static bool find_command(const json_t *root, enum command *ret_command, struct error *err)
{
    const char *text = json_string_value(json_object_get(root, "command"));
    if (!text)
        return error_set(err, "\"command\" is missing");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(forms[i].text, text) == 0) {
            *ret_command = (enum command)i;
            return true;
        }
    return error_set(err, "there is no command \"%.40s\"", text);
}

/* Orders are logged and shown on terminals: no control characters. */
static bool printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

/* Texts that are numbers. */
struct figures {
    const char *span, *max_move, *calls;
};

static const char **slot(struct request *request, unsigned bit, struct figures *figures)
{
    switch (bit) {
    case TARGET: return &request->target;
    case REASON: return &request->reason;
    case NAME: return &request->name;
    case TYPE: return &request->type;
    case UNIT: return &request->unit;
    case CLIENT: return &request->client;
    case VERDICT: return &request->verdict;
    case DETAIL: return &request->detail;
    case PROBE: return &request->probe;
    case SITE: return &request->site;
    case CONFIG: return &request->config;
    case TO: return &request->to;
    case AT: return &request->at;
    case ID: return &request->id;
    case SINCE: return &request->since;
    case BEFORE: return &request->before;
    case LIMIT: return &request->limit;
    case KIND: return &request->kind;
    case WHO: return &request->who;
    case AFTER: return &request->after;
    case UNTIL: return &request->until;
    case MAX_MOVE: return &figures->max_move;
    case WHAT: return &request->what;
    case SITES: return &request->sites;
    case CALLS: return &figures->calls;
    default: return &figures->span;
    }
}

/* A number, or a text that is one. */
static bool take_value(struct request *request, const json_t *value, struct error *err)
{
    char *end = "";
    const char *text = json_string_value(value);
    request->value = text ? strtod(text, &end) : json_number_value(value);
    const bool number = text ? *text && !*end && strspn(text, "0123456789.eE+-") == strlen(text) : json_is_number(value);
    if (!number || !(request->value >= 0 && request->value <= LOAD_MOST))
        return error_set(err, "\"value\" must be a number from 0 to %.0e", LOAD_MOST);
    return true;
}

static bool take_switch(struct request *request, const struct key *key, const json_t *value, struct error *err)
{
    if (!json_is_boolean(value))
        return error_set(err, "\"%s\" must be true or false", key->text);
    *(key->bit == DRY_RUN ? &request->dry_run : key->bit == FORCE ? &request->force : &request->check) = json_is_true(value);
    return true;
}

static bool take_key(struct request *request, const char *name, const json_t *value, unsigned *given, struct figures *figures,
                     struct error *err)
{
    const struct form *form = &forms[request->command];
    if (strcmp(name, "command") == 0)
        return true;
    if (strcmp(name, "version") == 0)
        return json_integer_value(value) == PROTOCOL_VERSION || error_set(err, "\"version\" must be %d", PROTOCOL_VERSION);
    size_t i = 0;
    while (i < KEYS && strcmp(keys[i].text, name) != 0)
        i++;
    if (i == KEYS || !(form->allowed & keys[i].bit))
        return error_set(err, "\"%s\" takes no \"%.40s\"", form->text, name);
    *given |= keys[i].bit;
    if (keys[i].bit == VALUE)
        return take_value(request, value, err);
    if (keys[i].bit & SWITCHES)
        return take_switch(request, &keys[i], value, err);
    const char *text = json_string_value(value);
    if (!text || strlen(text) > keys[i].max || !printable(text))
        return error_set(err, "\"%s\" must be a text of at most %zu octets without control characters", name, keys[i].max);
    *given |= keys[i].bit;
    *slot(request, keys[i].bit, figures) = text;
    return true;
}

static bool take_for(struct request *request, const char *text, struct error *err)
{
    if (!text)
        return true;
    if (!duration_parse(text, &request->for_ms) || request->for_ms < 1000)
        return error_set(err, "\"for\" must be a time of at least one second, as in \"30m\" or \"1h30m\"");
    return true;
}

static bool take_figures(struct request *request, const struct figures *figures, struct error *err)
{
    request->max_move = -1;
    if (figures->max_move && !percent_parse(figures->max_move, &request->max_move))
        return error_set(err, "\"max_move\" must be a share from 0 to 100 percent, as in \"20%%\"");
    uint32_t calls = 0;
    if (figures->calls && (!decimal_parse(figures->calls, UINT32_MAX, &calls) || calls == 0))
        return error_set(err, "\"calls\" must be a number of calls at a time, as in \"500\"");
    request->calls = calls;
    return take_for(request, figures->span, err);
}

static bool take_keys(struct request *request, struct error *err)
{
    const char *name;
    struct figures figures = {NULL, NULL, NULL};
    json_t *value;
    unsigned given = 0;
    json_object_foreach(request->root, name, value) if (!take_key(request, name, value, &given, &figures, err)) return false;
    const unsigned missing = forms[request->command].needed & ~given;
    for (size_t i = 0; i < KEYS; i++)
        if (missing & keys[i].bit)
            return error_set(err, "\"%s\" needs \"%s\"", forms[request->command].text, keys[i].text);
    return take_figures(request, &figures, err);
}

bool request_parse(const char *line, size_t len, struct request *ret_request, struct error *err)
{
    json_error_t why;
    *ret_request = (struct request){.reason = "", .detail = "", .root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why)};
    if (!ret_request->root)
        return error_set(err, "not JSON: %s", why.text);
    if (!json_is_object(ret_request->root))
        error_set(err, "a request is a JSON object");
    else if (find_command(ret_request->root, &ret_request->command, err) && take_keys(ret_request, err))
        return true;
    request_release(ret_request);
    return false;
}

void request_release(struct request *request)
{
    json_decref(request->root);
    *request = (struct request){0};
}

json_t *reply_ok(void)
{
    return json_pack("{s:i, s:b}", "version", PROTOCOL_VERSION, "ok", 1);
}

json_t *reply_error(const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_t *shown = json_string(text);
    if (!shown) /* cut inside a character, or not UTF-8 at all */
        shown = json_string("the error text is not UTF-8");
    return json_pack("{s:i, s:b, s:o}", "version", PROTOCOL_VERSION, "ok", 0, "error", shown);
}

json_t *findings_json(const struct report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->count; i++) {
        const struct finding *at = &report->findings[i];
        json_t *text = json_string(at->text);
        json_array_append_new(list, json_pack("{s:s, s:o}", "severity", at->severity == SEVERITY_ERROR ? "error" : "warning", "text",
                                              text ? text : json_string("(a finding that is not UTF-8)")));
    }
    return list;
}
