/* sipsteer, the operator's tool. A map of it:
 *
 *   main.c        arguments -> a command of the table below -> a request, or files read as the daemon would (control/control.h)
 *   connection.c  one request and its reply over the admin socket
 *   delegation.c  the parent's records for a zone, and a check of them (delegation/)
 *   what_if.c     predictions, one or one for each site
 *   show*.c       the reply as tables; --json prints it as it came
 *   keys*.c       the keys of signed zones, in their files
 *   orders.c      switches and other orders: what they would do, the order, and (watch.c) how it takes effect
 *   history.c     what has happened, from the daemon or from the audit file
 *   token.c       who may do what over HTTP
 *   top.c         live: what is asked and answered (screen.c: the terminal)
 *   progress_line.c  what is waited for, on a terminal
 *   drill.c       drills: begun, followed to their end, listed
 *   simulate.c    scenarios in virtual time (sim/)
 */
#include "base/decimal.h"
#include "base/report.h"
#include "cli/connection.h"
#include "cli/daemon.h"
#include "cli/delegation.h"
#include "cli/history.h"
#include "cli/drill.h"
#include "cli/keys.h"
#include "cli/orders.h"
#include "cli/progress_line.h"
#include "cli/show.h"
#include "cli/test_hook.h"
#include "cli/top.h"
#include "cli/what_if.h"
#include "cli/simulate.h"
#include "cli/token.h"
#include "config/config.h"
#include "control/control.h"
#include "control/duration.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_DONE = 0, EXIT_WRONG = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };
enum { QUICK_S = 10, RELOAD_S = 300 };

struct arguments {
    const char *config, *socket, *client, *reason, *span, *unit, *from, *max_move, *calls, *detail, *probe;
    bool json, help;
    struct delegation_arguments delegation;
    char **words; /* after the command */
    int word_count;
};

enum {
    TAKES_CLIENT = 1,
    TAKES_ORDER = 2 /* orders.c reads what it takes */,
    ALONE = 4 /* needs no daemon at all */,
    TAKES_SERVERS = 8,    /* --check and whom to ask */
    TAKES_FILE = 16,      /* -c is another configuration than the daemon's; --from */
    TAKES_BOUND = 32,     /* --max-move */
    TAKES_VALUE = 64,     /* TARGET VALUE, --unit, --for */
    TAKES_CALLS = 128,    /* --calls; any number of words */
    TAKES_REPORT = 256,   /* --for, --detail, --probe */
    TAKES_HOOK = 1 << 20, /* its name */
};

