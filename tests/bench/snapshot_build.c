/* What one verdict's flip costs: snapshot_build() of a whole configuration, in CPU time of this thread.
 * usage: bench-snapshot_build CONFIG [FLIPS] */
#include "config/config.h"
#include "snapshot/steer.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct world *load(const char *path, struct report *report)
{
    struct config *config = config_load(path, report);
    struct zone **zones = config ? calloc(config->zone_count, sizeof *zones) : NULL;
    for (size_t i = 0; config && i < config->zone_count; i++)
        if ((zones[i] = zone_load(config->zones[i].name, config->zones[i].file, report)) == NULL)
            return NULL;
    struct world *world = config ? world_new(config, zones, NULL, report) : NULL;
    free(zones);
    return world;
}

int main(int argc, char **argv)
{
    struct report report;
    report_init(&report);
    const int flips = argc > 2 ? atoi(argv[2]) : 200;
    struct world *world = argc > 1 ? load(argv[1], &report) : NULL;
    struct place *place = world ? place_new(world, &report) : NULL;
    if (place == NULL || flips < 1) {
        for (size_t i = 0; i < report.count; i++)
            fprintf(stderr, "%s\n", report.findings[i].text);
        fprintf(stderr, "usage: %s CONFIG [FLIPS]\n", argv[0]);
        return 2;
    }
    const struct config *config = world_config(world);
    struct endpoint_health *health = calloc(config->endpoint_count, sizeof *health);
    uint8_t *orders = calloc(config->endpoint_count + config->site_count, 1), *services = calloc(config->service_count, 1);
    double *took = calloc((size_t)flips, sizeof *took);
    for (size_t i = 0; i < config->endpoint_count; i++)
        health[i].overall = VERDICT_UP;
    const struct world_state state = {.health = health, .endpoint_orders = orders, .site_orders = orders + config->endpoint_count};
    struct snapshot *now = snapshot_build(world, place, &state, services, NULL, 0, 1);
    for (int i = 0; i < flips; i++) {
        struct endpoint_health *of = &health[(size_t)(i / 2) * 7 % config->endpoint_count];
        of->overall = i % 2 ? VERDICT_UP : VERDICT_DOWN;
        const double from = cpu_ms();
        struct snapshot *next = snapshot_build(world, place, &state, services, now, 0, (uint64_t)i + 2);
        took[i] = cpu_ms() - from;
        snapshot_free(now);
        now = next;
    }
    qsort(took, (size_t)flips, sizeof *took, by_value);
    printf("%zu services, %zu sites, %zu endpoints, %u classes, %zu specs: median %.2f ms, 99th percentile %.2f ms, most %.2f ms\n",
           config->service_count, config->site_count, config->endpoint_count, geo_classes(place_geo(place))->count, world->spec_count,
           took[flips / 2], took[flips * 99 / 100], took[flips - 1]);
    return 0;
}
