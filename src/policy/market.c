#include "policy/market.h"

#include "base/distance.h"
#include "base/hash.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A site that a bucket may choose: as struct rival, with what the inner loop needs at hand. */
struct bidder {
    int64_t cost_m;
    int64_t window_m;
    const uint8_t *ranks;
    uint16_t share;
    uint8_t site;
};

static enum grade best_grade_of(const struct slate *slate, size_t site_count)
{
    enum grade best = GRADE_NONE;
    for (size_t i = 0; i < site_count; i++)
        if (slate->site_grades[i] < best)
            best = slate->site_grades[i];
    return best;
}

/* mask: of the planned switches that concern a. */
static bool same_way(const struct way *way, const struct plan_spec *b, uint32_t mask, size_t words)
{
    const struct plan_spec *a = &way->spec;
    return way->slate.detour.mask == mask && a->policy == b->policy && a->on_all_down == b->on_all_down && a->site_count == b->site_count &&
           memcmp(a->sites, b->sites, a->site_count) == 0 && memcmp(a->offered, b->offered, words * sizeof *a->offered) == 0;
}

static uint64_t way_hash(const struct plan_spec *spec, uint32_t mask, size_t words)
{
    const uint64_t hash = hash_bytes(spec->sites, spec->site_count, (uint64_t)mask << 32 | (uint64_t)spec->policy << 8 | spec->on_all_down);
    return hash_bytes(spec->offered, words * sizeof *spec->offered, hash);
}

static uint16_t add_way(struct market *market, const struct demand *demand, const struct plan_spec *spec)
{
    market->ways = mem_grow(market->ways, &market->way_room, market->way_count + 1, sizeof *market->ways);
    struct way *way = &market->ways[market->way_count];
    *way = (struct way){.spec = *spec, .first_group = UINT32_MAX};
    way->spec.purpose = PLAN_TARGETS;
    slate_init(&way->slate, market->policy, demand->state, &way->spec);
    way->slate.room = (struct room){0};
    way->grade = way->slate.kind == SELECTION_STEERED ? best_grade_of(&way->slate, market->site_count) : GRADE_NONE;
    return (uint16_t)market->way_count++;
}

/* ret_way_of: by spec and stretch of classes. The order of ways is that of specs, whatever flows there are. */
static void find_ways(struct market *market, const struct demand *demand, uint16_t *ret_way_of)
{
    const struct policy *policy = market->policy;
    const size_t words = (policy->config->endpoint_count + 63) / 64, count = demand->spec_count * policy->stretch_count;
    size_t room = 64;
    while (room < count * 2)
        room *= 2;
    uint16_t *table = mem_new(room, sizeof *table); /* way + 1 */
    for (size_t i = 0; i < count; i++) {
        const uint32_t class_number = policy->stretches[i % policy->stretch_count];
        const struct plan_spec spec = spec_of_class(policy, &demand->specs[i / policy->stretch_count], class_number);
        const uint32_t mask = detour_mask(demand->state, &spec);
        size_t at = way_hash(&spec, mask, words) & (room - 1);
        while (table[at] && !same_way(&market->ways[table[at] - 1], &spec, mask, words))
            at = (at + 1) & (room - 1);
        if (table[at] == 0)
            table[at] = (uint16_t)(add_way(market, demand, &spec) + 1);
        ret_way_of[i] = (uint16_t)(table[at] - 1);
    }
    free(table);
}

static double weight_of(double calls)
{
    return rint(calls * 65536) / 65536 / BUCKETS;
}

void market_weigh(struct market *market, size_t number, double calls)
{
    struct line *line = &market->lines[number];
    const double more = weight_of(calls) - weight_of(line->calls);
    line->calls = calls;
    for (uint32_t i = 0; i < line->group_count; i++)
        market->groups[line->first_group + i].weight += more;
}

