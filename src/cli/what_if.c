#include "cli/what_if.h"

#include "base/memory.h"
#include "base/progress.h"
#include "cli/connection.h"
#include "cli/progress_line.h"
#include "cli/show.h"
#include "control/control.h"
#include "cli/text_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_HOLDS = 0, EXIT_FAILS = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };
enum { ANSWER_S = 300 };

struct asked {
    const struct what_if_arguments *args;
    struct supposed_files *files; /* NULL: the daemon is asked */
};

/* NULL when no daemon answers, which is told. */
static json_t *ask_once(const struct asked *asked, const char *what, const char *sites)
{
    const struct what_if_arguments *args = asked->args;
    if (asked->files)
        return control_what_if(asked->files, what, sites, args->calls);
    json_t *request = json_pack("{s:i, s:s, s:s}", "version", 1, "command", "what-if", "what", what);
    if (sites)
        json_object_set_new(request, "sites", json_string(sites));
    if (args->calls)
        json_object_set_new(request, "calls", json_string(args->calls));
    struct error err;
    json_t *reply = connection_ask(args->socket, request, ANSWER_S, false, &err);
    json_decref(request);
    if (!reply) {
        progress_line_end();
        fprintf(stderr, "sipsteer: %s\n", err.text);
    }
    return reply;
}

