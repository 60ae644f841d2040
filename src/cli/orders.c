#include "cli/orders.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "base/memory.h"
#include "base/report.h"
#include "cli/connection.h"
#include "cli/show.h"
#include "cli/watch.h"
#include "config/config.h"
#include "control/duration.h"
#include "control/moment.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DONE = 0, WRONG = 1, USAGE = 2, UNREACHABLE = 3 };
enum { ANSWER_S = 300, QUICK_S = 10 };

static const char default_socket[] = "/run/sipsteer/control.sock";

/* What an order takes. */
enum { SWITCH = 1, REVERT = 2, TIMES = 4 /* --at, --until */, SPAN = 8 /* --for */ };

static const struct kind {
    const char *name, *words, *help;
    unsigned takes;
} kinds[] = {
    {"switch", " SELECTOR... --to SITE[,SITE...]|next",
     "sends callers to other sites. SELECTORs say whom it is about; several of one kind mean any of them, kinds must all hold:\n"
     "  all, SITE or site:NAME, region:NAME      whose callers: those of these sites go, and the sites become a last resort for them;\n"
     "                                           without a site or region all callers go to the named sites first\n"
     "  service:NAME, label:NAME                 of these services alone\n"
     "  country:FR, continent:EU, prefix:203.0.113.0/24   of clients there alone\n"
     "What will move is shown before it is asked for. It is refused when it would leave too little capacity.",
     SWITCH | TIMES | SPAN},
    {"revert", " [ID|last]", "undoes an order: the one with this number (sipsteer overrides), or the newest", REVERT},
    {"drain", " TARGET",
     "no new callers to TARGET, unless nothing else is left; a service: short TTLs. TARGET is SITE,\n"
     "SITE/HOST (the first labels of HOST are enough) or service:NAME",
     TIMES | SPAN},
    {"disable", " TARGET",
     "no callers to TARGET, also when all others are down. Where everything is disabled, the service's\n"
     "on_all_down decides. A service: no answer records",
     TIMES | SPAN},
    {"enable", " TARGET", "ends the orders on TARGET; with --for only for that time", SPAN},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

struct asked {
    const struct kind *kind;
    const char *config, *socket, *to, *at, *until, *span, *reason, *calls;
    bool json, yes, force, dry_run, check, watch, help;
    char **words;
    int word_count;
};

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

bool orders_knows(const char *command)
{
    return find_kind(command) != NULL;
}

static void print_help(const struct kind *kind)
{
    printf("usage: sipsteer [-c FILE | -s SOCKET] %s%s%s%s [--reason TEXT]\n       [--dry-run] %s[--calls N] [--force] [--watch] "
           "[--json]\n\n%s\n\n",
           kind->name, kind->words, kind->takes & TIMES ? " [--at TIME]" : "",
           kind->takes & TIMES  ? " [--for TIME | --until TIME]"
           : kind->takes & SPAN ? " [--for TIME]"
                                : "",
           kind->takes & (SWITCH | REVERT) ? "[--yes] " : "[--check] ", kind->help);
    if (kind->takes & TIMES)
        puts("      --at TIME      begin then: 22:00, 2026-11-22T22:00 (local time; with a Z at the end UTC) or +2h; default: now");
    if (kind->takes & SPAN)
        puts("      --for TIME     end by itself after this time: 90s, 30m, 1h30m, 2d");
    if (kind->takes & TIMES)
        puts("      --until TIME   end by itself then; as --at");
    puts("      --reason TEXT  why; shown wherever the order is\n"
         "      --dry-run      only show what would move");
    if (!(kind->takes & (SWITCH | REVERT)))
        puts("      --check        refuse it when it would leave too little capacity");
    else
        puts("      --yes          do not ask; needed where there is no terminal");
    puts("      --calls N      foretell for so many calls at a time; default: those that there are, else as many as all sites want "
         "together\n"
         "      --force        not refused for lack of capacity\n"
         "      --watch        show how it takes effect until it has settled, a line each second; on a terminal that is done anyway");
}

static int usage_error(const struct asked *asked, const char *text)
{
    fprintf(stderr, "sipsteer %s: %s\nTry sipsteer %s --help\n", asked->kind->name, text, asked->kind->name);
    return USAGE;
}

/* NULL when all is well. */
static const char *misfit(const struct asked *asked)
{
    const unsigned takes = asked->kind->takes;
    uint64_t span;
    uint32_t calls;
    if (asked->config && asked->socket)
        return "-c and -s exclude each other";
    if (asked->to && !(takes & SWITCH))
        return "it takes no --to";
    if (!asked->to && takes & SWITCH)
        return "--to SITE[,SITE...] or --to next is needed";
    if ((asked->at || asked->until) && !(takes & TIMES))
        return "it takes no --at and no --until";
    if (asked->span && !(takes & SPAN))
        return "it takes no --for";
    if (asked->span && asked->until)
        return "--for and --until exclude each other";
    if (asked->span && (!duration_parse(asked->span, &span) || span < 1000))
        return "--for takes a time of at least one second, as in 90s, 30m or 1h30m";
    if (asked->calls && (!decimal_parse(asked->calls, UINT32_MAX, &calls) || calls == 0))
        return "--calls takes a number of calls at a time";
    if (asked->check && takes & (SWITCH | REVERT))
        return "it takes no --check";
    if (asked->yes && !(takes & (SWITCH | REVERT)))
        return "it takes no --yes";
    if (takes & SWITCH)
        return asked->word_count ? NULL : "whom it is about is missing";
    if (asked->word_count > 1)
        return "too many arguments";
    return asked->word_count || takes & REVERT ? NULL : "an argument is missing";
}

static bool take_option(int option, struct asked *asked)
{
    switch (option) {
    case 'c': asked->config = optarg; break;
    case 's': asked->socket = optarg; break;
    case 'h': asked->help = true; break;
    case 't': asked->to = optarg; break;
    case 'a': asked->at = optarg; break;
    case 'u': asked->until = optarg; break;
    case 'f': asked->span = optarg; break;
    case 'r': asked->reason = optarg; break;
    case 'n': asked->calls = optarg; break;
    case 'j': asked->json = true; break;
    case 'y': asked->yes = true; break;
    case 'F': asked->force = true; break;
    case 'd': asked->dry_run = true; break;
    case 'C': asked->check = true; break;
    case 'w': asked->watch = true; break;
    default: return false;
    }
    return true;
}

static bool read_options(int argc, char **argv, struct asked *ret)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"socket", required_argument, NULL, 's'},
                                            {"to", required_argument, NULL, 't'},     {"at", required_argument, NULL, 'a'},
                                            {"until", required_argument, NULL, 'u'},  {"for", required_argument, NULL, 'f'},
                                            {"reason", required_argument, NULL, 'r'}, {"calls", required_argument, NULL, 'n'},
                                            {"json", no_argument, NULL, 'j'},         {"yes", no_argument, NULL, 'y'},
                                            {"force", no_argument, NULL, 'F'},        {"dry-run", no_argument, NULL, 'd'},
                                            {"check", no_argument, NULL, 'C'},        {"watch", no_argument, NULL, 'w'},
                                            {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "c:s:hy", options, NULL)) != -1;)
        if (!take_option(option, ret))
            return false;
    ret->kind = find_kind(argv[optind]);
    ret->words = argv + optind + 1;
    ret->word_count = argc - optind - 1;
    return true;
}