static void add_group(struct market *market, uint16_t way, uint32_t class_number, int bucket)
{
    market->groups = mem_grow(market->groups, &market->group_room, market->group_count + 1, sizeof *market->groups);
    market->groups[market->group_count] = (struct group){
        .class_number = class_number,
        .first = (uint32_t)(market->group_count * market->site_count),
        .way = way,
        .bucket = (int16_t)bucket,
    };
    market->group_count++;
}

/* Where no distance counts, a few groups stand for all flows of a way. */
static struct line line_of(struct market *market, uint16_t number, uint32_t class_number)
{
    struct way *way = &market->ways[number];
    const uint32_t count = way->spec.policy == POLICY_WEIGHTED ? BUCKETS : 1;
    const bool known = way_is_shared(way) && way->first_group != UINT32_MAX;
    const struct line line = {.first_group = known ? way->first_group : (uint32_t)market->group_count, .group_count = count};
    if (known)
        return line;
    way->first_group = line.first_group;
    for (uint32_t i = 0; i < count; i++)
        add_group(market, number, class_number, count == BUCKETS ? (int)i : EVERY_BUCKET);
    return line;
}

static void add_lines(struct market *market, const struct demand *demand, const uint16_t *way_of)
{
    const struct policy *policy = market->policy;
    market->lines = mem_new(demand->flow_count, sizeof *market->lines);
    for (size_t i = 0; i < demand->flow_count; i++) {
        const struct calls *flow = &demand->flows[i];
        const uint16_t way = way_of[flow->spec * policy->stretch_count + stretch_of(policy, flow->class_number)];
        market->lines[market->line_count++] = line_of(market, way, flow->class_number);
    }
    for (size_t i = 0; i < demand->flow_count; i++)
        market_weigh(market, i, demand->flows[i].calls);
}

static int compare_names(const void *a, const void *b, void *context)
{
    const struct config *config = context;
    return strcmp(config->sites[*(const uint8_t *)a].name, config->sites[*(const uint8_t *)b].name);
}

/* Half way round the earth, as the site that seems farthest makes it seem; or to the end of the longest order. */
static uint32_t reach_of(const struct config *config)
{
    int bias = 0;
    for (size_t i = 0; i < config->site_count; i++)
        if (config->sites[i].bias < bias)
            bias = config->sites[i].bias;
    const double far_m = distance_biased_km(20100, bias) * 1000, orders_m = (double)config->site_count * STEP_M;
    return (uint32_t)(far_m > orders_m ? far_m : orders_m);
}

static void copy_sites(struct market *market, const struct demand *demand)
{
    const size_t count = market->site_count;
    const uint16_t *shares = demand->state->room.site_shares;
    market->shares = mem_new(count, sizeof *market->shares);
    market->ranks = mem_new(count, sizeof *market->ranks);
    for (size_t i = 0; i < count; i++) {
        market->shares[i] = shares ? shares[i] : SHARE_WHOLE;
        market->by_name[i] = (uint8_t)i;
        for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
            market->ranks[i][bucket] = (uint8_t)share_rank(market->policy->site_seeds[i], bucket);
    }
    qsort_r(market->by_name, count, 1, compare_names, (void *)market->policy->config);
}

struct market *market_new(const struct demand *demand)
{
    struct market *market = mem_new(1, sizeof *market);
    market->policy = demand->policy;
    market->site_count = demand->policy->config->site_count;
    market->reach_m = reach_of(demand->policy->config);
    uint16_t *way_of = mem_new(demand->spec_count * demand->policy->stretch_count, sizeof *way_of);
    copy_sites(market, demand);
    find_ways(market, demand, way_of);
    add_lines(market, demand, way_of);
    free(way_of);
    market->option_costs_m = mem_new(market->group_count * market->site_count, sizeof *market->option_costs_m);
    market->option_sites = mem_new(market->group_count * market->site_count, 1);
    return market;
}

void market_free(struct market *market)
{
    if (market == NULL)
        return;
    for (size_t i = 0; i < market->way_count; i++)
        slate_release(&market->ways[i].slate);
    free(market->ways);
    free(market->groups);
    free(market->option_costs_m);
    free(market->option_sites);
    free(market->lines);
    free(market->shares);
    free(market->ranks);
    free(market);
}