static const struct command {
    const char *name, *words; /* how they are called in the usage */
    int word_count;
    unsigned takes;
    const char *help;
    void (*show)(const json_t *reply);
} commands[] = {
    {"status", "", 0, 0, "how the daemon is: what is loaded, counters, alarms (any alarm: exit 1), orders", show_status},
    {"sites", "", 0, 0, "every site: how much of it is up, its order", show_sites},
    {"zones", "", 0, 0, "every zone: serial, where it comes from, who has been told of it and who has fetched it last", show_zones},
    {"endpoints", "", 0, 0, "every endpoint: verdict, since when, and what its probes saw", show_endpoints},
    {"demand", "", 0, 0, "who asks: answers a second by service, nearest site and place, and the networks that ask most", show_demand},
    {"checks", "", 0, 0, "every check that sites depend on: verdict, since when, and what its failure takes", show_checks},
    {"explain", " NAME TYPE", 2, TAKES_CLIENT,
     "the answer that a client gets to the question NAME TYPE, and why each endpoint is or is not in it;\n"
     "with -c of the files alone (no endpoint probed), otherwise as the daemon answers now",
     show_explain},
    {"load", "", 0, 0, "how full every site, endpoint and cluster is, how old that is, and what its sources tell", show_load},
    {"push-load", " TARGET VALUE", 2, TAKES_VALUE,
     "tells the load of TARGET (SITE, SITE/HOST or CLUSTER), which has a source of type \"push\"; without --for\n"
     "it counts for three of the source's intervals",
     show_push},
    {"switch", " SELECTOR... --to SITE[,SITE...]|next", 0, TAKES_ORDER | ALONE, "sends callers to other sites (sipsteer switch --help)",
     NULL},
    {"drain", " TARGET", 1, TAKES_ORDER | ALONE, "no new callers to TARGET, unless nothing else is left (sipsteer drain --help)", NULL},
    {"disable", " TARGET", 1, TAKES_ORDER | ALONE, "no callers to TARGET, also when all others are down (sipsteer disable --help)", NULL},
    {"enable", " TARGET", 1, TAKES_ORDER | ALONE, "ends the orders on TARGET (sipsteer enable --help)", NULL},
    {"revert", " [ID|last]", 0, TAKES_ORDER | ALONE, "undoes an order (sipsteer revert --help)", NULL},
    {"push", " HOST VERDICT", 2, TAKES_REPORT,
     "tells the daemon how the endpoint HOST is: up, draining or down. HOST is as in drain; it needs a probe of\n"
     "type push. A report holds until it expires; then the endpoint counts as down",
     show_report},
    {"overrides", "", 0, 0, "the orders: by whom, why, until when", show_overrides},
    {"plan", "", 0, TAKES_FILE,
     "what a reload would do to clients: how many would move, from which site to which, and how much farther; of the configuration\n"
     "that the daemon reads, as its files are now, or of the one given with -c. With --from of two configurations, without a daemon",
     show_plan},
    {"what-if", " fail|drain SITE... | capacity SITE=CALLS... | each | nothing", 0, TAKES_CALLS,
     "where calls would be if sites failed, were drained or could take so many: the load of every site, who moves where, how much\n"
     "farther. each: every site fails in turn (N+1), the worst first. With -c of the files alone, otherwise as the daemon knows things.\n"
     "Exit 1 when a site would be past its max",
     NULL},
    {"alerts", "", 0, 0, "what is wrong now, with the daemon and with the world, and whether the hooks have been told", show_alerts},
    {"test-hook", " NAME", 1, TAKES_HOOK, "tells the hook NAME a test, and whether it got there", NULL},
    {"history", "", 0, ALONE, "what has happened: orders, reloads, verdicts, alarms (sipsteer history --help)", NULL},
    {"top", "", 0, ALONE, "what is asked and answered, live: by service, class of clients, site, client network (sipsteer top --help)",
     NULL},
    {"metrics", "", 0, 0, "all metrics in the Prometheus text format, as /metrics gives them", show_metrics},
    {"drill", " fail SITE --for TIME [--reason TEXT] [--dry-run] [--yes] | stop", 0, ALONE,
     "takes a site for failed, for steering alone and for a time, watches, and writes a report (sipsteer drill --help)", NULL},
    {"drills", " [ID]", 0, ALONE, "the reports of drills, or one of them (sipsteer drill --help)", NULL},
    {"reload", "", 0, TAKES_BOUND, "reads configuration, zones and geo data anew; on an error all stays as it was", NULL},
    {"check", "", 0, ALONE, "reads all that the daemon would read at a start, and prints everything wrong", NULL},
    {"delegation", " ZONE", 1, ALONE | TAKES_SERVERS,
     "prints the records that the parent zone must hold of ZONE: NS, glue, DS; with --check asks the parent's\n"
     "servers and the zone's own and says what is wrong (exit 1)",
     NULL},
    {"keys", " ZONE VERB", 2, ALONE, "the keys of a signed zone: list, generate, ds, roll, ds-seen (sipsteer keys --help)", NULL},
    {"simulate", " SCENARIO", 1, ALONE,
     "plays what happens to sites and calls in virtual time, under this configuration (sipsteer simulate --help)", NULL},
    {"token", " VERB", 1, ALONE, "who may do what over HTTP: new, list, remove (sipsteer token --help)", NULL},
    {"stop", "", 0, 0, "stops the daemon and waits until it has", NULL},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static const char default_config[] = "/etc/sipsteer/sipsteer.conf";

static void print_options(FILE *to, unsigned takes)
{
    fputs(takes & TAKES_CLIENT ? " --client ADDR[/LEN]" : "", to);
    fputs(takes & TAKES_ORDER ? " [--reason TEXT] ..." : "", to);
    fputs(takes & TAKES_VALUE ? " [--unit calls|cps|percent] [--for TIME]" : "", to);
    fputs(takes & TAKES_FILE ? " [-c NEW.conf [--from OLD.conf]]" : "", to);
    fputs(takes & TAKES_CALLS ? " [--calls N]" : "", to);
    fputs(takes & TAKES_BOUND ? " [--max-move PERCENT]" : "", to);
    fputs(takes & TAKES_REPORT ? " [--for TIME] [--detail TEXT] [--probe NAME]" : "", to);
    fputs(takes & TAKES_SERVERS ? " [--check [--resolver ADDR] [--parent ADDR,...] [--server NAME=ADDR]...]" : "", to);
}

static void print_usage(FILE *to)
{
    fputs("usage: sipsteer [-c FILE | -s SOCKET] COMMAND [ARGUMENTS] [--json]\n"
          "       sipsteer COMMAND --help\n"
          "       sipsteer --help | --version\n\n"
          "  -c, --config FILE    the daemon with this configuration (its server.control)\n"
          "  -s, --socket SOCKET  the daemon at this socket; default: $SIPSTEER_SOCKET, else /run/sipsteer/control.sock\n"
          "      --json           print the reply as JSON\n\n",
          to);
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(to, "  %s%s", commands[i].name, commands[i].words);
        print_options(to, commands[i].takes);
        putc('\n', to);
    }
    fputs("\nExit: 0 done, 1 refused or found wrong, 2 usage, 3 no daemon answers.\n", to);
}