/* With blanks between words; those within one as %20. */
static char *join_words(char **words, int count)
{
    char *text = mem_text("");
    for (int i = 0; i < count; i++) {
        char *word = mem_text("");
        for (const char *at = words[i]; *at; at++) {
            char *longer = *at == ' ' ? mem_format("%s%%20", word) : mem_format("%s%c", word, *at);
            free(word);
            word = longer;
        }
        char *longer = mem_format("%s%s%s", text, i ? " " : "", word);
        free(word);
        free(text);
        text = longer;
    }
    return text;
}

static void add_text(json_t *request, const char *key, const char *text)
{
    if (text)
        json_object_set_new(request, key, json_string(text));
}

/* In the daemon's terms: by the time of this machine's zone. */
static bool add_moment(json_t *request, const char *key, const char *text)
{
    int64_t at_s;
    struct error err;
    if (!text)
        return true;
    if (!moment_parse(text, clock_wall_s(), &at_s, &err)) {
        fprintf(stderr, "sipsteer: --%s: %s\n", key, err.text);
        return false;
    }
    json_object_set_new(request, key, json_sprintf("@%lld", (long long)at_s));
    return true;
}

/* NULL: a time makes no sense, which is told. */
static json_t *make_request(const struct asked *asked)
{
    json_t *request = json_pack("{s:i, s:s}", "version", 1, "command", asked->kind->name);
    if (asked->kind->takes & REVERT) {
        add_text(request, "id", asked->word_count ? asked->words[0] : "last");
    } else {
        char *target = asked->kind->takes & SWITCH ? join_words(asked->words, asked->word_count) : mem_text(asked->words[0]);
        add_text(request, "target", target);
        free(target);
    }
    add_text(request, "to", asked->to);
    add_text(request, "for", asked->span);
    add_text(request, "reason", asked->reason);
    add_text(request, "calls", asked->calls);
    if (asked->force)
        json_object_set_new(request, "force", json_true());
    if (asked->check)
        json_object_set_new(request, "check", json_true());
    if (add_moment(request, "at", asked->at) && add_moment(request, "until", asked->until))
        return request;
    json_decref(request);
    return NULL;
}

