#include "serve/resolvers.h"

#include "base/invariant.h"
#include "base/memory.h"
#include "base/siphash.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { WAYS = 4, SETS = 1 << 14, HALF_LIFE_S = 16, SHIFT_MAX = 31 };

struct resolver {
    uint32_t tag;
    uint32_t stamp; /* the second that count is of, times two; one more in overload */
    uint32_t count;
    uint32_t rate; /* a second, in calm: the most, halved every HALF_LIFE_S; 0: not known */
};

struct resolver_set {
    _Alignas(64) struct resolver ways[WAYS]; /* one cache line */
};

struct resolvers {
    struct siphash_key seed;
    struct resolver_set *sets;
};

struct resolvers *resolvers_new(void)
{
    struct resolvers *resolvers = mem_new(1, sizeof *resolvers);
    resolvers->sets = aligned_alloc(_Alignof(struct resolver_set), SETS * sizeof *resolvers->sets);
    invariant(resolvers->sets != NULL);
    memset(resolvers->sets, 0, SETS * sizeof *resolvers->sets);
    invariant(getrandom(&resolvers->seed, sizeof resolvers->seed, 0) == sizeof resolvers->seed);
    return resolvers;
}

void resolvers_free(struct resolvers *resolvers)
{
    if (resolvers == NULL)
        return;
    free(resolvers->sets);
    free(resolvers);
}

uint64_t resolvers_number(const struct resolvers *resolvers, const struct addr *addr)
{
    const uint64_t number = siphash(&resolvers->seed, addr->bytes, addr->family == FAMILY_V4 ? 4 : 8);
    __builtin_prefetch(&resolvers->sets[number % SETS], 1);
    return number;
}

static struct resolver *find(struct resolver_set *set, uint32_t tag)
{
    for (struct resolver *at = set->ways; at < set->ways + WAYS; at++)
        if (at->tag == tag)
            return at;
    return NULL;
}

static uint32_t faded(uint32_t rate, uint32_t seconds)
{
    const uint32_t halvings = seconds / HALF_LIFE_S;
    return halvings > SHIFT_MAX ? 0 : rate >> halvings;
}

/* A second of calm is over: from now on it counts. Who was seen is known for as long as its place lasts. */
static void learn(struct resolver *resolver, uint32_t now_s)
{
    const uint32_t old = faded(resolver->rate, now_s - resolver->stamp / 2);
    resolver->rate = resolver->count > old ? resolver->count : old;
    if (resolver->rate == 0)
        resolver->rate = 1;
}

static uint32_t worth(const struct resolver *resolver, uint32_t now_s)
{
    return faded(resolver->rate > resolver->count ? resolver->rate : resolver->count, now_s - resolver->stamp / 2);
}

static struct resolver *least_worth(struct resolver_set *set, uint32_t now_s)
{
    struct resolver *least = set->ways;
    for (struct resolver *at = set->ways + 1; at < set->ways + WAYS; at++)
        if (worth(at, now_s) < worth(least, now_s))
            least = at;
    return least;
}

void resolvers_see(struct resolvers *resolvers, uint64_t number, uint32_t now_s)
{
    const uint32_t tag = (uint32_t)(number >> 32), stamp = now_s * 2;
    struct resolver_set *set = &resolvers->sets[number % SETS];
    struct resolver *resolver = find(set, tag);
    if (resolver == NULL) {
        resolver = least_worth(set, now_s);
        *resolver = (struct resolver){.tag = tag, .stamp = stamp};
    } else if (resolver->stamp != stamp) {
        if (resolver->stamp % 2 == 0)
            learn(resolver, now_s);
        resolver->stamp = stamp;
        resolver->count = 0;
    }
    resolver->count++;
}

bool resolvers_take(struct resolvers *resolvers, uint64_t number, uint32_t now_s, uint32_t began_s, struct allowance allowance)
{
    const uint32_t stamp = now_s * 2 + 1;
    struct resolver *resolver = find(&resolvers->sets[number % SETS], (uint32_t)(number >> 32));
    if (resolver == NULL)
        return false;
    if (resolver->stamp != stamp) {
        if (resolver->stamp % 2 == 0 && resolver->stamp / 2 < began_s) /* the flood's own first second makes nobody known */
            learn(resolver, now_s);
        resolver->stamp = stamp;
        resolver->count = 0;
    }
    const uint64_t most = (uint64_t)resolver->rate * allowance.times;
    if (resolver->rate == 0 || resolver->count >= (most > allowance.least ? most : allowance.least))
        return false;
    resolver->count++;
    return true;
}