static void print_help(const struct command *command)
{
    printf("usage: sipsteer [-c FILE%s] %s%s", command->takes & ALONE ? "" : " | -s SOCKET", command->name, command->words);
    print_options(stdout, command->takes);
    printf(" [--json]\n\n%s\n", command->help);
    if (command->takes & TAKES_CLIENT)
        puts("\n      --client ADDR[/LEN]  the caller's network, as a resolver would give it (EDNS client subnet), or its resolver");
    if (command->takes & TAKES_VALUE)
        puts("\n      --unit UNIT  which of its sources is meant, if there are several: calls, cps or percent\n"
             "      --for TIME   how long this counts at most: 30s, 5m; in full for the first half of it, then less and less");
    if (command->takes & TAKES_REPORT)
        puts("\n      --for TIME     how long it holds: 90s, 30m; default: the probe's expires\n"
             "      --detail TEXT  shown by endpoints\n"
             "      --probe NAME   for this probe of the endpoint alone");
    if (command->takes & TAKES_SERVERS)
        puts("\n      --check             ask, and say what is wrong\n"
             "      --resolver ADDR     the resolver that knows the parent zone; default: the system's (/etc/resolv.conf)\n"
             "      --parent ADDR,...   the parent zone's servers; default: found by the resolver\n"
             "      --server NAME=ADDR  ask the name server NAME here, before its name or address is known to all\n"
             "ADDR may have a port: 192.0.2.1:5300, [2001:db8::1]:5300.");
    if (command->takes & TAKES_FILE)
        puts("\n  -c, --config NEW.conf  the configuration to come; the daemon is the one at -s SOCKET, else that of NEW.conf's "
             "server.control\n"
             "      --from OLD.conf    compare with this one instead of what a daemon has; both are read here");
    if (command->takes & TAKES_CALLS)
        puts("\n      --calls N  so many calls at a time in all; default: as many as all sites want together (their targets)");
    if (command->takes & TAKES_BOUND)
        puts("\n      --max-move PERCENT  refuse it if more of the clients would move to another site (see sipsteer plan); default: no "
             "bound");
    if (command->takes & ALONE)
        printf("\n  -c, --config FILE  default: %s\n", default_config);
}

