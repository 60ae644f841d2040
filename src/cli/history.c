#include "cli/history.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/memory.h"
#include "cli/connection.h"
#include "cli/show_history.h"
#include "config/config.h"
#include "control/duration.h"
#include "control/history.h"
#include "control/wall_time.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DONE = 0, WRONG = 1, USAGE = 2, UNREACHABLE = 3 };
enum { SHOWN = 50, ANSWER_S = 30, FOLLOW_MS = 500 };

static const char default_socket[] = "/run/sipsteer/control.sock";

struct asked {
    const char *config, *socket;
    struct history_query query; /* limit: of all pages together */
    bool follow, json;
    char *path;           /* of the daemon's socket; owned */
    struct config *files; /* where no daemon answers; NULL: it is asked */
};

static void print_usage(FILE *to)
{
    fprintf(
        to,
        "usage: sipsteer [-c FILE | -s SOCKET] history [--since TIME] [--until TIME] [--kind KIND,...] [--target TEXT] [--who NAME]\n"
        "       [-n N] [--follow] [--json]\n\n"
        "What has happened, the newest last: orders, reloads, verdicts, alarms, logins, starts and stops. Where no daemon answers, -c "
        "FILE\n"
        "reads the audit file of that configuration.\n\n"
        "      --since TIME     not before: an age (2h, 3d) or a time (2026-03-01T08:15:00Z; without Z local time: \"2026-03-01 08:15\")\n"
        "      --until TIME     not after\n"
        "      --kind KIND,...  only these: start, stop, order, ended, reload, geo, zone, verdict, site, load, alarm, login, drill\n"
        "      --target TEXT    only those whose target holds this text\n"
        "      --who NAME       only what this user or token did\n"
        "  -n, --count N        so many, the newest; default: %d, with --since or --until all\n"
        "  -f, --follow         go on with what happens from now on\n"
        "      --json           one JSON object a line, as in the audit file\n",
        SHOWN);
}

static int usage_error(const char *format, const char *what)
{
    fputs("sipsteer history: ", stderr);
    fprintf(stderr, format, what);
    fputs("\nTry sipsteer history --help\n", stderr);
    return USAGE;
}

/* An age, or a moment. */
static bool read_time(const char *text, int64_t *ret_ms)
{
    uint64_t age_ms;
    if (!duration_parse(text, &age_ms))
        return wall_time_parse(text, ret_ms);
    *ret_ms = clock_wall_ms() - (int64_t)age_ms;
    return true;
}

static bool read_count(const char *text, size_t *ret_count)
{
    uint32_t count = 0;
    const bool sound = decimal_parse(text, UINT32_MAX, &count) && count > 0;
    *ret_count = count;
    return sound;
}

/* False: leave with *ret_code. */
static bool take_option(int option, const char *value, struct asked *asked, int *ret_code)
{
    struct error err;
    *ret_code = USAGE;
    switch (option) {
    case 'c': asked->config = value; return true;
    case 's': asked->socket = value; return true;
    case 'S': return read_time(value, &asked->query.after_ms) || usage_error("--since takes an age or a time, not \"%s\"", value) == DONE;
    case 'U': return read_time(value, &asked->query.until_ms) || usage_error("--until takes an age or a time, not \"%s\"", value) == DONE;
    case 'n': return read_count(value, &asked->query.limit) || usage_error("-n takes a number from 1, not \"%s\"", value) == DONE;
    case 'k': asked->query.kinds = value; return history_kinds_sound(value, &err) || usage_error("--kind: %s", err.text) == DONE;
    case 't': asked->query.target = value; return true;
    case 'w': asked->query.who = value; return true;
    case 'f': asked->follow = true; return true;
    case 'j': asked->json = true; return true;
    case 'h':
        print_usage(stdout);
        *ret_code = DONE;
        return false;
    default: print_usage(stderr); return false;
    }
}

