/* The draws: weighted rendezvous hashing. For each bucket every contender gets u, uniform in (0, 1) by hash of bucket and name, and the
 * cost -ln(u) / weight; the cheapest wins. A contender wins in proportion to its weight, and since no cost depends on the others, taking
 * one away moves only what it had won. The hash is of the name, so draws survive reloads and changes of indices.
 *
 * Servers must agree to the last bit whatever their libm rounds to: the logarithm is computed in integers (base 2 gives the same order as
 * base e), and costs are compared by cross multiplication, without a division. */
#include "policy/rules.h"

#include "base/hash.h"
#include "base/invariant.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

/* Changing any of these moves every client once: don't. */
#define SEED_BUCKET 0x5bd1e9955bd1e995ULL
#define SEED_NAME 0x2545f4914f6cdd1dULL
#define SEED_SHARE 0x9216d5d98979fb1bULL
#define STEP_BUCKET 0x9e3779b97f4a7c15ULL

#define RADIAN 0.017453292519943295 /* a degree */

enum { FRACTION_BITS = 26 }; /* with the 6 integer bits of the logarithm of a 64-bit number: 32 */

struct contender {
    const char *name;
    uint64_t hash; /* of the name */
    uint32_t weight;
    unsigned tier;
    uint16_t index;
    uint32_t cost; /* in the bucket at hand, before the division by the weight */
};

/* -log2(u / 2^64) in units of 2^-26. The fraction is found bit by bit: squaring a mantissa doubles its logarithm. */
static uint32_t cost_of(uint64_t u)
{
    u |= 1;
    const unsigned whole = 63 - (unsigned)__builtin_clzll(u);
    uint64_t mantissa = u << (63 - whole) >> 32; /* in [2^31, 2^32), standing for [1, 2) */
    uint32_t log2 = whole;
    for (unsigned i = 0; i < FRACTION_BITS; i++) {
        mantissa = mantissa * mantissa >> 31;
        const unsigned carry = mantissa >> 32 & 1;
        mantissa >>= carry;
        log2 = log2 << 1 | carry;
    }
    return UINT32_MAX - log2;
}

/* By tier, then cost / weight; weight 0 is behind all other weights of the tier. Names break ties, so that indices never matter. */
static int contender_compare(const void *left, const void *right)
{
    const struct contender *a = left, *b = right;
    if (a->tier != b->tier)
        return a->tier < b->tier ? -1 : 1;
    if ((a->weight == 0) != (b->weight == 0))
        return a->weight == 0 ? 1 : -1;
    const uint64_t of_a = (uint64_t)a->cost * (b->weight ? b->weight : 1);
    const uint64_t of_b = (uint64_t)b->cost * (a->weight ? a->weight : 1);
    if (of_a != of_b)
        return of_a < of_b ? -1 : 1;
    return strcmp(a->name, b->name);
}

static struct contender contender_make(const char *name, size_t index, unsigned tier, uint32_t weight)
{
    return (struct contender){
        .name = name, .hash = hash_bytes(name, strlen(name), SEED_NAME), .weight = weight, .tier = tier, .index = (uint16_t)index};
}

static void draw_bucket(struct contender *contenders, size_t count, unsigned bucket)
{
    for (size_t i = 0; i < count; i++)
        contenders[i].cost = cost_of(hash_mix(contenders[i].hash + bucket * STEP_BUCKET));
    qsort(contenders, count, sizeof *contenders, contender_compare);
}

static void draw_site(struct policy *policy, const struct site *site)
{
    const struct endpoint *endpoints = policy->config->endpoints + site->first_endpoint;
    struct contender *contenders = mem_new(site->endpoint_count, sizeof *contenders);
    for (size_t i = 0; i < site->endpoint_count; i++)
        contenders[i] = contender_make(endpoints[i].host, site->first_endpoint + i, endpoints[i].tier, endpoints[i].weight);
    uint16_t *row = policy->draws + (size_t)site->first_endpoint * BUCKETS;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++, row += site->endpoint_count) {
        draw_bucket(contenders, site->endpoint_count, bucket);
        for (size_t i = 0; i < site->endpoint_count; i++)
            row[i] = contenders[i].index;
    }
    free(contenders);
}

/* A site weighs what its lowest tier does, whatever its health: moves are least when weights stand still. */
static uint32_t site_weight(const struct config *config, const struct site *site)
{
    uint32_t weight = 0;
    unsigned lowest = UINT32_MAX;
    for (size_t i = site->first_endpoint; i < (size_t)site->first_endpoint + site->endpoint_count; i++) {
        const struct endpoint *endpoint = &config->endpoints[i];
        if (endpoint->tier < lowest) {
            lowest = endpoint->tier;
            weight = 0;
        }
        if (endpoint->tier == lowest)
            weight += endpoint->weight;
    }
    return weight;
}