static int usage_error(const char *format, const char *what)
{
    fputs("sipsteer: ", stderr);
    fprintf(stderr, format, what);
    fputs("\nTry sipsteer --help\n", stderr);
    return EXIT_USAGE;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* What the command does not take is an error, never ignored. NULL when all is well. */
static const char *misfit(const struct command *command, const struct arguments *args)
{
    uint64_t span;
    double percent;
    uint32_t calls;
    if (args->config && args->socket && (!(command->takes & TAKES_FILE) || args->from))
        return args->from ? "with --from it reads files; it takes no -s" : "-c and -s exclude each other";
    if (args->from && (!(command->takes & TAKES_FILE) || !args->config))
        return command->takes & TAKES_FILE ? "--from OLD.conf goes with -c NEW.conf" : "it takes no --from";
    if (args->max_move && !(command->takes & TAKES_BOUND))
        return "it takes no --max-move";
    if (args->max_move && !percent_parse(args->max_move, &percent))
        return "--max-move takes a share from 0 to 100 percent, as in 20%";
    if (args->calls && (!(command->takes & TAKES_CALLS) || !decimal_parse(args->calls, UINT32_MAX, &calls) || calls == 0))
        return command->takes & TAKES_CALLS ? "--calls takes a number of calls at a time" : "it takes no --calls";
    if (args->word_count != command->word_count && !(command->takes & TAKES_CALLS))
        return args->word_count > command->word_count ? "too many arguments" : "an argument is missing";
    if (args->client && !(command->takes & TAKES_CLIENT))
        return "it takes no --client";
    if (args->span && !(command->takes & (TAKES_VALUE | TAKES_REPORT)))
        return "it takes no --for";
    if (args->reason)
        return "it takes no --reason";
    if (args->unit && !(command->takes & TAKES_VALUE))
        return "it takes no --unit";
    if ((args->detail || args->probe) && !(command->takes & TAKES_REPORT))
        return "it takes no --detail and no --probe";
    if (!args->client && command->takes & TAKES_CLIENT)
        return "--client ADDR[/LEN] is needed";
    if (args->span && (!duration_parse(args->span, &span) || span < 1000))
        return "--for takes a time of at least one second, as in 90s, 30m or 1h30m";
    if (args->socket && command->takes & ALONE)
        return "it reads files; it takes no -s";
    const struct delegation_arguments *asked = &args->delegation;
    const bool whom = asked->resolver || asked->parents || asked->server_count > 0;
    if ((asked->check || whom) && !(command->takes & TAKES_SERVERS))
        return "it takes no --check, --resolver, --parent and --server";
    if (whom && !asked->check)
        return "--resolver, --parent and --server go with --check";
    return NULL;
}

/* The daemon may stand in another folder. */
static void add_path(json_t *request, const char *path)
{
    char *whole = realpath(path, NULL);
    json_object_set_new(request, "config", json_string(whole ? whole : path));
    free(whole);
}

static json_t *make_request(const struct command *command, const struct arguments *args)
{
    json_t *request = json_pack("{s:i, s:s}", "version", 1, "command", command->name);
    if (command->takes & TAKES_CLIENT) {
        json_object_set_new(request, "name", json_string(args->words[0]));
        json_object_set_new(request, "type", json_string(args->words[1]));
        json_object_set_new(request, "client", json_string(args->client));
    }
    if (command->takes & TAKES_REPORT)
        json_object_set_new(request, "verdict", json_string(args->words[1]));
    if (args->detail)
        json_object_set_new(request, "detail", json_string(args->detail));
    if (args->probe)
        json_object_set_new(request, "probe", json_string(args->probe));
    if (command->takes & (TAKES_VALUE | TAKES_REPORT))
        json_object_set_new(request, "target", json_string(args->words[0]));
    if (command->takes & TAKES_VALUE)
        json_object_set_new(request, "value", json_string(args->words[1]));
    if (args->unit)
        json_object_set_new(request, "unit", json_string(args->unit));
    if (command->takes & TAKES_FILE && args->config)
        add_path(request, args->config);
    if (args->max_move)
        json_object_set_new(request, "max_move", json_string(args->max_move));
    if (args->span)
        json_object_set_new(request, "for", json_string(args->span));
    return request;
}

static int show(const struct command *command, const struct arguments *args, const json_t *reply)
{
    const bool ok = json_is_true(json_object_get(reply, "ok"));
    const bool alarmed = json_array_size(json_object_get(json_object_get(reply, "status"), "alarms")) > 0;
    if (args->json) {
        json_dumpf(reply, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        putchar('\n');
    } else {
        show_findings(reply);
        if (!ok)
            fprintf(stderr, "sipsteer: %s\n", text_of(reply, "error"));
        if (!ok && json_object_get(reply, "plan")) /* of a reload that was refused for it */
            show_plan(reply);
        if (!ok)
            return EXIT_WRONG;
        if (command->show)
            command->show(reply);
        else
            puts("done");
    }
    return ok && !alarmed ? EXIT_DONE : EXIT_WRONG;
}

static int test_hook(const struct arguments *args)
{
    char *path = daemon_socket(args->config, args->socket);
    const int code = path ? test_hook_run(path, args->words[0], args->json) : EXIT_WRONG;
    free(path);
    return code;
}

static int ask_daemon(const struct command *command, const struct arguments *args)
{
    char *path = daemon_socket(args->config, args->socket);
    if (!path)
        return EXIT_WRONG;
    const bool stop = strcmp(command->name, "stop") == 0;
    const bool loads = command->takes & (TAKES_CLIENT | TAKES_FILE | TAKES_BOUND); /* waits for files to be read */
    struct error err;
    json_t *request = make_request(command, args);
    if (loads)
        progress_line_begin(path);
    json_t *reply = connection_ask(path, request, loads ? RELOAD_S : QUICK_S, stop, &err);
    progress_line_end();
    json_decref(request);
    free(path);
    if (!reply) {
        fprintf(stderr, "sipsteer: %s\n", err.text);
        return EXIT_UNREACHABLE;
    }
    const int code = show(command, args, reply);
    json_decref(reply);
    return code;
}

static int show_delegation(const struct arguments *args, const char *path)
{
    struct delegation_arguments asked = args->delegation;
    asked.config = path;
    asked.zone = args->words[0];
    asked.json = args->json;
    return delegation_run(&asked);
}

static int plan_files(const struct command *command, const struct arguments *args)
{
    progress_line_begin(NULL);
    json_t *reply = control_plan(args->from, args->config);
    progress_line_end();
    const int code = show(command, args, reply);
    json_decref(reply);
    return code;
}

static int read_files(const struct command *command, const struct arguments *args)
{
    const char *path = args->config ? args->config : default_config;
    if (command->takes & TAKES_SERVERS)
        return show_delegation(args, path);
    if (command->takes & TAKES_FILE)
        return plan_files(command, args);
    const bool check = command->takes & ALONE;
    progress_line_begin(NULL);
    json_t *reply = check
                        ? control_check(path)
                        : control_explain(path, &(struct question){.name = args->words[0], .type = args->words[1], .client = args->client});
    progress_line_end();
    if (check && !args->json)
        return control_print_checked(reply);
    const int code = show(command, args, reply);
    json_decref(reply);
    return code;
}

static int foresee(const struct arguments *args)
{
    char *socket = daemon_socket(NULL, args->socket);
    const int code = what_if_run(&(struct what_if_arguments){.config = args->config,
                                                             .socket = socket,
                                                             .calls = args->calls,
                                                             .words = args->words,
                                                             .word_count = args->word_count,
                                                             .json = args->json});
    free(socket);
    return code;
}

static int run(const struct command *command, const struct arguments *args)
{
    const char *wrong = misfit(command, args);
    if (wrong) {
        fprintf(stderr, "sipsteer %s: %s\nTry sipsteer %s --help\n", command->name, wrong, command->name);
        return EXIT_USAGE;
    }
    if (command->takes & TAKES_CALLS)
        return foresee(args);
    if (command->takes & TAKES_HOOK)
        return test_hook(args);
    const bool alone = command->takes & ALONE || (command->takes & TAKES_CLIENT && args->config) || args->from;
    return alone ? read_files(command, args) : ask_daemon(command, args);
}

/* False: leave with *ret_code. */
static bool read_options(int argc, char **argv, struct arguments *ret_args, int *ret_code)
{
    enum { CLIENT = 256, FOR, REASON, JSON, VERSION, CHECK, RESOLVER, PARENT, SERVER, UNIT, FROM, MAX_MOVE, CALLS, DETAIL, PROBE };
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"socket", required_argument, NULL, 's'},
                                            {"client", required_argument, NULL, CLIENT},
                                            {"for", required_argument, NULL, FOR},
                                            {"reason", required_argument, NULL, REASON},
                                            {"json", no_argument, NULL, JSON},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, VERSION},
                                            {"unit", required_argument, NULL, UNIT},
                                            {"check", no_argument, NULL, CHECK},
                                            {"resolver", required_argument, NULL, RESOLVER},
                                            {"parent", required_argument, NULL, PARENT},
                                            {"server", required_argument, NULL, SERVER},
                                            {"from", required_argument, NULL, FROM},
                                            {"max-move", required_argument, NULL, MAX_MOVE},
                                            {"calls", required_argument, NULL, CALLS},
                                            {"detail", required_argument, NULL, DETAIL},
                                            {"probe", required_argument, NULL, PROBE},
                                            {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "c:s:h", options, NULL)) != -1;) {
        switch (option) {
        case 'c': ret_args->config = optarg; break;
        case 's': ret_args->socket = optarg; break;
        case CLIENT: ret_args->client = optarg; break;
        case FOR: ret_args->span = optarg; break;
        case REASON: ret_args->reason = optarg; break;
        case UNIT: ret_args->unit = optarg; break;
        case FROM: ret_args->from = optarg; break;
        case CALLS: ret_args->calls = optarg; break;
        case MAX_MOVE: ret_args->max_move = optarg; break;
        case DETAIL: ret_args->detail = optarg; break;
        case PROBE: ret_args->probe = optarg; break;
        case JSON: ret_args->json = true; break;
        case CHECK: ret_args->delegation.check = true; break;
        case RESOLVER: ret_args->delegation.resolver = optarg; break;
        case PARENT: ret_args->delegation.parents = optarg; break;
        case SERVER:
            if (ret_args->delegation.server_count < GIVEN_MAX)
                ret_args->delegation.servers[ret_args->delegation.server_count++] = optarg;
            break;
        case 'h': ret_args->help = true; break;
        case VERSION:
            puts("sipsteer " SIPSTEER_VERSION);
            *ret_code = EXIT_DONE;
            return false;
        default:
            print_usage(stderr);
            *ret_code = EXIT_USAGE;
            return false;
        }
    }
    return true;
}

