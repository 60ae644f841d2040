#include "cli/drill.h"

#include "base/memory.h"
#include "cli/connection.h"
#include "cli/daemon.h"
#include "cli/show.h"
#include "cli/show_drills.h"
#include "control/duration.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_PASSED = 0, EXIT_NOT = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };
enum { ANSWER_S = 60, PATIENCE = 30 /* looks that find no daemon */ };

struct arguments {
    const char *config, *socket, *span, *reason;
    bool dry_run, yes, json, help;
    char **words; /* drill ... */
    int word_count;
};

static void print_help(FILE *to)
{
    fputs("usage: sipsteer [-c FILE | -s SOCKET] drill fail SITE --for TIME [--reason TEXT] [--dry-run] [--yes] [--json]\n"
          "       sipsteer [-c FILE | -s SOCKET] drill stop [--json]\n"
          "       sipsteer [-c FILE | -s SOCKET] drills [ID] [--json]\n\n"
          "drill fail: steering takes SITE for failed, for TIME; the site itself runs on. It tells first what will move, and asks. Then it "
          "waits,\n"
          "and prints the report. The drill ends by itself, also when this command or the daemon ends. It does not begin when the other "
          "sites\n"
          "cannot take the calls, or while anything is wrong already, and ends early when another site fails or comes past its max.\n"
          "drill stop: ends the one that is running. drills: the reports, newest first; or the one with this ID.\n\n"
          "      --for TIME     how long: 90s, 5m, 1h\n"
          "      --reason TEXT  why; shown wherever the drill is\n"
          "      --dry-run      only tell what would move, and whether a drill could begin now\n"
          "      --yes          do not ask\n\n"
          "Exit: 0 passed (or done), 1 refused, failed, stopped or aborted, 2 usage, 3 no daemon answers.\n",
          to);
}

static int usage(const char *why)
{
    fprintf(stderr, "sipsteer drill: %s\nTry sipsteer drill --help\n", why);
    return EXIT_USAGE;
}

static void print_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
}

/* Takes the request. NULL when no daemon answers, which is told unless quiet. */
static json_t *ask(const char *socket, json_t *request, bool quiet)
{
    struct error err;
    json_t *reply = connection_ask(socket, request, ANSWER_S, false, &err);
    json_decref(request);
    if (!reply && !quiet)
        fprintf(stderr, "sipsteer: %s\n", err.text);
    return reply;
}

/* The exit code of a reply that says no; -1: it says yes. */
static int refused(const struct arguments *args, const json_t *reply)
{
    if (!reply)
        return EXIT_UNREACHABLE;
    if (json_is_true(json_object_get(reply, "ok")))
        return -1;
    if (args->json)
        print_json(reply);
    else
        fprintf(stderr, "sipsteer: %s\n", text_of(reply, "error"));
    return EXIT_NOT;
}

static json_t *drill_request(const struct arguments *args, bool dry_run)
{
    json_t *request = json_pack("{s:i, s:s, s:s, s:s, s:b}", "version", 1, "command", "drill", "target", args->words[2], "for", args->span,
                                "dry_run", (int)dry_run);
    if (args->reason)
        json_object_set_new(request, "reason", json_string(args->reason));
    return request;
}

static bool agreed(const struct arguments *args)
{
    char line[16];
    printf("\nTake %s for failed for %s? [y/N] ", args->words[2], args->span);
    fflush(stdout);
    return fgets(line, sizeof line, stdin) && (strcmp(line, "y\n") == 0 || strcmp(line, "yes\n") == 0);
}

static bool is_running(const json_t *report)
{
    return strcmp(text_of(report, "result"), "running") == 0;
}

static void tell_progress(const json_t *report)
{
    if (!isatty(STDERR_FILENO))
        return;
    char *text = is_running(report) ? drill_progress(report) : mem_text("");
    fprintf(stderr, "\r\033[K%s", text);
    fflush(stderr);
    free(text);
}

/* The report of a drill that is over (a reference); NULL: the daemon is gone for long, or does not know it any more. */
static json_t *wait_for(const char *socket, const char *id)
{
    for (unsigned silent = 0; silent < PATIENCE; sleep(1)) {
        json_t *reply = ask(socket, json_pack("{s:i, s:s, s:s}", "version", 1, "command", "drills", "id", id), true);
        json_t *report = json_incref(json_object_get(reply, "drill"));
        json_decref(reply);
        silent = report ? 0 : silent + 1;
        if (report)
            tell_progress(report);
        if (report && !is_running(report))
            return report;
        json_decref(report);
    }
    return NULL;
}

