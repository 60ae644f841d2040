/* Measures geo_compile() and trie_walk().
 * usage: bench-geo_compile FILE.mmdb SITES [ADDRESSES.csv]
 * Six sites are real cities; of more, the rest lie at fixed random places. The addresses are the first column, as prefixes. */
#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "geo/geo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { SAMPLES = 1 << 20, ROUNDS = 5 };

static struct config *make_config(char *database, size_t sites)
{
    static const double cities[][2] = {{51.5, -0.1}, {39, -77.5}, {37.3, -121.9}, {50.1, 8.7}, {52.4, 4.9}, {1.35, 103.8}};
    struct config *config = mem_new(1, sizeof *config);
    config->geo.databases = mem_new(1, sizeof(char *));
    config->geo.databases[0] = mem_text(database);
    config->geo.database_count = 1;
    config->sites = mem_new(sites, sizeof *config->sites);
    config->site_count = sites;
    for (size_t i = 0; i < sites; i++) {
        struct site *site = &config->sites[i];
        site->name = mem_format("s%zu", i);
        site->region = mem_text("");
        site->latitude = i < 6 ? cities[i][0] : (double)(hash_mix(i) % 110000) / 1000 - 45;
        site->longitude = i < 6 ? cities[i][1] : (double)(hash_mix(i + 1000) % 360000) / 1000 - 180;
    }
    return config;
}

/* A random address within each of evenly chosen lines. */
static struct addr *read_addresses(const char *path, size_t *ret_count)
{
    FILE *file = fopen(path, "r");
    struct addr *addrs = mem_new(SAMPLES, sizeof *addrs);
    char line[256];
    for (*ret_count = 0; file && *ret_count < SAMPLES && fgets(line, sizeof line, file);) {
        struct prefix prefix;
        line[strcspn(line, ",\n")] = '\0';
        if (random() % 4 == 0 && prefix_parse(line, &prefix))
            addrs[(*ret_count)++] = prefix.addr;
    }
    if (file)
        fclose(file);
    for (size_t i = *ret_count; i > 1; i--) {
        const size_t j = (size_t)random() % i;
        const struct addr swap = addrs[i - 1];
        addrs[i - 1] = addrs[j];
        addrs[j] = swap;
    }
    return addrs;
}

/* A run for each order: what a plan for all sites has as long as nothing sets bands apart. */
static uint32_t run_by_order(const struct classes *classes, uint32_t *runs)
{
    uint32_t run = 0;
    for (uint32_t i = 1; i < classes->count; i++) {
        run += memcmp(class_order(classes, i - 1), class_order(classes, i), classes->site_count) != 0;
        runs[i] = run;
    }
    return run + 1;
}

/* run_count: 0 for one by order. */
static void measure_walk(const struct geo *geo, const struct addr *addrs, size_t count, uint32_t run_count)
{
    const uint32_t classes = geo_classes(geo)->count;
    uint32_t *runs = mem_new(classes, sizeof *runs);
    for (uint32_t i = 0; i < classes; i++)
        runs[i] = (uint32_t)((uint64_t)i * run_count / classes);
    if (run_count == 0)
        run_count = run_by_order(geo_classes(geo), runs);
    uint64_t best = UINT64_MAX, depths = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        depths = 0;
        const uint64_t from = clock_ns();
        for (size_t i = 0; i < count; i++)
            depths += trie_walk(geo_trie(geo), &addrs[i], runs).depth;
        const uint64_t took = clock_ns() - from;
        best = took < best ? took : best;
    }
    printf("walk: %u runs, %.1f ns, mean depth %.1f\n", run_count, (double)best / (double)count, (double)depths / (double)count);
    free(runs);
}

int main(int argc, char **argv)
{
    const size_t sites = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    if (argc < 3 || argc > 4 || sites < 1 || sites > SITES_MAX) {
        fprintf(stderr, "usage: bench-geo_compile FILE.mmdb SITES [ADDRESSES.csv]\n");
        return 2;
    }
    struct config *config = make_config(argv[1], sites);
    struct report report;
    report_init(&report);
    const uint64_t from = clock_ns();
    struct geo *geo = geo_compile(config, &report);
    const double seconds = (double)(clock_ns() - from) / 1e9;
    for (size_t i = 0; i < report.count; i++)
        fprintf(stderr, "%s\n", report.findings[i].text);
    if (geo) {
        struct rusage usage;
        getrusage(RUSAGE_SELF, &usage);
        printf("compile: %.3f s, %ld KB peak, %u classes, %u nodes\n", seconds, usage.ru_maxrss, geo_classes(geo)->count,
               geo_trie(geo)->node_count);
        size_t count = 0;
        struct addr *addrs = argc > 3 ? read_addresses(argv[3], &count) : NULL;
        for (uint32_t runs = 1; count && runs <= 1000000 && runs < 10 * geo_classes(geo)->count; runs *= 10)
            measure_walk(geo, addrs, count, runs < geo_classes(geo)->count ? runs : geo_classes(geo)->count);
        if (count)
            measure_walk(geo, addrs, count, 0);
        free(addrs);
    }
    const int code = geo ? 0 : 1;
    geo_free(geo);
    config_unref(config);
    report_release(&report);
    return code;
}