/* A subset of sites has the order that these rows give it: they are drawn once for all services. */
static void draw_sites(struct policy *policy)
{
    const struct config *config = policy->config;
    struct contender *contenders = mem_new(config->site_count, sizeof *contenders);
    for (size_t i = 0; i < config->site_count; i++)
        contenders[i] = contender_make(config->sites[i].name, i, 0, site_weight(config, &config->sites[i]));
    uint8_t *row = policy->site_draws;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++, row += config->site_count) {
        draw_bucket(contenders, config->site_count, bucket);
        for (size_t i = 0; i < config->site_count; i++)
            row[i] = (uint8_t)contenders[i].index;
    }
    free(contenders);
}

/* A pass over the classes then reads one octet of most of them instead of their orders. */
static void compare_classes(struct policy *policy)
{
    const struct classes *classes = policy->classes;
    for (uint32_t number = 1; number < classes->count; number++) {
        const uint8_t *order = class_order(classes, number), *before = class_order(classes, number - 1);
        unsigned agreed = 0;
        while (agreed < classes->site_count && order[agreed] == before[agreed])
            agreed++;
        policy->agreed[number] = (uint8_t)agreed;
    }
    size_t room = 0;
    for (uint32_t number = 0; number <= classes->count; number++) {
        if (number > 0 && number < classes->count && class_mark(classes, number) == class_mark(classes, number - 1))
            continue;
        policy->stretches = mem_grow(policy->stretches, &room, policy->stretch_count + 1, sizeof *policy->stretches);
        policy->stretches[policy->stretch_count++] = number;
    }
    policy->stretch_count--; /* the last one is the end */
}

static uint32_t seed_of(const char *name)
{
    return (uint32_t)(hash_bytes(name, strlen(name), SEED_SHARE) >> 32);
}

static void place_site(struct policy *policy, size_t number)
{
    const struct site *site = &policy->config->sites[number];
    const double latitude = site->latitude * RADIAN, longitude = site->longitude * RADIAN;
    policy->directions[number] = (struct direction){cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)};
    policy->site_seeds[number] = seed_of(site->name);
}

struct policy *policy_new(const struct config *config, const struct classes *classes)
{
    invariant(config->site_count <= SITES_MAX && config->endpoint_count <= ENDPOINTS_MAX);
    invariant(classes->site_count == config->site_count);
    struct policy *policy = mem_new(1, sizeof *policy);
    *policy = (struct policy){
        .config = config,
        .classes = classes,
        .site_of = mem_new(config->endpoint_count, sizeof *policy->site_of),
        .weights = mem_new(config->endpoint_count, sizeof *policy->weights),
        .tiers = mem_new(config->endpoint_count, sizeof *policy->tiers),
        .draws = mem_new(config->endpoint_count * BUCKETS, sizeof *policy->draws),
        .site_draws = mem_new(config->site_count * BUCKETS, sizeof *policy->site_draws),
        .nearest = mem_new(config->site_count * config->site_count, sizeof *policy->nearest),
        .site_bucket = mem_new(config->site_count, sizeof *policy->site_bucket),
        .own_bucket = mem_new(config->endpoint_count, sizeof *policy->own_bucket),
        .site_seeds = mem_new(config->site_count, sizeof *policy->site_seeds),
        .endpoint_seeds = mem_new(config->endpoint_count, sizeof *policy->endpoint_seeds),
        .directions = mem_new(config->site_count, sizeof *policy->directions),
        .agreed = mem_new(classes->count, sizeof *policy->agreed),
    };
    for (size_t i = 0; i < config->endpoint_count; i++) {
        policy->site_of[i] = config->endpoints[i].site;
        policy->weights[i] = (uint16_t)config->endpoints[i].weight;
        policy->tiers[i] = config->endpoints[i].tier;
        policy->endpoint_seeds[i] = seed_of(config->endpoints[i].host);
    }
    for (size_t i = 0; i < config->site_count; i++) {
        draw_site(policy, &config->sites[i]);
        place_site(policy, i);
    }
    draw_sites(policy);
    winner_tables(policy);
    compare_classes(policy);
    return policy;
}

void policy_free(struct policy *policy)
{
    if (policy == NULL)
        return;
    free(policy->site_of);
    free(policy->weights);
    free(policy->tiers);
    free(policy->draws);
    free(policy->site_draws);
    free(policy->nearest);
    free(policy->site_bucket);
    free(policy->own_bucket);
    free(policy->site_seeds);
    free(policy->endpoint_seeds);
    free(policy->directions);
    free(policy->agreed);
    free(policy->stretches);
    free(policy);
}

unsigned policy_bucket(const struct addr *client, unsigned sticky_len)
{
    struct addr cut = *client;
    addr_mask(&cut, sticky_len);
    /* Four octets and sixteen never hash alike: the length is hashed too. */
    return hash_bytes(cut.bytes, addr_octets(cut.family), SEED_BUCKET) & (BUCKETS - 1);
}
