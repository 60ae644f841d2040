/* How long a plan takes, and how large it is: what a verdict flip costs before any answer is encoded.
 * usage: bench-policy_plan [rounds] */
#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "policy/policy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seed;

static unsigned below(unsigned limit)
{
    seed += 0x9e3779b97f4a7c15ULL;
    return (unsigned)(hash_mix(seed) % limit);
}

struct world {
    struct config config;
    struct classes classes;
    struct policy *policy;
    struct endpoint_health *health;
    struct world_state state;
    uint8_t *sites;
    uint64_t *offered;
};

/* 2 to 25 endpoints a site; with tiers, the first two are the pair of load balancers. */
static void make_sites(struct world *world, size_t site_count, bool tiers)
{
    struct config *config = &world->config;
    config->site_count = site_count;
    config->sites = mem_new(site_count, sizeof *config->sites);
    config->endpoints = mem_new(site_count * 25, sizeof *config->endpoints);
    for (size_t i = 0; i < site_count; i++) {
        struct site *site = &config->sites[i];
        *site = (struct site){.name = mem_format("site%zu", i), .min_up = 1, .first_endpoint = (uint16_t)config->endpoint_count};
        site->endpoint_count = (uint16_t)(2 + i % 24);
        for (unsigned k = 0; k < site->endpoint_count; k++)
            config->endpoints[config->endpoint_count++] = (struct endpoint){
                .host = mem_format("lb%u.s%zu.example.", k, i), .site = (uint8_t)i, .tier = tiers && k >= 2 ? 2 : 1, .weight = 100};
    }
}

enum { PLACED = 1000 }; /* for near: at places of the globe */

static size_t row_len;

static int compare_rows(const void *a, const void *b)
{
    return memcmp(a, b, row_len);
}

/* Every class has its own order. A hard case: real classes have far fewer different beginnings, as neighbours on the map share them.
 * near > 0: the first sites are from a window of so many around a place on a line, as distance would have it. */
static void make_classes(struct world *world, uint32_t count, unsigned near)
{
    const size_t sites = world->config.site_count;
    uint8_t *orders = mem_new((size_t)count * sites, 1);
    for (uint32_t number = 0; number < count; number++) {
        uint8_t *row = orders + number * sites;
        const unsigned place = below((unsigned)sites);
        for (size_t i = 0; i < sites; i++)
            row[i] = (uint8_t)((place + i) % sites);
        for (size_t i = 0; i + 1 < sites; i++) {
            const unsigned left = (unsigned)(sites - i), other = (unsigned)i + below(near && near < left ? near : left);
            const uint8_t swap = row[i];
            row[i] = row[other];
            row[other] = swap;
        }
    }
    row_len = sites;
    qsort(orders, count, sites, compare_rows);
    world->classes = (struct classes){.count = count, .site_count = (uint8_t)sites, .orders = orders};
}

/* A point of the sphere, evenly. */
static struct class_place random_place(void)
{
    const double z = below(2000001) / 1e6 - 1, turn = below(6283185) / 1e6, r = sqrt(1 - z * z);
    return (struct class_place){(float)(r * cos(turn)), (float)(r * sin(turn)), (float)z, 1};
}

static double nearness(const struct class_place *a, const struct class_place *b)
{
    return (double)a->x * b->x + (double)a->y * b->y + (double)a->z * b->z;
}

struct placed {
    struct class_place place;
    uint8_t row[SITES_MAX];
};

static int compare_placed(const void *a, const void *b)
{
    return memcmp(((const struct placed *)a)->row, ((const struct placed *)b)->row, row_len);
}

/* Places all over the world, each class with the order that they really have from its own. */
static void place_classes(struct world *world, uint32_t count)
{
    struct config *config = &world->config;
    struct class_place sites[SITES_MAX];
    struct placed *all = mem_new(count, sizeof *all);
    for (size_t i = 0; i < config->site_count; i++) {
        sites[i] = random_place();
        config->sites[i].latitude = asin((double)sites[i].z) / 0.017453292519943295;
        config->sites[i].longitude = atan2((double)sites[i].y, (double)sites[i].x) / 0.017453292519943295;
    }
    for (uint32_t number = 0; number < count; number++) {
        struct placed *at = &all[number];
        at->place = random_place();
        for (size_t i = 0; i < config->site_count; i++) {
            size_t k = i;
            for (; k > 0 && nearness(&at->place, &sites[at->row[k - 1]]) < nearness(&at->place, &sites[i]); k--)
                at->row[k] = at->row[k - 1];
            at->row[k] = (uint8_t)i;
        }
    }
    row_len = config->site_count;
    qsort(all, count, sizeof *all, compare_placed);
    uint8_t *orders = mem_new((size_t)count * row_len, 1);
    struct class_place *places = mem_new(count, sizeof *places);
    for (uint32_t number = 0; number < count; number++) {
        memcpy(orders + number * row_len, all[number].row, row_len);
        places[number] = all[number].place;
    }
    free(all);
    world->classes = (struct classes){.count = count, .site_count = (uint8_t)row_len, .orders = orders, .places = places};
}