static void print(const struct what_if_arguments *args, const json_t *reply, void (*tell)(const json_t *))
{
    if (args->json) {
        json_dumpf(reply, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        putchar('\n');
        return;
    }
    show_findings(reply);
    if (json_is_true(json_object_get(reply, "ok")))
        tell(reply);
    else
        fprintf(stderr, "sipsteer: %s\n", text_of(reply, "error"));
}

static bool holds(const json_t *reply)
{
    return json_is_true(json_object_get(json_object_get(reply, "what_if"), "holds"));
}

static int ask_sites(const struct asked *asked)
{
    const struct what_if_arguments *args = asked->args;
    char *sites = mem_text("");
    for (int i = 1; i < args->word_count; i++)
        sites = text_list_add(sites, " ", mem_text(args->words[i]));
    progress_line_begin(asked->files ? NULL : args->socket);
    json_t *reply = ask_once(asked, args->words[0], *sites ? sites : NULL);
    progress_line_end();
    free(sites);
    if (!reply)
        return EXIT_UNREACHABLE;
    print(args, reply, show_what_if);
    const int code = holds(reply) ? EXIT_HOLDS : EXIT_FAILS;
    json_decref(reply);
    return code;
}

/* What one failing site does, in short. */
static json_t *summary_of(const char *site, const json_t *told)
{
    static const char *const kept[] = {
        "holds",       "sites_past_max", "calls_past_max", "sites_past_target", "calls_past_target", "calls_without_site",
        "moved_calls", "moved_percent",  "farther_km",     "farther_p99_km"};
    json_t *one = json_pack("{s:s}", "site", site), *other;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        json_object_set(one, kept[i], json_object_get(told, kept[i]));
    double fullest = -1;
    size_t i;
    json_array_foreach(json_object_get(told, "sites"), i, other)
    {
        const json_t *then = json_object_get(other, "then");
        const double percent = json_number_value(json_object_get(then, "percent"));
        if (!json_object_get(then, "percent") || percent <= fullest)
            continue;
        fullest = percent;
        json_object_set_new(one, "fullest", json_string(text_of(other, "site")));
        json_object_set_new(one, "fullest_percent", json_real(percent));
    }
    return one;
}

static double real_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static int by_harm(const void *a, const void *b)
{
    static const char *const keys[] = {"calls_without_site", "calls_past_max", "calls_past_target", "fullest_percent", "moved_calls"};
    const json_t *const *x = a, *const *y = b;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (real_of(*x, keys[i]) != real_of(*y, keys[i]))
            return real_of(*x, keys[i]) < real_of(*y, keys[i]) ? 1 : -1;
    return strcmp(text_of(*x, "site"), text_of(*y, "site"));
}

static json_t *sorted(json_t *list)
{
    const size_t count = json_array_size(list);
    json_t **all = mem_new(count + 1, sizeof *all), *in_order = json_array();
    for (size_t i = 0; i < count; i++)
        all[i] = json_array_get(list, i);
    qsort(all, count, sizeof *all, by_harm);
    for (size_t i = 0; i < count; i++)
        json_array_append(in_order, all[i]);
    free(all);
    json_decref(list);
    return in_order;
}

/* Takes base, whose sites it is about. NULL when the daemon has gone. */
static json_t *ask_each(const struct asked *asked, json_t *base)
{
    const json_t *told = json_object_get(base, "what_if"), *sites = json_object_get(told, "sites");
    json_t *list = json_array(), *site;
    size_t i;
    progress_line_begin(NULL);
    progress_begin("letting one site after the other fail", json_array_size(sites));
    json_array_foreach(sites, i, site)
    {
        progress_step(i);
        json_t *reply = ask_once(asked, "fail", text_of(site, "site"));
        if (!json_is_true(json_object_get(reply, "ok"))) { /* a reload has come between */
            progress_line_end();
            json_decref(base);
            json_decref(list);
            return reply;
        }
        json_array_append_new(list, summary_of(text_of(site, "site"), json_object_get(reply, "what_if")));
        json_decref(reply);
    }
    progress_line_end();
    json_t *whole = json_pack("{s:i, s:b, s:O, s:O, s:O}", "version", 1, "ok", 1, "weighed_by", json_object_get(told, "weighed_by"),
                              "calls_by", json_object_get(told, "calls_by"), "calls", json_object_get(told, "calls"));
    json_object_set_new(whole, "each", sorted(list));
    json_decref(base);
    return whole;
}

static int try_each(const struct asked *asked)
{
    json_t *reply = ask_once(asked, "nothing", NULL);
    if (json_is_true(json_object_get(reply, "ok")))
        reply = ask_each(asked, reply);
    if (!reply)
        return EXIT_UNREACHABLE;
    print(asked->args, reply, show_each);
    const json_t *worst = json_array_get(json_object_get(reply, "each"), 0);
    size_t i, failing = json_is_true(json_object_get(reply, "ok")) && worst ? 0 : 1;
    json_t *one;
    json_array_foreach(json_object_get(reply, "each"), i, one) failing += !json_is_true(json_object_get(one, "holds"));
    json_decref(reply);
    return failing ? EXIT_FAILS : EXIT_HOLDS;
}

static int usage(const char *why)
{
    fprintf(stderr, "sipsteer what-if: %s\nTry sipsteer what-if --help\n", why);
    return EXIT_USAGE;
}

int what_if_run(const struct what_if_arguments *args)
{
    static const char *const known[] = {"each", "nothing", "fail", "drain", "capacity"};
    size_t what = 0;
    while (what < sizeof known / sizeof *known && (args->word_count == 0 || strcmp(known[what], args->words[0]) != 0))
        what++;
    if (what == sizeof known / sizeof *known)
        return usage("fail, drain, capacity, each or nothing was expected");
    if (what < 2 && args->word_count > 1)
        return usage("it takes no sites");
    if (what >= 2 && args->word_count < 2)
        return usage("a site is missing");
    struct asked asked = {.args = args};
    json_t *unsound = NULL;
    if (args->config) {
        progress_line_begin(NULL);
        asked.files = control_suppose(args->config, &unsound);
        progress_line_end();
    }
    if (args->config && !asked.files) {
        print(args, unsound, NULL);
        json_decref(unsound);
        return EXIT_FAILS;
    }
    const int code = what == 0 ? try_each(&asked) : ask_sites(&asked);
    control_suppose_end(asked.files);
    return code;
}
