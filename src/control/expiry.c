#include "control/expiry.h"

#include "base/log.h"
#include "base/memory.h"
#include "control/certificate.h"

#include <stdlib.h>

enum { TOLD_MAX = 10 }; /* one certificate often serves all endpoints of a site */

static bool ends_soon(const struct checkup *at, int64_t wall_s)
{
    return at->last.certificate_end_s && at->last.certificate_end_s - wall_s < (int64_t)at->check.probe.tls.warn_s;
}

/* The caller frees. */
static char *text_of(const struct beliefs *beliefs, const struct checkup *at, int64_t wall_s)
{
    const struct config *config = beliefs->config;
    char address[HOSTPORT_TEXT], *end = certificate_end_text(at->last.certificate_end_s, wall_s);
    char *text = mem_format("the certificate of %s/%s at %s (probe %s) %s", config->sites[config->endpoints[at->check.endpoint].site].name,
                            at->check.host, hostport_format(&at->check.target, address), at->check.probe.name, end);
    free(end);
    return text;
}

/* One that is the same as long as the check is. */
static char *target_of(const struct beliefs *beliefs, const struct checkup *at)
{
    const struct config *config = beliefs->config;
    char address[HOSTPORT_TEXT];
    return mem_format("%s/%s %s %s", config->sites[config->endpoints[at->check.endpoint].site].name, at->check.host,
                      hostport_format(&at->check.target, address), at->check.probe.name);
}

void expiry_log(struct beliefs *beliefs, int64_t wall_s)
{
    size_t count = 0;
    for (size_t i = 0; i < beliefs->check_count; i++) {
        struct checkup *at = &beliefs->checks[i];
        if (!ends_soon(at, wall_s) || at->warned_end_s == at->last.certificate_end_s)
            continue;
        at->warned_end_s = at->last.certificate_end_s;
        if (count++ >= TOLD_MAX)
            continue;
        char *text = text_of(beliefs, at, wall_s);
        log_warning("%s", text);
        free(text);
    }
    if (count > TOLD_MAX)
        log_warning("and %zu certificates of endpoints more end soon", count - TOLD_MAX);
}

void expiry_alarms(const struct view *view, json_t *list)
{
    const struct beliefs *beliefs = &view->setup->beliefs;
    size_t count = 0;
    for (size_t i = 0; i < beliefs->check_count; i++) {
        if (!ends_soon(&beliefs->checks[i], view->wall_s) || count++ >= TOLD_MAX)
            continue;
        char *text = text_of(beliefs, &beliefs->checks[i], view->wall_s), *target = target_of(beliefs, &beliefs->checks[i]);
        json_array_append_new(list, json_pack("{s:s, s:s}", "target", target, "text", text));
        free(text);
        free(target);
    }
    if (count > TOLD_MAX)
        json_array_append_new(list, json_pack("{s:s, s:o}", "target", "more certificates", "text",
                                              json_sprintf("and %d certificates of endpoints more end soon", (int)(count - TOLD_MAX))));
}