static json_t *ask(const char *path, const json_t *request, unsigned answer_s)
{
    struct error err;
    json_t *reply = connection_ask(path, request, answer_s, false, &err);
    if (!reply)
        fprintf(stderr, "sipsteer: %s\n", err.text);
    return reply;
}

static bool is_ok(const json_t *reply)
{
    return json_is_true(json_object_get(reply, "ok"));
}

static void show_preview(const json_t *reply)
{
    json_t *told = json_object_get(reply, "preview");
    if (!told)
        return;
    json_t *as_asked = json_pack("{s:O}", "what_if", told);
    show_what_if(as_asked);
    json_decref(as_asked);
}

static void print_json(const json_t *reply)
{
    json_dumpf(reply, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
}

/* A heading of what is asked: "switch site:london to paris". */
static void show_heading(const json_t *reply, const struct asked *asked)
{
    const json_t *order = json_object_get(reply, asked->kind->takes & REVERT ? "reverted" : "order");
    const char *to = text_of(order, "to");
    printf("%s%s %s%s%s\n\n", asked->kind->takes & REVERT ? "undo " : "", text_of(order, "order"), text_of(reply, "target"),
           *to ? " to " : "", to);
}

/* Whether the user wants it, having seen what it does. */
static bool confirmed(const struct asked *asked, int *ret_code)
{
    char line[16] = "";
    if (asked->yes)
        return true;
    if (!isatty(STDIN_FILENO) || asked->json) {
        fputs("sipsteer: nothing has been ordered: there is no terminal to ask at; --yes orders it\n", stderr);
        *ret_code = USAGE;
        return false;
    }
    printf("\n%s? [y/N] ", asked->kind->takes & REVERT ? "Undo it" : "Order it");
    fflush(stdout);
    const bool yes = fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y');
    if (!yes)
        puts("nothing has been ordered");
    *ret_code = WRONG;
    return yes;
}

/* Shows what it would do. True: go on. */
static bool foresee(const struct asked *asked, const char *path, const json_t *request, int *ret_code)
{
    json_t *first = json_copy((json_t *)request);
    json_object_set_new(first, "dry_run", json_true());
    json_t *reply = ask(path, first, ANSWER_S);
    json_decref(first);
    *ret_code = !reply ? UNREACHABLE : is_ok(reply) ? DONE : WRONG;
    if (!reply)
        return false;
    if (asked->json && (asked->dry_run || !is_ok(reply))) {
        print_json(reply);
    } else if (!is_ok(reply)) {
        fprintf(stderr, "sipsteer: %s\n", text_of(reply, "error"));
    } else if (!asked->json) {
        show_heading(reply, asked);
        show_preview(reply);
    }
    const char *refused = text_of(reply, "refused");
    const bool would_not = *refused && !(asked->kind->takes & REVERT), good = is_ok(reply);
    if (good && *refused)
        fprintf(stderr, "%s: %s\n", would_not ? "sipsteer: refused, unless with --force" : "warning", refused);
    if (good && would_not)
        *ret_code = WRONG;
    json_decref(reply);
    return good && !asked->dry_run && !would_not && confirmed(asked, ret_code);
}

static double real_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* Of an order that has not been foreseen: whether the calls that there really are find room. */
static void warn_of_lack(const char *path)
{
    struct error err;
    json_t *request = json_pack("{s:i, s:s, s:s}", "version", 1, "command", "what-if", "what", "nothing"), *site;
    json_t *reply = connection_ask(path, request, QUICK_S, false, &err);
    const json_t *told = json_object_get(reply, "what_if");
    size_t i;
    if (strcmp(text_of(told, "calls_by"), "measured") == 0 && real_of(told, "calls_without_site") >= 0.5)
        fprintf(stderr, "warning: %.0f calls will find no site\n", real_of(told, "calls_without_site"));
    json_array_foreach(json_object_get(told, "sites"), i, site)
    {
        const json_t *then = json_object_get(site, "then");
        if (strcmp(text_of(told, "calls_by"), "measured") == 0 && strcmp(text_of(then, "level"), "past max") == 0)
            fprintf(stderr, "warning: %s comes to %.0f calls, %.0f %% of what it can take (max %lld %%)\n", text_of(site, "site"),
                    real_of(then, "calls"), real_of(then, "percent"), number_of(site, "max_percent"));
    }
    json_decref(reply);
    json_decref(request);
}

static int order(const struct asked *asked, const char *path, const json_t *request)
{
    const bool slow = asked->kind->takes & SWITCH || asked->check;
    json_t *reply = ask(path, request, slow ? ANSWER_S : QUICK_S);
    if (!reply)
        return UNREACHABLE;
    const bool ok = is_ok(reply);
    if (asked->json) {
        print_json(reply);
    } else if (ok) {
        show_order(reply);
    } else {
        show_preview(reply);
        fprintf(stderr, "sipsteer: %s\n", text_of(reply, "error"));
    }
    const bool holds_back = asked->kind->takes == (TIMES | SPAN) && !asked->at && !asked->check;
    if (ok && !asked->json && holds_back)
        warn_of_lack(path);
    if (ok && !asked->json && (asked->watch || isatty(STDOUT_FILENO)))
        watch_effect(path, reply, asked->watch || !isatty(STDOUT_FILENO));
    json_decref(reply);
    return ok ? DONE : WRONG;
}

/* The socket of the daemon with this configuration, to be freed; NULL with the findings printed. */
static char *socket_of(const char *config_path)
{
    struct report report;
    report_init(&report);
    struct config *config = config_load(config_path, &report);
    char *path = config ? mem_text(config->server.control) : NULL;
    for (size_t i = 0; !config && i < report.count; i++)
        fprintf(stderr, "sipsteer: %s\n", report.findings[i].text);
    config_unref(config);
    report_release(&report);
    return path;
}

static int run(const struct asked *asked)
{
    const char *given = getenv("SIPSTEER_SOCKET");
    char *path = asked->config ? socket_of(asked->config)
                               : mem_text(asked->socket     ? asked->socket
                                          : given && *given ? given
                                                            : default_socket);
    json_t *request = path ? make_request(asked) : NULL;
    int code = path ? USAGE : WRONG;
    const bool shown_first = asked->dry_run || (asked->kind->takes & (SWITCH | REVERT) && !(asked->yes && asked->json));
    if (request && (!shown_first || foresee(asked, path, request, &code)))
        code = order(asked, path, request);
    json_decref(request);
    free(path);
    return code;
}

int orders_main(int argc, char **argv)
{
    struct asked asked = {.words = NULL};
    if (!read_options(argc, argv, &asked))
        return USAGE;
    if (asked.help) {
        print_help(asked.kind);
        return DONE;
    }
    const char *wrong = misfit(&asked);
    return wrong ? usage_error(&asked, wrong) : run(&asked);
}
