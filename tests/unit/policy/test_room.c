/* Rule 4: prices and shares. */
#include "world.h"

#include "policy/room.h"

#include <math.h>

enum { CLASSES = 64 };

/* Sites on the equator, 20 degrees (2224 km) apart from west to east, and classes between the first and the last of them. */
struct belt {
    struct world *world;
    uint8_t *orders;
    struct class_place places[CLASSES];
    uint32_t prices_m[WORLD_SITES];
    uint16_t site_shares[WORLD_SITES], endpoint_shares[WORLD_ENDPOINTS];
};

static double longitude_of(const struct belt *belt, unsigned class_number)
{
    return class_number * 20.0 * (double)(belt->world->config.site_count - 1) / (CLASSES - 1);
}

/* Nearest first; classes from west to east are then in lexicographic order only where these orders are, which a plan does not ask for. */
static void order_class(struct belt *belt, unsigned number)
{
    const size_t count = belt->world->config.site_count;
    uint8_t *row = belt->orders + number * count;
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        const double here = fabs(belt->world->sites[i].longitude - longitude_of(belt, number));
        for (; at > 0 && fabs(belt->world->sites[row[at - 1]].longitude - longitude_of(belt, number)) > here; at--)
            row[at] = row[at - 1];
        row[at] = (uint8_t)i;
    }
}

static struct belt *belt_new(unsigned sites, unsigned endpoints)
{
    struct belt *belt = mem_new(1, sizeof *belt);
    struct world *world = belt->world = world_new();
    world_fill(world, sites, endpoints);
    for (unsigned i = 0; i < sites; i++)
        world->sites[i].longitude = 20 * i;
    belt->orders = mem_new(CLASSES * sites, 1);
    for (unsigned i = 0; i < CLASSES; i++) {
        const double angle = longitude_of(belt, i) * 0.017453292519943295;
        belt->places[i] = (struct class_place){(float)cos(angle), (float)sin(angle), 0, 1};
        order_class(belt, i);
    }
    for (unsigned i = 0; i < WORLD_SITES; i++)
        belt->site_shares[i] = SHARE_WHOLE;
    for (unsigned i = 0; i < WORLD_ENDPOINTS; i++)
        belt->endpoint_shares[i] = SHARE_WHOLE;
    world->classes = (struct classes){.count = CLASSES, .orders = belt->orders, .places = belt->places};
    world->state.room = (struct room){belt->prices_m, belt->site_shares, belt->endpoint_shares};
    world_ready(world);
    return belt;
}

static void belt_free(struct belt *belt)
{
    world_free(belt->world);
    free(belt->orders);
    free(belt);
}

static unsigned first_site(const struct belt *belt, const struct plan *plan, unsigned class_number, unsigned bucket)
{
    const struct decision decision = plan_decision(plan, class_number, bucket);
    return belt->world->endpoints[decision.choices[0].endpoint].site;
}

/* Of all classes and buckets, those that get each site first. */
static void count_first(const struct belt *belt, unsigned ret[WORLD_SITES])
{
    struct plan *plan = policy_plan(belt->world->policy, &belt->world->state, &belt->world->spec);
    memset(ret, 0, WORLD_SITES * sizeof *ret);
    for (unsigned i = 0; i < CLASSES; i++)
        for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
            ret[first_site(belt, plan, i, bucket)]++;
    plan_unref(plan);
}

static void without_price_everybody_gets_the_nearest(void **state)
{
    (void)state;
    struct belt *belt = belt_new(4, 2);
    struct plan *plan = policy_plan(belt->world->policy, &belt->world->state, &belt->world->spec);
    for (unsigned i = 0; i < CLASSES; i++)
        for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
            assert_int_equal(first_site(belt, plan, i, bucket), class_order(&belt->world->classes, i)[0]);
    plan_unref(plan);
    belt_free(belt);
}

static void a_higher_price_never_brings_a_bucket_back(void **state)
{
    (void)state;
    struct belt *belt = belt_new(4, 2);
    bool gone[CLASSES][BUCKETS] = {{false}};
    unsigned left = UINT32_MAX;
    for (unsigned km = 0; km <= 9000; km += 50) {
        belt->prices_m[1] = km * 1000;
        struct plan *plan = policy_plan(belt->world->policy, &belt->world->state, &belt->world->spec);
        unsigned here = 0;
        for (unsigned i = 0; i < CLASSES; i++)
            for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
                const bool first = first_site(belt, plan, i, bucket) == 1;
                assert_false(first && gone[i][bucket]);
                gone[i][bucket] = !first;
                here += first;
            }
        plan_unref(plan);
        assert_true(here <= left);
        left = here;
    }
    assert_int_equal(left, 0);
    belt_free(belt);
}