/* One more option of the group, the next nearest; false when there is none. */
static bool find_option(const struct market *market, struct group *group)
{
    const struct way *way = &market->ways[group->way];
    if (way->grade == GRADE_NONE)
        return false;
    struct route route;
    const struct site_list list =
        site_order(market->policy, &way->slate, &way->spec, group->class_number, group->bucket < 0 ? 0 : (unsigned)group->bucket, &route);
    while (group->walked < list.count) {
        const size_t rank = group->walked++;
        const uint8_t site = list.sites[rank];
        group->last_m = room_cost_m(market->policy, &way->spec, group->class_number, list, rank, group->last_m);
        if (way->slate.site_grades[site] != way->grade)
            continue;
        market->option_costs_m[group->first + group->known] = (uint32_t)group->last_m;
        market->option_sites[group->first + group->known++] = site;
        return true;
    }
    return false;
}

/* Who can be first, as room_contest() finds them. */
static unsigned find_bidders(const struct market *market, struct group *group, const uint32_t *prices_m, uint32_t window_m,
                             struct bidder ret[SITES_MAX])
{
    int64_t limit_m = INT64_MAX;
    unsigned count = 0, kept = 0;
    for (unsigned i = 0; i < group->known || find_option(market, group); i++) {
        const uint8_t site = market->option_sites[group->first + i];
        const int64_t cost_m = market->option_costs_m[group->first + i];
        if (cost_m >= limit_m)
            break;
        const uint32_t price_m = prices_m[site];
        const struct bidder bidder = {cost_m + price_m, price_m < window_m ? price_m : window_m, market->ranks[site], market->shares[site],
                                      site};
        if (bidder.cost_m - bidder.window_m >= limit_m)
            continue;
        ret[count++] = bidder;
        if (bidder.share >= SHARE_WHOLE && bidder.cost_m < limit_m)
            limit_m = bidder.cost_m;
    }
    for (unsigned i = 0; i < count; i++)
        if (ret[i].cost_m - ret[i].window_m <= limit_m)
            ret[kept++] = ret[i];
    return kept;
}

struct duel {
    const struct bidder *best, *second;
    int64_t best_m, second_m;
};

static inline void enter(struct duel *duel, const struct bidder *bidder, int64_t cost_m)
{
    if (duel->best == NULL || cost_m < duel->best_m) {
        duel->second = duel->best;
        duel->second_m = duel->best_m;
        duel->best = bidder;
        duel->best_m = cost_m;
    } else if (duel->second == NULL || cost_m < duel->second_m) {
        duel->second = bidder;
        duel->second_m = cost_m;
    }
}

/* The cheapest for a bucket, and the next. Where nobody has a share for it, shares do not count. */
static struct duel fight(const struct bidder *bidders, unsigned count, unsigned bucket)
{
    struct duel duel = {NULL, NULL, 0, 0};
    for (int pass = 0; pass < 2 && duel.best == NULL; pass++) {
        for (unsigned i = 0; i < count; i++) {
            const struct bidder *bidder = &bidders[i];
            const unsigned rank = bidder->ranks[bucket];
            if (pass == 0 && BUCKETS - 1 - rank >= bidder->share)
                continue;
            enter(&duel, bidder, bidder->cost_m - bidder->window_m * rank / BUCKETS);
        }
    }
    return duel;
}

static void count_duel(const struct market *market, struct duel duel, double weight, uint32_t edge_m, struct census *ret)
{
    ret->loads[duel.best->site] += weight;
    if (duel.second == NULL || duel.second_m - duel.best_m > edge_m || ret->ties == NULL)
        return;
    ret->ties[duel.best->site * market->site_count + duel.second->site] += weight;
}

