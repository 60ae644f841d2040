/* A configuration from any octets: never a crash, never an end of the process, and what is accepted is whole. */
#include "base/invariant.h"
#include "config/tables.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the texts that stand before a syntax error; all other leaks are ours. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so\n";
}

static void check(const struct config *config)
{
    invariant(config->zone_count > 0 && config->server.listen_count > 0 && config->server.workers > 0);
    for (size_t i = 0; i < config->endpoint_count; i++) {
        const struct endpoint *endpoint = &config->endpoints[i];
        invariant(endpoint->host && endpoint->site < config->site_count && endpoint->tier > 0);
        for (size_t p = 0; p < endpoint->probe_count; p++)
            invariant(endpoint->probes[p] < config->probe_count);
    }
    size_t endpoints = 0;
    for (size_t i = 0; i < config->site_count; i++) {
        invariant(config->sites[i].name && config->sites[i].region && config->sites[i].first_endpoint == endpoints);
        endpoints += config->sites[i].endpoint_count;
    }
    invariant(endpoints == config->endpoint_count);
    for (size_t i = 0; i < config->service_count; i++) {
        const struct service *service = &config->services[i];
        invariant(service->name && service->site_count > 0 && service->targets > 0 && service->ttl_s > 0);
        for (size_t s = 0; s < service->site_count; s++)
            invariant(service->sites[s] < config->site_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct report report;
    report_init(&report);
    /* A folder that is not there: no @include of the machine's own files. */
    struct config *config = config_from_text("/nonexistent/c", (const char *)data, size, &report);
    invariant((config == NULL) == (report.errors > 0));
    if (config)
        check(config);
    config_unref(config);
    report_release(&report);
    return 0;
}
