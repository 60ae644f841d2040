#include "cli/watch.h"

#include "base/clock.h"
#include "base/memory.h"
#include "cli/connection.h"
#include "cli/show.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOK_S = 1, ANSWER_S = 10, CALLS_FEW = 2 /* percent of those that there were */ };

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static bool is_one_of(const json_t *names, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach(names, i, one) if (strcmp(json_string_value(one), name) == 0) return true;
    return false;
}

/* The calls that are measured at these sites; negative where that is not known, or no daemon answers. */
static double calls_at(const char *socket_path, const json_t *sites)
{
    struct error err;
    json_t *request = json_pack("{s:i, s:s}", "version", 1, "command", "load"), *site;
    json_t *reply = json_array_size(sites) ? connection_ask(socket_path, request, ANSWER_S, false, &err) : NULL;
    const json_t *list = json_object_get(json_object_get(reply, "load"), "sites");
    double calls = 0;
    size_t i, known = 0;
    json_array_foreach(list, i, site)
    {
        const json_t *at = json_object_get(site, "calls");
        if (!is_one_of(sites, text_of(site, "site")) || !json_is_number(at) || !json_is_number(json_object_get(site, "ratio")))
            continue;
        known++;
        calls += json_number_value(at);
    }
    json_decref(reply);
    json_decref(request);
    return known ? calls : -1;
}

static char *names_of(const json_t *sites)
{
    char *text = mem_text("");
    size_t i;
    json_t *one;
    json_array_foreach(sites, i, one)
    {
        char *more = i < 3    ? mem_format("%s%s%s", text, i ? ", " : "", json_string_value(one))
                     : i == 3 ? mem_format("%s ...", text)
                              : mem_text(text);
        free(text);
        text = more;
    }
    return text;
}

struct look {
    double seconds, ttl_s, calls, before; /* calls: negative: not known */
    const char *places;
};

static void print_look(const struct look *look, bool lines)
{
    const double part = look->ttl_s > 0 ? look->seconds / look->ttl_s : 1;
    printf("%s%4.0f s: %3.0f %% of the answers that are kept anywhere have been asked for anew (TTL %.0f s)", lines ? "" : "\r",
           look->seconds, 100 * (part < 1 ? part : 1), look->ttl_s);
    if (look->calls >= 0)
        printf("; %.0f of %.0f calls still at %s", look->calls, look->before, look->places);
    fputs(lines ? "\n" : "   ", stdout);
    fflush(stdout);
}

static bool has_settled(const struct look *look)
{
    if (look->seconds < look->ttl_s)
        return false;
    return look->calls < 1 || look->calls * 100 <= look->before * CALLS_FEW;
}

static void rest(void)
{
    const struct timespec second = {.tv_sec = LOOK_S};
    nanosleep(&second, NULL);
}

void watch_effect(const char *socket_path, const json_t *reply, bool lines)
{
    const json_t *effect = json_object_get(reply, "effect"), *sites = json_object_get(effect, "sites");
    if (!effect || json_is_true(json_object_get(json_object_get(reply, "order"), "planned")))
        return;
    struct sigaction catch = {.sa_handler = on_interrupt}, before;
    sigaction(SIGINT, &catch, &before);
    char *places = names_of(sites);
    struct look look = {.ttl_s = (double)number_of(effect, "ttl_s"), .places = places};
    const uint64_t begin_ms = clock_ms();
    const bool leaving = json_is_true(json_object_get(effect, "leaving"));
    look.calls = look.before = leaving ? calls_at(socket_path, sites) : -1;
    for (;;) {
        look.seconds = (double)(clock_ms() - begin_ms) / 1000;
        print_look(&look, lines);
        if (interrupted || has_settled(&look))
            break;
        rest();
        if (leaving && look.calls >= 0)
            look.calls = calls_at(socket_path, sites);
    }
    puts(interrupted ? "\nleft alone; the order stays as it is" : lines ? "settled" : "\nsettled");
    sigaction(SIGINT, &before, NULL);
    free(places);
}