static void count_group(const struct market *market, struct group *group, const uint32_t *prices_m, uint32_t window_m, unsigned stride,
                        struct census *ret)
{
    struct bidder bidders[SITES_MAX];
    const unsigned count = find_bidders(market, group, prices_m, window_m, bidders);
    if (count == 0)
        return;
    const bool one = group->bucket >= 0;
    if (count == 1) {
        ret->loads[bidders->site] += group->weight * (one ? 1 : BUCKETS);
        return;
    }
    for (unsigned i = 0; i < count; i++)
        if (ret->grains[bidders[i].site] < group->weight)
            ret->grains[bidders[i].site] = group->weight;
    for (unsigned bucket = one ? (unsigned)group->bucket : 0; bucket < BUCKETS; bucket += one ? BUCKETS : stride)
        count_duel(market, fight(bidders, count, bucket), group->weight * (one ? 1 : stride), window_m / 4, ret);
}

void market_census(struct market *market, const uint32_t *prices_m, uint32_t window_m, unsigned stride, struct census *ret)
{
    memset(ret->loads, 0, sizeof ret->loads);
    memset(ret->grains, 0, sizeof ret->grains);
    if (ret->ties)
        memset(ret->ties, 0, market->site_count * market->site_count * sizeof *ret->ties);
    for (size_t i = 0; i < market->group_count; i++)
        if (market->groups[i].weight > 0)
            count_group(market, &market->groups[i], prices_m, window_m, stride, ret);
}

/* A class whose nearest site has no price and whole shares before and after does not move. */
static bool stands_still(const struct market *market, struct group *group, const uint32_t *before_m, const uint32_t *after_m)
{
    if (group->known == 0 && !find_option(market, group))
        return true;
    const uint8_t site = market->option_sites[group->first];
    return before_m[site] == 0 && after_m[site] == 0 && market->shares[site] >= SHARE_WHOLE;
}

static void move_group(const struct market *market, struct group *group, const uint32_t *before_m, const uint32_t *after_m, double *ret)
{
    struct bidder before[SITES_MAX], after[SITES_MAX];
    const unsigned count_before = find_bidders(market, group, before_m, WINDOW_M, before);
    const unsigned count_after = find_bidders(market, group, after_m, WINDOW_M, after);
    const bool one = group->bucket >= 0;
    for (unsigned bucket = one ? (unsigned)group->bucket : 0; bucket < BUCKETS; bucket += one ? BUCKETS : 1) {
        const uint8_t from = fight(before, count_before, bucket).best->site, to = fight(after, count_after, bucket).best->site;
        ret[from * market->site_count + to] += group->weight;
    }
}

void market_moves(struct market *market, const uint32_t *before_m, const uint32_t *after_m, double *ret_moves)
{
    memset(ret_moves, 0, market->site_count * market->site_count * sizeof *ret_moves);
    for (size_t i = 0; i < market->group_count; i++)
        if (market->groups[i].weight > 0 && !stands_still(market, &market->groups[i], before_m, after_m))
            move_group(market, &market->groups[i], before_m, after_m, ret_moves);
}

void market_choices(struct market *market, const uint32_t *prices_m, size_t line, uint8_t ret_sites[BUCKETS])
{
    const struct line *at = &market->lines[line];
    struct bidder bidders[SITES_MAX];
    unsigned count = 0;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        if (bucket == 0 || at->group_count == BUCKETS)
            count = find_bidders(market, &market->groups[at->first_group + (at->group_count == BUCKETS ? bucket : 0)], prices_m, WINDOW_M,
                                 bidders);
        ret_sites[bucket] = count == 0 ? NO_SITE : count == 1 ? bidders->site : fight(bidders, count, bucket).best->site;
    }
}

void market_split(struct market *market, const uint32_t *prices_m, size_t line, double *ret_shares)
{
    uint8_t sites[BUCKETS];
    memset(ret_shares, 0, market->site_count * sizeof *ret_shares);
    market_choices(market, prices_m, line, sites);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        if (sites[bucket] != NO_SITE)
            ret_shares[sites[bucket]] += 1.0 / BUCKETS;
}