static void who_is_harmed_least_goes_first(void **state)
{
    (void)state;
    struct belt *belt = belt_new(3, 1);
    belt->prices_m[1] = 700000;
    struct plan *plan = policy_plan(belt->world->policy, &belt->world->state, &belt->world->spec);
    for (unsigned i = 0; i < CLASSES; i++) {
        const double nearest_km = fabs(longitude_of(belt, i) - 20) * 111.19;
        const double next_km = fmin(longitude_of(belt, i), 40 - longitude_of(belt, i)) * 111.19;
        for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
            if (nearest_km + 701 < next_km)
                assert_int_equal(first_site(belt, plan, i, bucket), 1);
            if (nearest_km + 599 > next_km)
                assert_int_not_equal(first_site(belt, plan, i, bucket), 1);
        }
    }
    plan_unref(plan);
    belt_free(belt);
}

static void a_class_on_the_edge_is_parted_bucket_by_bucket(void **state)
{
    (void)state;
    struct belt *belt = belt_new(3, 1);
    unsigned parted = 0;
    for (unsigned i = 0; i < CLASSES; i++) {
        const double harm_km = fmin(longitude_of(belt, i), 40 - longitude_of(belt, i)) * 111.19 - fabs(longitude_of(belt, i) - 20) * 111.19;
        if (harm_km < 200)
            continue;
        belt->prices_m[1] = (uint32_t)(harm_km * 1000) + WINDOW_M / 2;
        struct plan *plan = policy_plan(belt->world->policy, &belt->world->state, &belt->world->spec);
        unsigned here = 0;
        for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
            here += first_site(belt, plan, i, bucket) == 1;
        assert_in_range(here, BUCKETS / 2 - 2, BUCKETS / 2 + 2);
        parted++;
        plan_unref(plan);
    }
    assert_true(parted > 10);
    belt_free(belt);
}

static void an_equal_price_everywhere_leaves_all_but_the_edges_where_they_are(void **state)
{
    (void)state;
    struct belt *belt = belt_new(4, 2);
    unsigned before[WORLD_SITES], after[WORLD_SITES];
    count_first(belt, before);
    for (unsigned i = 0; i < 4; i++)
        belt->prices_m[i] = 5000000;
    count_first(belt, after);
    for (unsigned i = 0; i < 4; i++)
        assert_true(abs((int)after[i] - (int)before[i]) <= 2 * BUCKETS);
    belt_free(belt);
}

static void behind_the_first_place_the_nearest_stays(void **state)
{
    (void)state;
    struct belt *belt = belt_new(3, 1);
    belt->prices_m[0] = 3000000;
    const struct decision decision = decide(belt->world, &belt->world->spec, 0, 0);
    assert_int_equal(decision.count, 3);
    assert_int_equal(decision.choices[0].endpoint, 1);
    assert_int_equal(decision.choices[1].endpoint, 0);
    assert_int_equal(decision.choices[2].endpoint, 2);
    belt_free(belt);
}

static void a_share_grows_bucket_by_bucket(void **state)
{
    (void)state;
    struct belt *belt = belt_new(3, 1);
    bool taken[BUCKETS] = {false};
    for (unsigned share = 0; share <= SHARE_WHOLE; share += 16) {
        belt->site_shares[1] = (uint16_t)share;
        struct plan *plan = policy_plan(belt->world->policy, &belt->world->state, &belt->world->spec);
        unsigned here = 0;
        for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
            const bool first = first_site(belt, plan, CLASSES / 2, bucket) == 1;
            assert_true(first || !taken[bucket]);
            taken[bucket] = first;
            here += first;
        }
        assert_int_equal(here, share);
        plan_unref(plan);
    }
    belt_free(belt);
}

static void where_nobody_has_a_share_somebody_answers_all_the_same(void **state)
{
    (void)state;
    struct belt *belt = belt_new(3, 1);
    for (unsigned i = 0; i < 3; i++)
        belt->site_shares[i] = 0;
    unsigned counts[WORLD_SITES];
    count_first(belt, counts);
    assert_int_equal(counts[0] + counts[1] + counts[2], CLASSES * BUCKETS);
    belt_free(belt);
}

static void an_endpoint_coming_back_takes_its_share_from_its_peers(void **state)
{
    (void)state;
    struct belt *belt = belt_new(1, 2);
    unsigned before = 0;
    for (unsigned share = 0; share <= SHARE_WHOLE; share += 64) {
        belt->endpoint_shares[1] = (uint16_t)share;
        struct plan *plan = policy_plan(belt->world->policy, &belt->world->state, &belt->world->spec);
        unsigned second = 0;
        for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
            const struct decision decision = plan_decision(plan, 0, bucket);
            second += decision.choices[0].endpoint == 1;
            assert_int_equal(decision.count, 2); /* the other one is there, too */
        }
        assert_true(second >= before && (share > 0 || second == 0));
        before = second;
        plan_unref(plan);
    }
    assert_in_range(before, 90, 166);
    belt_free(belt);
}