/* False: leave with *ret_code. */
static bool read_arguments(int argc, char **argv, struct asked *asked, int *ret_code)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"socket", required_argument, NULL, 's'}, {"since", required_argument, NULL, 'S'},
        {"until", required_argument, NULL, 'U'},  {"kind", required_argument, NULL, 'k'},   {"target", required_argument, NULL, 't'},
        {"who", required_argument, NULL, 'w'},    {"count", required_argument, NULL, 'n'},  {"follow", no_argument, NULL, 'f'},
        {"json", no_argument, NULL, 'j'},         {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    history_query_init(&asked->query);
    asked->query.limit = 0;
    for (int option; (option = getopt_long(argc, argv, "c:s:n:fh", options, NULL)) != -1;)
        if (!take_option(option, optarg, asked, ret_code))
            return false;
    *ret_code = USAGE;
    if (argc - optind != 1)
        return usage_error("%s", "too many arguments") == DONE;
    if (asked->config && asked->socket)
        return usage_error("%s", "-c and -s exclude each other") == DONE;
    if (asked->query.limit == 0)
        asked->query.limit = asked->query.after_ms == INT64_MIN && asked->query.until_ms == INT64_MAX ? SHOWN : SIZE_MAX;
    return true;
}

static void add_text(json_t *request, const char *key, const char *text)
{
    if (text)
        json_object_set_new(request, key, json_string(text));
}

static void add_time(json_t *request, const char *key, int64_t at_ms)
{
    char text[WALL_TIME_TEXT];
    if (at_ms != INT64_MIN && at_ms != INT64_MAX)
        add_text(request, key, wall_time_format(at_ms, text));
}

static void add_number(json_t *request, const char *key, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    add_text(request, key, text);
}

/* One page; since UINT64_MAX: backwards. The reply's "history" (a reference), or NULL and *ret_code (told, but for UNREACHABLE). */
static json_t *ask_page(const struct asked *asked, const struct history_query *query, uint64_t since, struct error *err, int *ret_code)
{
    json_t *request = json_pack("{s:i, s:s}", "version", 1, "command", "history");
    if (since != UINT64_MAX)
        add_number(request, "since", since);
    else if (query->before != UINT64_MAX)
        add_number(request, "before", query->before);
    add_number(request, "limit", query->limit < HISTORY_LIMIT_MOST ? query->limit : HISTORY_LIMIT_MOST);
    add_text(request, "kind", query->kinds);
    add_text(request, "target", query->target);
    add_text(request, "who", query->who);
    add_time(request, "after", query->after_ms);
    add_time(request, "until", query->until_ms);
    json_t *reply = connection_ask(asked->path, request, ANSWER_S, false, err);
    json_decref(request);
    json_t *told = json_incref(json_object_get(reply, "history"));
    *ret_code = told ? DONE : reply ? WRONG : UNREACHABLE;
    if (reply && !told)
        fprintf(stderr, "sipsteer: %s\n", json_string_value(json_object_get(reply, "error")));
    json_decref(reply);
    return told;
}

static uint64_t number_of_event(const json_t *event)
{
    return (uint64_t)json_integer_value(json_object_get(event, "id"));
}

/* What has been found so far, newest first. */
struct found {
    json_t *events;
    uint64_t last, unsound; /* last: where following goes on */
};

/* True: the page has reached what is known already. */
static bool take_page(struct found *found, const json_t *page, uint64_t known, size_t limit)
{
    const json_t *events = json_object_get(page, "events");
    for (size_t i = json_array_size(events); i > 0 && json_array_size(found->events) < limit; i--) {
        json_t *event = json_array_get(events, i - 1);
        if (number_of_event(event) <= known)
            return true;
        json_array_append(found->events, event);
    }
    found->unsound += (uint64_t)json_integer_value(json_object_get(page, "unsound"));
    return false;
}

/* Page by page back to the event `known`. */
static int collect(const struct asked *asked, uint64_t known, struct found *found, struct error *err)
{
    struct history_query query = asked->query;
    for (;;) {
        int code;
        query.limit = asked->query.limit - json_array_size(found->events);
        json_t *page = ask_page(asked, &query, UINT64_MAX, err, &code);
        if (!page)
            return code;
        if (query.before == UINT64_MAX)
            found->last = (uint64_t)json_integer_value(json_object_get(page, "last"));
        const uint64_t next = (uint64_t)json_integer_value(json_object_get(page, "next"));
        const bool over = take_page(found, page, known, asked->query.limit) || !json_is_true(json_object_get(page, "more")) ||
                          next >= query.before || next <= known || json_array_size(found->events) >= asked->query.limit;
        json_decref(page);
        if (over)
            return DONE;
        query.before = next;
    }
}

