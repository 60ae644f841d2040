/* The draws: fair by weight, the same everywhere, and moving no more than they must. */
#include "policy/world.h"

#include "base/addr.h"

#include <stdio.h>

static struct plan_spec winner_spec(const struct world *world, enum policy_kind policy)
{
    struct plan_spec spec = world->spec;
    spec.policy = policy;
    spec.targets = 1;
    return spec;
}

static void winners_of(const struct world *world, enum policy_kind policy, uint16_t ret_winners[BUCKETS])
{
    const struct plan_spec spec = winner_spec(world, policy);
    struct plan *plan = policy_plan(world->policy, &world->state, &spec);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        ret_winners[bucket] = plan_decision(plan, 0, bucket).choices[0].endpoint;
    plan_unref(plan);
}

/* Takes each of the endpoints away in turn and brings it back. */
static void check_moves(struct world *world, enum policy_kind policy, unsigned from, unsigned count)
{
    uint16_t before[BUCKETS], without[BUCKETS], after[BUCKETS];
    winners_of(world, policy, before);
    for (unsigned gone = from; gone < from + count; gone++) {
        world->health[gone].overall = VERDICT_DOWN;
        winners_of(world, policy, without);
        for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
            if (before[bucket] == gone)
                assert_int_not_equal(without[bucket], gone);
            else
                assert_int_equal(without[bucket], before[bucket]);
        }
        world->health[gone].overall = VERDICT_UP;
        winners_of(world, policy, after);
        assert_memory_equal(before, after, sizeof before);
    }
}

static void losing_a_site_moves_only_its_buckets_and_its_return_restores_them(void **state)
{
    (void)state;
    for (unsigned sites = 2; sites <= 12; sites += 2) {
        for (unsigned skew = 0; skew < 2; skew++) {
            struct world *world = world_new();
            for (unsigned i = 0; i < sites; i++) {
                world_site(world, (char[]){'s', (char)('a' + i), 0});
                world_endpoint(world, 1, skew ? 10 + 37 * i : 100);
            }
            world_ready(world);
            check_moves(world, POLICY_WEIGHTED, 0, sites);
            world_free(world);
        }
    }
}

static void losing_an_endpoint_moves_only_its_buckets_and_its_return_restores_them(void **state)
{
    (void)state;
    for (unsigned endpoints = 2; endpoints <= 17; endpoints += 3) {
        for (unsigned skew = 0; skew < 2; skew++) {
            struct world *world = world_new();
            world_site(world, "first");
            for (unsigned i = 0; i < endpoints; i++)
                world_endpoint(world, 1, skew ? 1 + 20 * i : 100);
            world_ready(world);
            check_moves(world, POLICY_NEAREST, 0, endpoints);
            world_free(world);
        }
    }
}

static void whoever_is_next_in_the_list_is_the_winner_when_the_first_falls(void **state)
{
    (void)state;
    struct world *world = world_new();
    world_fill(world, 2, 5);
    world_ready(world);
    struct plan *plan = policy_plan(world->policy, &world->state, &world->spec);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const struct decision all = plan_decision(plan, 0, bucket);
        world->health[all.choices[0].endpoint].overall = VERDICT_DOWN;
        const struct decision fewer = decide(world, &world->spec, 0, bucket);
        for (unsigned i = 0; i + 1 < all.count; i++)
            assert_int_equal(fewer.choices[i].endpoint, all.choices[i + 1].endpoint);
        world->health[all.choices[0].endpoint].overall = VERDICT_UP;
    }
    plan_unref(plan);
    world_free(world);
}

static void draws_follow_names_whatever_the_indices_are(void **state)
{
    (void)state;
    struct world *world = world_new(), *other = world_new();
    world_fill(world, 3, 4);
    world_ready(world);
    /* The same sites and hosts, all in reverse. */
    for (unsigned i = 3; i-- > 0;) {
        world_site(other, (char[]){'s', (char)('a' + i), 0});
        for (unsigned k = 0; k < 4; k++)
            world_endpoint(other, 1, 100);
        for (unsigned k = 0; k < 2; k++) {
            struct endpoint *left = &other->endpoints[(2 - i) * 4 + k], *right = &other->endpoints[(2 - i) * 4 + 3 - k];
            char *host = left->host;
            left->host = right->host;
            right->host = host;
        }
    }
    world_ready(other);
    uint16_t winners[BUCKETS], others[BUCKETS];
    winners_of(world, POLICY_WEIGHTED, winners);
    winners_of(other, POLICY_WEIGHTED, others);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        assert_string_equal(world->endpoints[winners[bucket]].host, other->endpoints[others[bucket]].host);
    world_free(world);
    world_free(other);
}

/* 256 draws are few: within four standard deviations of the binomial. */
static void check_share(unsigned won, double share)
{
    const double mean = BUCKETS * share, room = 16 * BUCKETS * share * (1 - share);
    assert_true((won - mean) * (won - mean) <= room);
}

static void winners_come_in_proportion_to_weight(void **state)
{
    (void)state;
    static const unsigned weights[] = {1, 100, 200, 300, 400};
    struct world *world = world_new();
    world_site(world, "only");
    for (unsigned i = 0; i < 5; i++)
        world_endpoint(world, 1, weights[i]);
    world_ready(world);
    uint16_t winners[BUCKETS];
    unsigned won[5] = {0};
    winners_of(world, POLICY_NEAREST, winners);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        won[winners[bucket]]++;
    for (unsigned i = 1; i < 5; i++)
        check_share(won[i], weights[i] / 1001.0);
    assert_true(won[0] <= 3);
    world_free(world);
}