/* The command's name, or "". */
static const char *first_word(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"socket", required_argument, NULL, 's'}, {NULL, 0, NULL, 0}};
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "+c:s:", options, NULL)) == 'c' || option == 's';)
        ;
    const char *word = optind < argc ? argv[optind] : "";
    opterr = 1;
    optind = 0;
    return word;
}

int main(int argc, char **argv)
{
    const char *word = first_word(argc, argv);
    if (strcmp(word, "keys") == 0) /* these have options and words of their own */
        return keys_main(argc, argv);
    if (strcmp(word, "simulate") == 0)
        return simulate_main(argc, argv);
    if (strcmp(word, "history") == 0)
        return history_main(argc, argv);
    if (orders_knows(word))
        return orders_main(argc, argv);
    if (strcmp(word, "token") == 0)
        return token_main(argc, argv);
    if (strcmp(word, "top") == 0)
        return top_main(argc, argv);
    if (strcmp(word, "drill") == 0 || strcmp(word, "drills") == 0)
        return drill_main(argc, argv);
    struct arguments args = {0};
    int code;
    if (!read_options(argc, argv, &args, &code))
        return code;
    const char *name = optind < argc ? argv[optind] : NULL;
    const struct command *command = name ? find_command(name) : NULL;
    if (!name && args.help) {
        print_usage(stdout);
        return EXIT_DONE;
    }
    if (!command)
        return name ? usage_error("there is no command \"%s\"", name) : usage_error("%s", "a command is needed");
    if (args.help) {
        print_help(command);
        return EXIT_DONE;
    }
    args.words = argv + optind + 1;
    args.word_count = argc - optind - 1;
    return run(command, &args);
}
