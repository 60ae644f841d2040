#include "serve/rate_limit.h"

#include "base/cursor.h"
#include "base/invariant.h"
#include "base/memory.h"
#include "base/siphash.h"

#include <stdlib.h>
#include <sys/random.h>

enum { WAYS = 4, SETS = 1 << 14, KEY_ROOM = 24, NS_PER_S = 1000000000 };

struct account {
    uint64_t used_ns; /* up to when its credit is used: the past is full credit */
    uint32_t tag;
    uint32_t limited; /* answers held back since it was made */
};

struct account_set {
    _Alignas(64) struct account ways[WAYS]; /* one cache line */
};

struct rate_limit {
    struct siphash_key seed; /* nobody can choose networks or names that fall on another's place */
    unsigned shares;
    uint64_t alert_ns; /* up to when every answer is looked at */
    uint64_t random;
    struct account_set *sets;
};

struct rate_limit *rate_limit_new(unsigned shares)
{
    struct rate_limit *limit = mem_new(1, sizeof *limit);
    limit->shares = shares;
    limit->sets = aligned_alloc(_Alignof(struct account_set), SETS * sizeof *limit->sets);
    invariant(limit->sets != NULL);
    memset(limit->sets, 0, SETS * sizeof *limit->sets);
    invariant(getrandom(&limit->seed, sizeof limit->seed, 0) == sizeof limit->seed);
    limit->random = siphash(&limit->seed, "", 0);
    return limit;
}

void rate_limit_free(struct rate_limit *limit)
{
    if (limit == NULL)
        return;
    free(limit->sets);
    free(limit);
}

/* By chance, which nobody can foresee, so that no pattern of queries passes by. */
static bool is_sampled(struct rate_limit *limit, uint64_t now_ns)
{
    limit->random = limit->random * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX generator */
    return now_ns < limit->alert_ns || (limit->random >> 32) % RATE_SAMPLE == 0;
}

static uint32_t rate_of(const struct rate_limit_config *config, const struct answered *answered)
{
    return config->rate == 0 ? 0 : answered->by_subnet ? config->subnet_rate : config->rate;
}

/* What counts together: a network's answers about one name or one zone's missing names, those for client subnets apart, or one error. */
static uint64_t number_of(const struct rate_limit *limit, const struct rate_limit_config *config, const struct addr *client,
                          const struct answered *answered)
{
    uint8_t key[KEY_ROOM];
    struct addr network = *client;
    const bool v4 = client->family == FAMILY_V4;
    const size_t octets = v4 ? 4 : 16;
    addr_mask(&network, v4 ? config->ipv4_prefix : config->ipv6_prefix);
    memcpy(key, network.bytes, octets);
    put_u32(key + octets, answered->subject);
    key[octets + 4] = answered->subject ? answered->by_subnet : answered->rcode;
    const uint64_t number = siphash(&limit->seed, key, octets + 5);
    return number ? number : 1;
}

uint64_t rate_limit_account(struct rate_limit *limit, const struct rate_limit_config *config, const struct addr *client,
                            const struct answered *answered, uint64_t now_ns)
{
    if (rate_of(config, answered) == 0 || !is_sampled(limit, now_ns))
        return 0;
    const uint64_t number = number_of(limit, config, client, answered);
    __builtin_prefetch(&limit->sets[number % SETS], 1);
    return number;
}

/* The network's account, or the one of the set that has been idle for longest, made anew. */
static struct account *find(struct rate_limit *limit, uint64_t number, uint64_t now_ns)
{
    struct account_set *set = &limit->sets[number % SETS];
    const uint32_t tag = (uint32_t)(number >> 32);
    struct account *idlest = &set->ways[0];
    for (struct account *at = set->ways; at < set->ways + WAYS; at++) {
        if (at->tag == tag)
            return at;
        if (at->used_ns < idlest->used_ns)
            idlest = at;
    }
    *idlest = (struct account){.used_ns = now_ns, .tag = tag};
    return idlest;
}

static bool is_allowed(const struct rate_limit_config *config, const struct addr *client)
{
    for (size_t i = 0; i < config->allow_count; i++) {
        struct addr network = *client;
        addr_mask(&network, config->allow[i].len);
        if (addr_equal(&network, &config->allow[i].addr))
            return true;
    }
    return false;
}

enum rate_verdict rate_limit_take(struct rate_limit *limit, const struct rate_limit_config *config, uint64_t account,
                                  const struct addr *client, const struct answered *answered, uint64_t now_ns)
{
    const uint64_t window_ns = (uint64_t)config->window_s * NS_PER_S,
                   each_ns = (uint64_t)NS_PER_S * limit->shares / rate_of(config, answered);
    const bool alert = now_ns < limit->alert_ns;
    struct account *at = find(limit, account, now_ns);
    if (at->used_ns < now_ns)
        at->used_ns = now_ns;
    if (at->used_ns - now_ns >= window_ns / 2)
        limit->alert_ns = now_ns + window_ns;
    if (at->used_ns - now_ns < window_ns) {
        at->used_ns += alert ? each_ns : each_ns * RATE_SAMPLE;
        return RATE_PASS;
    }
    if (is_allowed(config, client)) /* looked up only here, where it matters */
        return RATE_PASS;
    return config->slip && at->limited++ % config->slip == 0 ? RATE_SLIP : RATE_DROP;
}
