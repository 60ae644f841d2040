#include "policy/room.h"

#include "base/distance.h"

#include <math.h>
#include <string.h>

static const double earth_m = 6371000;

/* By the chord: exact also for neighbours, where an arc cosine is not. */
static double metres_to(const struct policy *policy, const struct class_place *place, unsigned site)
{
    const struct direction *at = &policy->directions[site];
    const double dx = (double)place->x - at->x, dy = (double)place->y - at->y, dz = (double)place->z - at->z;
    return 2 * earth_m * asin(fmin(1, sqrt(dx * dx + dy * dy + dz * dz) / 2));
}

static const struct class_place *place_of(const struct policy *policy, uint32_t class_number)
{
    const struct class_place *place = policy->classes->places ? &policy->classes->places[class_number] : NULL;
    return place && (place->x != 0 || place->y != 0 || place->z != 0) ? place : NULL;
}

double room_metres(const struct policy *policy, uint32_t class_number, unsigned site)
{
    const struct class_place *place = place_of(policy, class_number);
    return place ? metres_to(policy, place, site) : -1;
}

uint64_t room_cost_m(const struct policy *policy, const struct plan_spec *spec, uint32_t class_number, struct site_list list, size_t rank,
                     uint64_t before_m)
{
    const struct class_place *place = spec->policy == POLICY_NEAREST ? place_of(policy, class_number) : NULL;
    if (place == NULL)
        return (uint64_t)rank * STEP_M;
    const unsigned site = list.as ? list.as[rank] : list.sites[rank];
    const double km = distance_biased_km(metres_to(policy, place, site) / 1000, policy->config->sites[site].bias);
    const uint64_t here_m = (uint64_t)(km * 1000 + 0.5);
    return here_m > before_m ? here_m : before_m;
}

static uint32_t price_of(const struct slate *slate, unsigned site)
{
    return slate->room.prices_m ? slate->room.prices_m[site] : 0;
}

static uint16_t share_of(const struct slate *slate, unsigned site)
{
    return slate->room.site_shares ? slate->room.site_shares[site] : SHARE_WHOLE;
}

bool site_admits(const struct policy *policy, const struct slate *slate, unsigned site, unsigned bucket)
{
    return share_admits(policy->site_seeds[site], share_of(slate, site), bucket);
}

/* Sites with somebody known to be up go before those where everybody is unknown, whatever the distance. */
static enum grade best_grade(const struct slate *slate, struct site_list list, size_t *ret_first)
{
    enum grade best = GRADE_NONE;
    for (size_t i = 0; i < list.count && best != GRADE_FIRST; i++)
        if (slate->site_grades[list.sites[i]] < best) {
            best = slate->site_grades[list.sites[i]];
            *ret_first = i;
        }
    return best;
}

bool room_by_order(const struct slate *slate, struct site_list list, bool *ret_plain, size_t *ret_walked)
{
    size_t rank = 0;
    const enum grade grade = best_grade(slate, list, &rank);
    *ret_plain = true;
    for (; rank < list.count; rank++) {
        const uint8_t site = list.sites[rank];
        if (slate->site_grades[site] != grade)
            continue;
        if (price_of(slate, site) > 0)
            break;
        if (share_of(slate, site) >= SHARE_WHOLE) {
            *ret_walked = rank + 1;
            return true;
        }
        *ret_plain = false;
    }
    *ret_plain = false;
    *ret_walked = list.count;
    return rank == list.count; /* nobody takes its whole share, without a price: the order decides, too */
}

static uint64_t lowest_m(const struct rival *rival)
{
    return rival->cost_m - rival->window_m;
}

/* Leaves out those whom no bucket finds the cheapest. */
static void drop_beaten(struct contest *contest, uint64_t limit_m)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < contest->count; i++)
        if (lowest_m(&contest->of[i]) <= limit_m)
            contest->of[kept++] = contest->of[i];
    contest->count = kept;
}