static void a_site_weighs_what_its_lowest_tier_does(void **state)
{
    (void)state;
    struct world *world = world_new();
    world_site(world, "small");
    world_endpoint(world, 2, 60000);
    world_endpoint(world, 1, 50);
    world_endpoint(world, 1, 50);
    world_site(world, "large");
    world_endpoint(world, 1, 300);
    world_ready(world);
    uint16_t winners[BUCKETS];
    unsigned large = 0;
    winners_of(world, POLICY_WEIGHTED, winners);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        large += winners[bucket] == 3;
    check_share(large, 0.75);
    world_free(world);
}

static void weight_0_is_last_of_its_tier_but_not_never(void **state)
{
    (void)state;
    struct world *world = world_new();
    world_site(world, "only");
    world_endpoint(world, 1, 0);
    world_endpoint(world, 1, 1);
    world_endpoint(world, 1, 0);
    world_endpoint(world, 2, 100);
    world_ready(world);
    struct plan *plan = policy_plan(world->policy, &world->state, &world->spec);
    unsigned first_of_zeros = 0;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const struct decision decision = plan_decision(plan, 0, bucket);
        assert_int_equal(decision.choices[0].endpoint, 1);
        assert_int_equal(decision.choices[3].endpoint, 3);
        first_of_zeros += decision.choices[1].endpoint == 0;
    }
    check_share(first_of_zeros, 0.5);
    plan_unref(plan);
    world_free(world);
}

static void endpoints_of_one_name_do_not_break_the_draw(void **state)
{
    (void)state;
    struct world *world = world_new();
    world_fill(world, 1, 2);
    free(world->endpoints[1].host);
    world->endpoints[1].host = mem_text(world->endpoints[0].host);
    world_ready(world);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const struct decision decision = decide(world, &world->spec, 0, bucket);
        assert_true(decision_has(&decision, 2, (uint16_t[]){0, 1}));
    }
    world_free(world);
}

/* Another value here means that an upgrade would move every client. */
static void the_draws_are_the_ones_they_have_always_been(void **state)
{
    (void)state;
    struct world *world = world_new();
    world_fill(world, 4, 3);
    world_ready(world);
    uint16_t winners[BUCKETS];
    uint64_t hash = 0;
    winners_of(world, POLICY_WEIGHTED, winners);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        hash = hash_mix(hash + winners[bucket] + 1);
    assert_int_equal(hash, 0x59cd9362b1971ae6);
    world_free(world);
}

static unsigned bucket_of(const char *text, unsigned len)
{
    struct addr addr;
    assert_true(addr_parse(text, &addr));
    return policy_bucket(&addr, len);
}

static void a_bucket_is_of_the_sticky_prefix(void **state)
{
    (void)state;
    for (unsigned i = 1; i < 256; i++) {
        char text[32];
        snprintf(text, sizeof text, "192.0.2.%u", i);
        assert_int_equal(bucket_of(text, 24), bucket_of("192.0.2.0", 24));
        snprintf(text, sizeof text, "2001:db8:1:%x::1", i);
        assert_int_equal(bucket_of(text, 48), bucket_of("2001:db8:1::", 48));
    }
    unsigned differ = 0;
    for (unsigned i = 1; i < 256; i++) {
        char text[32];
        snprintf(text, sizeof text, "192.0.%u.1", i);
        differ += bucket_of(text, 24) != bucket_of("192.0.0.1", 24);
    }
    assert_true(differ > 240);
}

static void buckets_are_the_ones_they_have_always_been(void **state)
{
    (void)state;
    assert_int_equal(bucket_of("192.0.2.0", 24), 241);
    assert_int_equal(bucket_of("198.51.100.7", 32), 180);
    assert_int_equal(bucket_of("2001:db8:1::", 48), 113);
    assert_int_equal(bucket_of("::", 0), 204);
    assert_int_equal(bucket_of("0.0.0.0", 0), 146);
}

static void neighbouring_prefixes_fill_all_buckets_evenly(void **state)
{
    (void)state;
    unsigned count[BUCKETS] = {0};
    for (unsigned i = 0; i < 64 * BUCKETS; i++) {
        const struct addr addr = {FAMILY_V4, {10, (uint8_t)(i >> 8), (uint8_t)i, 77}};
        count[policy_bucket(&addr, 24)]++;
    }
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        assert_in_range(count[bucket], 24, 112);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losing_a_site_moves_only_its_buckets_and_its_return_restores_them),
        cmocka_unit_test(losing_an_endpoint_moves_only_its_buckets_and_its_return_restores_them),
        cmocka_unit_test(whoever_is_next_in_the_list_is_the_winner_when_the_first_falls),
        cmocka_unit_test(draws_follow_names_whatever_the_indices_are),
        cmocka_unit_test(winners_come_in_proportion_to_weight),
        cmocka_unit_test(a_site_weighs_what_its_lowest_tier_does),
        cmocka_unit_test(weight_0_is_last_of_its_tier_but_not_never),
        cmocka_unit_test(endpoints_of_one_name_do_not_break_the_draw),
        cmocka_unit_test(the_draws_are_the_ones_they_have_always_been),
        cmocka_unit_test(a_bucket_is_of_the_sticky_prefix),
        cmocka_unit_test(buckets_are_the_ones_they_have_always_been),
        cmocka_unit_test(neighbouring_prefixes_fill_all_buckets_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
