/* A scenario from any octets: never a crash, never an end of the process, and what is accepted is whole. */
#include "base/invariant.h"
#include "config/config.h"
#include "config/scenario.h"
#include "config/schema.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the texts that stand before a syntax error; all other leaks are ours. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so\n";
}

static const char world[] = "zones = ( { name = \"a.\"; file = \"z\"; } );\n"
                            "sites = ( { name = \"s\"; location = ( 1, 2 ); endpoints = ( { host = \"h.a\"; } ); } );\n"
                            "services = ( { name = \"a.\"; } );\n";

static void check(const struct scenario *scenario, const struct config *config)
{
    invariant(scenario->place_count > 0 && scenario->resolver_count > 0 && scenario->agent_count > 0 && scenario->title);
    invariant(scenario->service >= 0 && (size_t)scenario->service < config->service_count && scenario->length_ms > 0);
    for (size_t i = 0; i < scenario->resolver_count; i++)
        invariant(scenario->resolvers[i].at < (int)scenario->place_count && scenario->resolvers[i].networks > 0);
    for (size_t i = 0; i < scenario->event_count; i++) {
        const struct scenario_event *event = &scenario->events[i];
        invariant(event->kind < EVENT_KINDS && event->period_ms > 0 && event->endpoint < (int)config->endpoint_count);
        for (size_t k = 0; k < event->site_count; k++)
            invariant(event->sites[k] < config->site_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config *config;
    struct report report;
    report_init(&report);
    if (config == NULL)
        config = config_from_text("/nonexistent/c", world, strlen(world), &report);
    /* A folder that is not there: no @include of the machine's own files. */
    struct scenario *scenario = scenario_from_text("/nonexistent/s", (const char *)data, size, config, &report);
    invariant((scenario == NULL) == (report.errors > 0));
    if (scenario)
        check(scenario, config);
    scenario_free(scenario);
    report_release(&report);
    return 0;
}
