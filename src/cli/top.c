#include "cli/top.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/memory.h"
#include "base/report.h"
#include "cli/connection.h"
#include "cli/screen.h"
#include "cli/show.h"
#include "cli/show_top.h"
#include "config/config.h"
#include "control/duration.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { DONE = 0, WRONG = 1, USAGE = 2, UNREACHABLE = 3 };
enum { ANSWER_S = 10, LEAST_INTERVAL_MS = 200, HEADING_LINES = 7, ROWS = 100 };

static const char default_socket[] = "/run/sipsteer/control.sock";
#define MOST "100" /* entries of each list */
static const char keys_line[] = "s services   c classes   t sites   r resolvers   q quit";

struct top {
    const char *config, *socket;
    char *path;     /* of the daemon's socket; owned */
    uint32_t looks; /* so many; 0: no end */
    uint64_t every_ms;
    enum top_view view;
    bool json, live; /* live: on the whole screen */
    json_t *before, *now;
    struct error err; /* why the last look failed */
};

static void print_usage(FILE *to)
{
    fputs(
        "usage: sipsteer [-c FILE | -s SOCKET] top [--by service|class|site|resolver] [--interval TIME] [-n COUNT] [--json]\n\n"
        "What is asked and answered, live: queries and answers a second by rcode, what is dropped, and the steered answers by service, by\n"
        "class of clients, by site (with calls, how full it is and its orders), or by client network. On a terminal it takes the whole\n"
        "screen; else it prints one picture after the other.\n\n"
        "      --by WHAT        what to show first; default: service\n"
        "      --interval TIME  how often to look: 500ms, 2s; at least 200ms, default: 1s\n"
        "  -n, --count COUNT    leave after so many looks\n"
        "      --json           one JSON object a look and line\n\n"
        "Keys: s services, c classes, t sites, r resolvers and other client networks, q quit.\n",
        to);
}

static int usage_error(const char *why)
{
    fprintf(stderr, "sipsteer top: %s\nTry sipsteer top --help\n", why);
    return USAGE;
}

static bool read_view(const char *word, enum top_view *ret_view)
{
    for (enum top_view view = 0; view < TOP_VIEWS; view++) {
        if (strcmp(word, top_view_words[view]) != 0)
            continue;
        *ret_view = view;
        return true;
    }
    return false;
}

/* NULL when all is well; "" to leave well. */
static const char *read_options(int argc, char **argv, struct top *top)
{
    enum { BY = 256, INTERVAL, JSON };
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"socket", required_argument, NULL, 's'},
                                            {"count", required_argument, NULL, 'n'},
                                            {"by", required_argument, NULL, BY},
                                            {"interval", required_argument, NULL, INTERVAL},
                                            {"json", no_argument, NULL, JSON},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *wrong = NULL;
    for (int option; (option = getopt_long(argc, argv, "c:s:n:h", options, NULL)) != -1 && !wrong;) {
        switch (option) {
        case 'c': top->config = optarg; break;
        case 's': top->socket = optarg; break;
        case 'n':
            wrong = decimal_parse(optarg, UINT32_MAX, &top->looks) && top->looks ? NULL : "-n takes a number of looks, at least 1";
            break;
        case BY: wrong = read_view(optarg, &top->view) ? NULL : "--by takes service, class, site or resolver"; break;
        case INTERVAL:
            wrong = duration_parse(optarg, &top->every_ms) && top->every_ms >= LEAST_INTERVAL_MS && top->every_ms <= 3600000
                        ? NULL
                        : "--interval takes a time from 200ms to 1h, as in 500ms or 2s";
            break;
        case JSON: top->json = true; break;
        case 'h': print_usage(stdout); return "";
        default: return "this is no option of it";
        }
    }
    if (!wrong && argc - optind > 1)
        wrong = "too many arguments";
    return wrong ? wrong : top->config && top->socket ? "-c and -s exclude each other" : NULL;
}

