/* sipsteerd, the daemon. A map of it, from the outside in:
 *
 *   main.c                 arguments
 *   control/director.c     start, the one event loop, the only snapshot_publish()
 *   control/load.c         configuration (config/), zones (zone/) and geo data (geo/) into a world and a place (snapshot/world.h)
 *   probe/                 one thread: every check on time; health/ turns observations into verdicts
 *   control/beliefs.c      the verdicts, as the director sees them; policy/ turns them and the orders into plans
 *   snapshot/              plans and prepared answers, published by one pointer swap
 *   serve/                 one UDP worker a core and one TCP loop; answer/ turns query octets into answer octets
 *   control/admin.c        the socket for the operator's tool (cli/)
 */
#include "control/control.h"
#include "platform/privileges.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] = "usage: sipsteerd -c FILE [--check] [--user USER]\n"
                            "       sipsteerd --version | --help\n"
                            "\n"
                            "  -c, --config FILE  the configuration\n"
                            "      --check        read everything a start would read, print what is wrong, and end\n"
                            "      --user USER    become this user first; what root leaves it are ports below 1024 and ICMP\n"
                            "\n"
                            "Runs in the foreground and logs to standard error. SIGHUP reloads, SIGTERM and SIGINT stop.\n"
                            "Exit: 0 stopped in order, 1 cannot start or found wrong, 2 usage.\n";

int main(int argc, char **argv)
{
    enum { OPTION_CHECK = 256, OPTION_USER, OPTION_VERSION };
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},       {"check", no_argument, NULL, OPTION_CHECK},
                                            {"user", required_argument, NULL, OPTION_USER}, {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, OPTION_VERSION}, {NULL, 0, NULL, 0}};
    const char *config = NULL, *user = NULL;
    int check = 0, option;
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (option) {
        case 'c': config = optarg; break;
        case OPTION_CHECK: check = 1; break;
        case OPTION_USER: user = optarg; break;
        case OPTION_VERSION: puts("sipsteerd " SIPSTEER_VERSION); return 0;
        case 'h': fputs(usage, stdout); return 0;
        default: fputs(usage, stderr); return 2;
        }
    }
    if (!config || optind < argc) {
        fputs(config ? "sipsteerd: too many arguments\n" : "sipsteerd: -c FILE is needed\n", stderr);
        fputs(usage, stderr);
        return 2;
    }
    struct error err;
    if (user && !privileges_become(user, &err)) {
        fprintf(stderr, "sipsteerd: %s\n", err.text);
        return 1;
    }
    return check ? control_print_check(config) : control_run(config);
}
