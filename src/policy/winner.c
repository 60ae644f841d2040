/* Answers that the winner decides (spec->by_winner), for zones whose every distinct answer has to be signed: whoever it is that gets a winner,
 * from whatever class and bucket, gets the same answer behind it. There are then as many answers as endpoints that can win.
 *
 * Who speaks for a winner is a matter of the configuration alone, not of who is up: so an answer changes only when somebody in it does, or
 * somebody comes back who stands before others in it. */
#include "policy/rules.h"

#include "base/distance.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static int key_compare(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* In whole metres: two servers whose libm differs in a last bit agree. Sites at one place keep the order of the file. */
static uint64_t site_key(const struct site *from, const struct site *to, size_t number)
{
    const double km = distance_km(from->latitude, from->longitude, to->latitude, to->longitude);
    const double seems_km = from == to ? 0 : distance_biased_km(km, to->bias);
    return (uint64_t)(seems_km * 1000 + 0.5) << 8 | number;
}

static void nearest_row(const struct config *config, size_t from, uint8_t *ret_row)
{
    uint64_t keys[SITES_MAX];
    for (size_t i = 0; i < config->site_count; i++)
        keys[i] = site_key(&config->sites[from], &config->sites[i], i);
    qsort(keys, config->site_count, sizeof *keys, key_compare);
    for (size_t i = 0; i < config->site_count; i++)
        ret_row[i] = (uint8_t)(keys[i] & 0xff);
}

/* The first bucket whose draw puts each site foremost, which is first where it ever wins. */
static void speak_for_sites(struct policy *policy)
{
    const size_t count = policy->config->site_count;
    uint8_t best[SITES_MAX];
    memset(best, 0xff, sizeof best);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const uint8_t *row = policy->site_draws + bucket * count;
        for (size_t rank = 0; rank < count; rank++) {
            if (rank >= best[row[rank]])
                continue;
            best[row[rank]] = (uint8_t)rank;
            policy->site_bucket[row[rank]] = (uint8_t)bucket;
        }
    }
}

/* The same for the endpoints of a site; best: by endpoint, as large as can be. */
static void speak_for_endpoints(struct policy *policy, unsigned site, uint16_t *best)
{
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const uint16_t *row = draw_row(policy, site, bucket);
        for (uint16_t rank = 0; rank < policy->config->sites[site].endpoint_count; rank++) {
            if (rank >= best[row[rank]])
                continue;
            best[row[rank]] = rank;
            policy->own_bucket[row[rank]] = (uint8_t)bucket;
        }
    }
}

void winner_tables(struct policy *policy)
{
    const struct config *config = policy->config;
    uint16_t *best = mem_new(config->endpoint_count, sizeof *best);
    memset(best, 0xff, config->endpoint_count * sizeof *best);
    for (size_t i = 0; i < config->site_count; i++) {
        nearest_row(config, i, policy->nearest + i * config->site_count);
        speak_for_endpoints(policy, (unsigned)i, best);
    }
    speak_for_sites(policy);
    free(best);
}

static struct site_list order_behind(const struct policy *policy, const struct plan_spec *spec, unsigned site)
{
    const size_t count = policy->config->site_count;
    if (spec->policy == POLICY_NEAREST)
        return (struct site_list){policy->nearest + site * count, count, NULL};
    return natural_order(policy, spec, 0, policy->site_bucket[site]);
}

struct site_list winner_order(const struct policy *policy, const struct plan_spec *spec, unsigned site, uint8_t room[SITES_MAX])
{
    const struct site_list list = order_behind(policy, spec, site);
    size_t count = 0;
    room[count++] = (uint8_t)site;
    for (size_t i = 0; i < list.count; i++)
        if (list.sites[i] != site)
            room[count++] = list.sites[i];
    return (struct site_list){room, count, NULL};
}

/* Who speaks for the winner may put another of its tier before it: somebody who is not up in the buckets that the winner wins. */
static void put_first(uint16_t *endpoints, unsigned count, uint16_t winner)
{
    unsigned at = 0;
    while (at + 1 < count && endpoints[at] != winner)
        at++;
    memmove(endpoints + 1, endpoints, at * sizeof *endpoints);
    endpoints[0] = winner;
}

void winner_fill(const struct policy *policy, const struct slate *slate, const struct plan_spec *spec, uint16_t winner,
                 uint16_t ret_endpoints[TARGETS_MAX])
{
    uint8_t room[SITES_MAX];
    const unsigned site = policy->site_of[winner], size = slate->sizes[site];
    /* The winner's site is of the best grade that any site has (it was collected first), so at the head of the list it is collected first again. */
    bucket_fill(policy, slate, winner_order(policy, spec, site, room), NO_SITE, policy->own_bucket[winner], slate->need, ret_endpoints);
    put_first(ret_endpoints, size < slate->need ? size : slate->need, winner);
}