/* False: the configuration is unsound, which has been told. */
static bool find_daemon(struct top *top)
{
    const char *given = getenv("SIPSTEER_SOCKET");
    struct report report;
    if (!top->config) {
        top->path = mem_text(top->socket ? top->socket : given && *given ? given : default_socket);
        return true;
    }
    report_init(&report);
    struct config *config = config_load(top->config, &report);
    for (size_t i = 0; !config && i < report.count; i++)
        fprintf(stderr, "sipsteer: %s\n", report.findings[i].text);
    if (config)
        top->path = mem_text(config->server.control);
    config_unref(config);
    report_release(&report);
    return top->path != NULL;
}

/* The next look, or why there is none. */
static bool look(struct top *top)
{
    json_t *request = json_pack("{s:i, s:s, s:s}", "version", 1, "command", "top", "limit", MOST);
    json_t *reply = connection_ask(top->path, request, ANSWER_S, false, &top->err);
    json_decref(request);
    json_t *now = json_incref(json_object_get(reply, "top"));
    if (reply && !now)
        error_set(&top->err, "%s", text_of(reply, "error"));
    json_decref(reply);
    if (!now)
        return false;
    json_decref(top->before);
    top->before = top->now;
    top->now = now;
    top->err.text[0] = '\0';
    return true;
}

static void print_json(const struct top *top, const json_t *rates)
{
    json_t *line = json_copy(top->now);
    json_object_set(line, "rates", (json_t *)rates);
    json_dumpf(line, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(line);
}

static void paint(const struct top *top, const json_t *rates)
{
    char *text = NULL;
    size_t len = 0;
    const size_t lines = screen_lines();
    FILE *to = open_memstream(&text, &len);
    fprintf(to, "%s%s%s\n", top->err.text[0] ? "sipsteer: " : "", top->err.text[0] ? top->err.text : keys_line, "");
    show_top(top->now, rates, top->view, lines > HEADING_LINES + 1 ? lines - HEADING_LINES - 1 : 1, to);
    fclose(to);
    screen_show(text);
    free(text);
}

static void show(const struct top *top)
{
    json_t *rates = top_rates(top->before, top->now);
    if (top->json) {
        print_json(top, rates);
    } else if (top->live) {
        paint(top, rates);
    } else {
        show_top(top->now, rates, top->view, ROWS, stdout);
        putchar('\n');
    }
    fflush(stdout);
    json_decref(rates);
}

/* Until it is time for the next look; false: leave. */
static bool rest(struct top *top)
{
    static const char keys[TOP_VIEWS] = {'s', 'c', 't', 'r'};
    for (const uint64_t until_ms = clock_ms() + top->every_ms;;) {
        const uint64_t now_ms = clock_ms();
        const int key = screen_wait(until_ms > now_ms ? (unsigned)(until_ms - now_ms) : 0);
        if (key == SCREEN_TIME)
            return true;
        if (key == SCREEN_END || key == 'q')
            return false;
        for (enum top_view view = 0; view < TOP_VIEWS; view++)
            top->view = key == keys[view] ? view : top->view;
        if (top->live)
            show(top);
    }
}

/* A daemon that goes away is waited for on the screen; else the end is told. In lines each picture has rates, so there is none of the first look. */
static int watch(struct top *top)
{
    for (uint32_t done = 0;;) {
        if (top->live || top->before) {
            show(top);
            done++;
        }
        if ((top->looks && done >= top->looks) || !rest(top))
            return DONE;
        if (!look(top) && !top->live)
            return UNREACHABLE;
    }
}

int top_main(int argc, char **argv)
{
    struct top top = {.every_ms = 1000};
    const char *wrong = read_options(argc, argv, &top);
    if (wrong)
        return *wrong ? usage_error(wrong) : DONE;
    if (!find_daemon(&top))
        return WRONG;
    top.live = !top.json && screen_is_there();
    int code = look(&top) ? DONE : UNREACHABLE; /* before the screen is taken */
    if (code == DONE) {
        if (top.live)
            screen_open();
        code = watch(&top);
        if (top.live)
            screen_close();
    }
    if (code == UNREACHABLE)
        fprintf(stderr, "sipsteer: %s\n", top.err.text);
    json_decref(top.before);
    json_decref(top.now);
    free(top.path);
    return code;
}
