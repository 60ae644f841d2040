#include "cli/daemon.h"

#include "base/memory.h"
#include "base/report.h"
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>

static const char usual[] = "/run/sipsteer/control.sock";

static char *socket_of(const char *config_path)
{
    struct report report;
    report_init(&report);
    struct config *config = config_load(config_path, &report);
    char *path = config ? mem_text(config->server.control) : NULL;
    for (size_t i = 0; !config && i < report.count; i++)
        fprintf(stderr, "sipsteer: %s\n", report.findings[i].text);
    if (!config)
        fputs("sipsteer: the configuration is unsound; with -s SOCKET it is not read\n", stderr);
    config_unref(config);
    report_release(&report);
    return path;
}

char *daemon_socket(const char *config, const char *socket)
{
    const char *given = getenv("SIPSTEER_SOCKET");
    if (config && !socket)
        return socket_of(config);
    return mem_text(socket ? socket : given && *given ? given : usual);
}