static struct world *world_new(size_t sites, uint32_t classes, unsigned near, bool tiers)
{
    struct world *world = mem_new(1, sizeof *world);
    make_sites(world, sites, tiers);
    if (near == PLACED)
        place_classes(world, classes);
    else
        make_classes(world, classes, near);
    const size_t endpoints = world->config.endpoint_count;
    world->health = mem_new(endpoints, sizeof *world->health);
    for (size_t i = 0; i < endpoints; i++)
        world->health[i] = (struct endpoint_health){.overall = VERDICT_UP};
    world->sites = mem_new(sites, 1);
    for (size_t i = 0; i < sites; i++)
        world->sites[i] = (uint8_t)i;
    world->offered = mem_new((endpoints + 63) / 64, 8);
    memset(world->offered, 0xff, (endpoints + 63) / 64 * 8);
    world->state =
        (struct world_state){.health = world->health, .endpoint_orders = mem_new(endpoints, 1), .site_orders = mem_new(sites, 1)};
    const uint64_t start_ns = clock_ns();
    world->policy = policy_new(&world->config, &world->classes);
    printf("%zu sites, %zu endpoints%s, %u classes%s: policy_new %.1f ms\n", sites, endpoints, tiers ? " in tiers" : "", classes,
           near == PLACED ? " placed"
           : near         ? " near"
                          : " random",
           (double)(clock_ns() - start_ns) / 1e6);
    return world;
}

static void world_free(struct world *world)
{
    policy_free(world->policy);
    for (size_t i = 0; i < world->config.site_count; i++)
        free(world->config.sites[i].name);
    for (size_t i = 0; i < world->config.endpoint_count; i++)
        free(world->config.endpoints[i].host);
    free(world->config.sites);
    free(world->config.endpoints);
    free((void *)(uintptr_t)world->classes.orders);
    free((void *)(uintptr_t)world->classes.places);
    free((void *)(uintptr_t)world->state.endpoint_orders);
    free((void *)(uintptr_t)world->state.site_orders);
    free(world->health);
    free(world->sites);
    free(world->offered);
    free(world);
}

static struct plan_spec spec_of(const struct world *world, enum policy_kind policy, unsigned targets)
{
    return (struct plan_spec){.purpose = PLAN_TARGETS,
                              .policy = policy,
                              .targets = targets,
                              .transport = -1,
                              .sites = world->sites,
                              .site_count = world->config.site_count,
                              .offered = world->offered};
}

/* Every round flips another endpoint, as the world does. */
static void measure(struct world *world, enum policy_kind policy, unsigned targets, bool by_winner, unsigned rounds)
{
    struct plan_spec spec = spec_of(world, policy, targets);
    spec.by_winner = by_winner;
    uint64_t best_ns = UINT64_MAX, total_ns = 0;
    struct plan size = {.refs = 0};
    for (unsigned round = 0; round < rounds; round++) {
        struct endpoint_health *flipped = &world->health[below((unsigned)world->config.endpoint_count)];
        flipped->overall = VERDICT_DOWN;
        const uint64_t start_ns = clock_ns();
        struct plan *plan = policy_plan(world->policy, &world->state, &spec);
        const uint64_t took_ns = clock_ns() - start_ns;
        total_ns += took_ns;
        if (took_ns < best_ns)
            best_ns = took_ns;
        flipped->overall = VERDICT_UP;
        size = (struct plan){.run_count = plan->run_count, .selection_count = plan->selection_count, .bucket_count = plan->bucket_count};
        plan_unref(plan);
    }
    printf("  %-8s targets %u%s: %7.3f ms a plan (best %.3f), %u runs, %u rows, %u selections\n", policy_text(policy), targets,
           by_winner ? " by winner" : "", (double)total_ns / rounds / 1e6, (double)best_ns / 1e6, size.run_count,
           size.bucket_count / BUCKETS, size.selection_count);
}