static int read_files(const struct asked *asked, struct found *found, struct error *err)
{
    const struct audit_config *audit = &asked->files->audit;
    struct history history;
    history_init(&history, &asked->query);
    const bool done = history_read(&history, &asked->query, audit->file, audit->keep, SIZE_MAX, err);
    json_array_extend(found->events, history.events);
    found->unsound = history.unsound;
    history_release(&history);
    return done ? DONE : WRONG;
}

static void print_found(const struct asked *asked, struct found *found)
{
    show_events(found->events, asked->json);
    if (found->unsound)
        fprintf(stderr, "warning: %llu lines of the audit file cannot be read and are left out\n", (unsigned long long)found->unsound);
    json_array_clear(found->events);
    found->unsound = 0;
}

static void pause_ms(unsigned ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000}, NULL);
}

/* One look at what is new; where memory does not reach back, page by page. */
static int look(const struct asked *asked, struct found *found, struct error *err)
{
    int code = DONE;
    const uint64_t known = found->last;
    struct history_query query = asked->query;
    query.limit = HISTORY_LIMIT_MOST;
    json_t *page = ask_page(asked, &query, known, err, &code);
    if (!page)
        return code;
    found->last = (uint64_t)json_integer_value(json_object_get(page, "last"));
    if (json_is_true(json_object_get(page, "gap")))
        code = collect(asked, known, found, err);
    else
        take_page(found, page, known, SIZE_MAX);
    json_decref(page);
    return code == WRONG ? WRONG : DONE;
}

/* Until it is interrupted. A daemon that restarts is waited for. */
static int follow(struct asked *asked, struct found *found)
{
    bool waiting = false;
    asked->query.limit = SIZE_MAX;
    asked->query.until_ms = INT64_MAX;
    for (;;) {
        struct error err;
        const int code = look(asked, found, &err);
        print_found(asked, found);
        fflush(stdout);
        if (code == UNREACHABLE && !waiting)
            fprintf(stderr, "sipsteer: %s; waiting for it\n", err.text);
        if (code == WRONG || ferror(stdout))
            return WRONG;
        waiting = code == UNREACHABLE;
        pause_ms(FOLLOW_MS);
    }
}

/* False: the configuration is unsound, which is told. */
static bool find_daemon(struct asked *asked)
{
    const char *given = getenv("SIPSTEER_SOCKET");
    struct report report;
    if (!asked->config) {
        asked->path = mem_text(asked->socket ? asked->socket : given && *given ? given : default_socket);
        return true;
    }
    report_init(&report);
    asked->files = config_load(asked->config, &report);
    for (size_t i = 0; !asked->files && i < report.count; i++)
        fprintf(stderr, "sipsteer: %s\n", report.findings[i].text);
    report_release(&report);
    asked->path = asked->files ? mem_text(asked->files->server.control) : NULL;
    return asked->files != NULL;
}

static int answer(struct asked *asked)
{
    struct error err;
    struct found found = {.events = json_array()};
    int code = collect(asked, 0, &found, &err);
    if (code == UNREACHABLE && asked->files && !asked->follow)
        code = read_files(asked, &found, &err);
    if (code == UNREACHABLE || (code == WRONG && asked->files))
        fprintf(stderr, "sipsteer: %s%s\n", err.text, asked->files || asked->socket ? "" : "; -c FILE reads the audit file");
    if (code == DONE) {
        print_found(asked, &found);
        fflush(stdout);
    }
    if (code == DONE && asked->follow)
        code = follow(asked, &found);
    json_decref(found.events);
    return code;
}

int history_main(int argc, char **argv)
{
    struct asked asked = {0};
    int code;
    if (!read_arguments(argc, argv, &asked, &code))
        return code;
    code = find_daemon(&asked) ? answer(&asked) : WRONG;
    config_unref(asked.files);
    free(asked.path);
    return code;
}