void room_contest(const struct policy *policy, const struct slate *slate, const struct plan_spec *spec, uint32_t class_number,
                  unsigned bucket, struct contest *ret)
{
    struct route route;
    const struct site_list list = site_order(policy, slate, spec, class_number, bucket, &route);
    size_t first = 0;
    const enum grade grade = best_grade(slate, list, &first);
    uint64_t cost_m = 0, limit_m = UINT64_MAX; /* what every bucket can have */
    ret->count = 0;
    for (size_t rank = 0; rank < list.count; rank++) {
        const uint8_t site = list.sites[rank];
        cost_m = room_cost_m(policy, spec, class_number, list, rank, cost_m);
        if (cost_m >= limit_m)
            break;
        if (slate->site_grades[site] != grade)
            continue;
        const uint32_t price_m = price_of(slate, site);
        const struct rival rival = {.cost_m = cost_m + price_m,
                                    .window_m = price_m < WINDOW_M ? price_m : WINDOW_M,
                                    .seed = policy->site_seeds[site],
                                    .share = share_of(slate, site),
                                    .site = site};
        if (lowest_m(&rival) >= limit_m)
            continue;
        ret->of[ret->count++] = rival;
        if (rival.share >= SHARE_WHOLE && rival.cost_m < limit_m)
            limit_m = rival.cost_m;
    }
    drop_beaten(ret, limit_m);
}

static const struct rival *cheapest(const struct contest *contest, unsigned bucket, bool of_shares)
{
    const struct rival *best = NULL;
    uint64_t best_m = 0;
    for (unsigned i = 0; i < contest->count; i++) {
        const struct rival *rival = &contest->of[i];
        if (of_shares && !share_admits(rival->seed, rival->share, bucket))
            continue;
        const uint64_t cost_m = rival->cost_m - (uint64_t)rival->window_m * share_rank(rival->seed, bucket) / BUCKETS;
        if (best == NULL || cost_m < best_m) {
            best = rival;
            best_m = cost_m;
        }
    }
    return best;
}

/* Where nobody has a share for the bucket, shares do not count: a caller has to go somewhere. */
uint8_t contest_winner(const struct contest *contest, unsigned bucket)
{
    const struct rival *best = contest->count == 1 ? contest->of : cheapest(contest, bucket, true);
    return best ? best->site : cheapest(contest, bucket, false)->site;
}

uint8_t room_first(const struct policy *policy, const struct slate *slate, const struct plan_spec *spec, uint32_t class_number,
                   unsigned bucket)
{
    struct route route;
    const struct site_list list = site_order(policy, slate, spec, class_number, bucket, &route);
    size_t walked;
    bool plain;
    room_by_order(slate, list, &plain, &walked);
    if (plain)
        return NO_SITE;
    struct contest contest;
    room_contest(policy, slate, spec, class_number, bucket, &contest);
    return contest_winner(&contest, bucket);
}

static void split_by_bucket(const struct policy *policy, const struct slate *slate, const struct plan_spec *spec,
                            uint16_t ret_buckets[SITES_MAX])
{
    struct contest contest;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        room_contest(policy, slate, spec, 0, bucket, &contest);
        ret_buckets[contest_winner(&contest, bucket)]++;
    }
}

void room_split(const struct policy *policy, const struct slate *slate, const struct plan_spec *spec, uint32_t class_number,
                uint16_t ret_buckets[SITES_MAX])
{
    memset(ret_buckets, 0, SITES_MAX * sizeof *ret_buckets);
    if (spec->policy == POLICY_WEIGHTED) {
        split_by_bucket(policy, slate, spec, ret_buckets);
        return;
    }
    struct contest contest;
    room_contest(policy, slate, spec, class_number, 0, &contest);
    if (contest.count == 1) {
        ret_buckets[contest.of[0].site] = BUCKETS;
        return;
    }
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        ret_buckets[contest_winner(&contest, bucket)]++;
}