/* The same while a tenth of the sites are full and another tenth come back. */
static void measure_room(struct world *world, unsigned rounds)
{
    uint32_t prices_m[SITES_MAX] = {0};
    uint16_t shares[SITES_MAX];
    for (size_t i = 0; i < world->config.site_count; i++) {
        prices_m[i] = i % 10 == 0 ? 200000 + below(2000000) : 0;
        shares[i] = (uint16_t)(i % 10 == 5 ? 100 : SHARE_WHOLE);
    }
    world->state.room = (struct room){.prices_m = prices_m, .site_shares = shares};
    puts("  with prices and shares:");
    measure(world, POLICY_NEAREST, 4, false, rounds);
    measure(world, POLICY_ORDERED, 4, false, rounds);
    measure(world, POLICY_WEIGHTED, 4, false, rounds);
    measure(world, POLICY_NEAREST, 4, true, rounds);
    world->state.room = (struct room){.prices_m = NULL};
}

/* The same under five planned switches: a site's, a region's and that of an area's clients to named sites, one of all clients of an area, one to next. */
static void measure_switches(struct world *world, unsigned rounds)
{
    uint32_t *marks = mem_new(world->classes.count, sizeof *marks), by_service = 31;
    for (uint32_t i = 0; i < world->classes.count; i++)
        marks[i] = i >= world->classes.count / 10 * 9 ? 3 : i >= world->classes.count / 10 * 8 ? 1 : 0;
    struct diversions *diversions = mem_new(1, sizeof *diversions);
    *diversions = (struct diversions){.count = 5, .by_service = &by_service};
    for (unsigned i = 0; i < 5; i++)
        diversions->of[i] = (struct diversion){.id = i + 1, .to = {(uint8_t)(3 * i), (uint8_t)(7 * i)}, .to_count = 2};
    diversions->of[0].leaves[0] = 2;
    diversions->of[1].leaves[0] = 0xff00;
    diversions->of[2].leaves[0] = 0x10000;
    diversions->of[2].area = 1;
    diversions->of[3].area = 2;
    diversions->of[4].leaves[0] = 0x100000;
    diversions->of[4].to_count = 0;
    world->classes.marks = marks;
    struct policy *plain = world->policy;
    world->policy = policy_new(&world->config, &world->classes);
    world->state.diversions = diversions;
    puts("  under five switches:");
    measure(world, POLICY_NEAREST, 4, false, rounds);
    measure(world, POLICY_ORDERED, 4, false, rounds);
    measure(world, POLICY_WEIGHTED, 4, false, rounds);
    measure(world, POLICY_NEAREST, 4, true, rounds);
    world->state.diversions = NULL;
    world->classes.marks = NULL;
    policy_free(world->policy);
    world->policy = plain;
    free(diversions);
    free(marks);
}

static void measure_hash(struct world *world, unsigned rounds)
{
    const struct plan_spec spec = spec_of(world, POLICY_NEAREST, 4);
    const uint64_t start_ns = clock_ns();
    uint64_t sum = 0;
    for (unsigned round = 0; round < rounds * 10; round++)
        sum += policy_spec_hash(world->policy, &world->state, &spec);
    printf("  policy_spec_hash: %.2f us (%u)\n", (double)(clock_ns() - start_ns) / rounds / 1e4, (unsigned)(sum & 1));
}

int main(int argc, char **argv)
{
    const unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 20;
    static const struct {
        size_t sites;
        uint32_t classes;
        unsigned near;
        bool tiers;
    } worlds[] = {{50, 60000, 0, false},    {50, 60000, 0, true},      {50, 60000, 6, true},
                  {50, 60000, 6, false},    {200, 150000, 0, false},   {200, 150000, 6, true},
                  {12, 3000, PLACED, true}, {50, 60000, PLACED, true}, {200, 150000, PLACED, true}};
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++) {
        struct world *world = world_new(worlds[i].sites, worlds[i].classes, worlds[i].near, worlds[i].tiers);
        measure(world, POLICY_NEAREST, 4, false, rounds);
        measure(world, POLICY_NEAREST, 8, false, rounds);
        measure(world, POLICY_ORDERED, 4, false, rounds);
        measure(world, POLICY_WEIGHTED, 4, false, rounds);
        measure(world, POLICY_NEAREST, 4, true, rounds);
        measure(world, POLICY_WEIGHTED, 4, true, rounds);
        if (worlds[i].near == PLACED)
            measure_room(world, rounds);
        measure_switches(world, rounds);
        measure_hash(world, rounds);
        world_free(world);
    }
    return 0;
}