/* What a split says is what the plan does, for every way of choosing. */
static void a_split_tells_what_a_plan_does(void **state)
{
    (void)state;
    uint64_t dice = 7;
    for (unsigned turn = 0; turn < 60; turn++) {
        struct belt *belt = belt_new(2 + turn % 5, 1 + turn % 3);
        const size_t sites = belt->world->config.site_count;
        belt->world->spec.policy = (enum policy_kind)(turn % 3);
        belt->world->spec.by_winner = turn % 2;
        for (unsigned i = 0; i < sites; i++) {
            belt->prices_m[i] = dice_below(&dice, 2) ? dice_below(&dice, 4000000) : 0;
            belt->site_shares[i] = (uint16_t)(dice_below(&dice, 3) ? SHARE_WHOLE : dice_below(&dice, SHARE_WHOLE));
        }
        for (unsigned i = 0; i < belt->world->config.endpoint_count; i++)
            if (dice_below(&dice, 5) == 0)
                world_probe(belt->world, i, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 1);
        struct slate slate;
        slate_init(&slate, belt->world->policy, &belt->world->state, &belt->world->spec);
        struct plan *plan = policy_plan(belt->world->policy, &belt->world->state, &belt->world->spec);
        for (unsigned i = 0; slate.kind == SELECTION_STEERED && i < CLASSES; i++) {
            uint16_t split[SITES_MAX], found[SITES_MAX] = {0};
            room_split(belt->world->policy, &slate, &belt->world->spec, i, split);
            for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
                found[first_site(belt, plan, i, bucket)]++;
            assert_memory_equal(split, found, sizeof found);
        }
        plan_unref(plan);
        slate_release(&slate);
        belt_free(belt);
    }
}

static void fingerprints_tell_prices_and_shares_apart(void **state)
{
    (void)state;
    struct belt *belt = belt_new(3, 2);
    const uint64_t before = policy_spec_hash(belt->world->policy, &belt->world->state, &belt->world->spec);
    belt->prices_m[1] = 1;
    const uint64_t priced = policy_spec_hash(belt->world->policy, &belt->world->state, &belt->world->spec);
    belt->prices_m[1] = 0;
    belt->site_shares[2] = 128;
    const uint64_t shared = policy_spec_hash(belt->world->policy, &belt->world->state, &belt->world->spec);
    belt->site_shares[2] = SHARE_WHOLE;
    belt->endpoint_shares[3] = 17;
    const uint64_t endpoint = policy_spec_hash(belt->world->policy, &belt->world->state, &belt->world->spec);
    belt->endpoint_shares[3] = SHARE_WHOLE;
    assert_int_equal(policy_spec_hash(belt->world->policy, &belt->world->state, &belt->world->spec), before);
    assert_true(before != priced && before != shared && before != endpoint && priced != shared && shared != endpoint);
    belt_free(belt);
}

static void every_row_of_buckets_is_a_permutation(void **state)
{
    (void)state;
    uint64_t dice = 3;
    for (unsigned turn = 0; turn < 1000; turn++) {
        const uint32_t seed = dice_below(&dice, UINT32_MAX);
        bool seen[BUCKETS] = {false};
        for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
            seen[share_rank(seed, bucket)] = true;
        for (unsigned i = 0; i < BUCKETS; i++)
            assert_true(seen[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_price_everybody_gets_the_nearest),
        cmocka_unit_test(a_higher_price_never_brings_a_bucket_back),
        cmocka_unit_test(who_is_harmed_least_goes_first),
        cmocka_unit_test(a_class_on_the_edge_is_parted_bucket_by_bucket),
        cmocka_unit_test(an_equal_price_everywhere_leaves_all_but_the_edges_where_they_are),
        cmocka_unit_test(behind_the_first_place_the_nearest_stays),
        cmocka_unit_test(a_share_grows_bucket_by_bucket),
        cmocka_unit_test(where_nobody_has_a_share_somebody_answers_all_the_same),
        cmocka_unit_test(an_endpoint_coming_back_takes_its_share_from_its_peers),
        cmocka_unit_test(a_split_tells_what_a_plan_does),
        cmocka_unit_test(fingerprints_tell_prices_and_shares_apart),
        cmocka_unit_test(every_row_of_buckets_is_a_permutation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