static int follow(const struct arguments *args, const char *socket, const json_t *begun)
{
    char *id = mem_text(text_of(json_object_get(begun, "drill"), "id"));
    if (!args->json)
        printf("drill %s has begun; it ends by itself, or with sipsteer drill stop\n", id);
    fflush(stdout);
    json_t *report = wait_for(socket, id);
    const bool passed = strcmp(text_of(report, "result"), "passed") == 0;
    if (!report)
        fprintf(stderr, "sipsteer: the daemon does not answer any more; the drill ends by itself (sipsteer drills %s)\n", id);
    else if (args->json)
        print_json(report);
    else
        show_drill(report);
    free(id);
    if (!report)
        return EXIT_UNREACHABLE;
    json_decref(report);
    return passed ? EXIT_PASSED : EXIT_NOT;
}

static int begin(const struct arguments *args, const char *socket)
{
    json_t *reply = ask(socket, drill_request(args, false), false);
    int code = refused(args, reply);
    if (code < 0)
        code = follow(args, socket, reply);
    json_decref(reply);
    return code;
}

static int fail_site(const struct arguments *args, const char *socket)
{
    json_t *reply = ask(socket, drill_request(args, true), false);
    const int code = refused(args, reply);
    if (code < 0 && !args->json)
        show_what_if(reply);
    else if (code < 0 && args->dry_run)
        print_json(reply);
    json_decref(reply);
    if (code >= 0 || args->dry_run)
        return code >= 0 ? code : EXIT_PASSED;
    if (!args->yes && !agreed(args)) {
        puts("nothing was done");
        return EXIT_NOT;
    }
    return begin(args, socket);
}

static int ask_and_show(const struct arguments *args, const char *socket, json_t *request)
{
    json_t *reply = ask(socket, request, false);
    const int code = refused(args, reply);
    if (code < 0 && args->json)
        print_json(reply);
    else if (code < 0 && json_object_get(reply, "drill"))
        show_drill(json_object_get(reply, "drill"));
    else if (code < 0)
        show_drills(reply);
    json_decref(reply);
    return code < 0 ? EXIT_PASSED : code;
}

static const char *misfit(const struct arguments *args)
{
    uint64_t span;
    const bool list = strcmp(args->words[0], "drills") == 0;
    const bool fail = !list && args->word_count > 1 && strcmp(args->words[1], "fail") == 0;
    const bool stop = !list && args->word_count > 1 && strcmp(args->words[1], "stop") == 0;
    if (args->config && args->socket)
        return "-c and -s exclude each other";
    if (!list && !fail && !stop)
        return "fail or stop was expected";
    if (fail && args->word_count != 3)
        return args->word_count > 3 ? "too many arguments" : "a site is missing";
    if (args->word_count > 2 && !fail)
        return "too many arguments";
    if (!fail && (args->span || args->reason || args->dry_run || args->yes))
        return "--for, --reason, --dry-run and --yes go with drill fail";
    if (fail && (!args->span || !duration_parse(args->span, &span) || span < 1000))
        return "--for takes a time of at least one second, as in 90s, 5m or 1h";
    if (fail && !args->yes && !args->dry_run && (args->json || !isatty(STDIN_FILENO)))
        return "nobody is there to be asked: give --yes";
    return NULL;
}

static int run(const struct arguments *args)
{
    const char *wrong = misfit(args);
    if (wrong)
        return usage(wrong);
    char *socket = daemon_socket(args->config, args->socket);
    if (!socket)
        return EXIT_NOT;
    json_t *request = NULL;
    if (strcmp(args->words[0], "drills") == 0) {
        request = json_pack("{s:i, s:s}", "version", 1, "command", "drills");
        if (args->word_count > 1)
            json_object_set_new(request, "id", json_string(args->words[1]));
    } else if (strcmp(args->words[1], "stop") == 0) {
        request = json_pack("{s:i, s:s}", "version", 1, "command", "drill-stop");
    }
    const int code = request ? ask_and_show(args, socket, request) : fail_site(args, socket);
    free(socket);
    return code;
}

int drill_main(int argc, char **argv)
{
    enum { FOR = 256, REASON, DRY_RUN, YES, JSON };
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},    {"socket", required_argument, NULL, 's'}, {"for", required_argument, NULL, FOR},
        {"reason", required_argument, NULL, REASON}, {"dry-run", no_argument, NULL, DRY_RUN},  {"yes", no_argument, NULL, YES},
        {"json", no_argument, NULL, JSON},           {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    struct arguments args = {0};
    for (int option; (option = getopt_long(argc, argv, "c:s:h", options, NULL)) != -1;) {
        switch (option) {
        case 'c': args.config = optarg; break;
        case 's': args.socket = optarg; break;
        case FOR: args.span = optarg; break;
        case REASON: args.reason = optarg; break;
        case DRY_RUN: args.dry_run = true; break;
        case YES: args.yes = true; break;
        case JSON: args.json = true; break;
        case 'h': args.help = true; break;
        default: print_help(stderr); return EXIT_USAGE;
        }
    }
    args.words = argv + optind;
    args.word_count = argc - optind;
    if (args.help) {
        print_help(stdout);
        return EXIT_PASSED;
    }
    return run(&args);
}
