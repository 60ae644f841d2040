/* Everything at once means us. */
#include "policy/world.h"

static int setup(void **state)
{
    struct world *world = world_new();
    world_fill(world, 3, 2);
    for (unsigned i = 0; i < 6; i++)
        world_probe(world, i, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 100000 + i * 100);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

static bool suspect(const struct world *world, uint64_t *ret_since_ms)
{
    return policy_suspect(&world->config, world->health, 5000, ret_since_ms);
}

static void when_everything_falls_together_we_suspect_ourselves(void **state)
{
    const struct world *world = *state;
    uint64_t since_ms = 0;
    assert_true(suspect(world, &since_ms));
    assert_int_equal(since_ms, 100000);
}

static void one_that_is_not_down_clears_us(void **state)
{
    struct world *world = *state;
    static const enum verdict verdicts[] = {VERDICT_UP, VERDICT_DRAINING, VERDICT_UNKNOWN};
    uint64_t since_ms;
    for (size_t i = 0; i < 3; i++) {
        world_probe(world, 4, FAMILY_V4, TRANSPORT_UDP, verdicts[i], 1);
        assert_false(suspect(world, &since_ms));
    }
}

static void endpoints_without_a_probe_do_not_count(void **state)
{
    struct world *world = *state;
    world->health[0] = (struct endpoint_health){.overall = VERDICT_UP, .reason = REASON_NOT_PROBED};
    uint64_t since_ms;
    assert_true(suspect(world, &since_ms));
    assert_int_equal(since_ms, 100100);
}

static void the_long_dead_are_not_part_of_it(void **state)
{
    struct world *world = *state;
    world_probe(world, 0, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 95499);
    world_probe(world, 1, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 95500);
    uint64_t since_ms;
    assert_true(suspect(world, &since_ms));
    assert_int_equal(since_ms, 95500);
}

static void a_last_survivor_that_falls_alone_is_believed(void **state)
{
    struct world *world = *state;
    world_probe(world, 0, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 900000);
    uint64_t since_ms;
    assert_false(suspect(world, &since_ms));
}

static void a_last_site_that_falls_as_one_is_believed_where_there_are_others(void **state)
{
    struct world *world = *state;
    world_probe(world, 2, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 900000);
    world_probe(world, 3, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 900000);
    uint64_t since_ms;
    assert_false(suspect(world, &since_ms));
    for (unsigned i = 0; i < 6; i++)
        if (i != 2 && i != 3)
            world->health[i] = (struct endpoint_health){.overall = VERDICT_UP, .reason = REASON_NOT_PROBED};
    assert_true(suspect(world, &since_ms));
    assert_int_equal(since_ms, 900000);
}

static void a_lone_probed_endpoint_that_falls_is_believed(void **state)
{
    struct world *world = *state;
    for (unsigned i = 1; i < 6; i++)
        world->health[i] = (struct endpoint_health){.overall = VERDICT_UP, .reason = REASON_NOT_PROBED};
    uint64_t since_ms;
    assert_false(suspect(world, &since_ms));
}

static void nobody_is_suspected_where_nothing_is_probed(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 6; i++)
        world->health[i] = (struct endpoint_health){.overall = VERDICT_UP, .reason = REASON_NOT_PROBED};
    uint64_t since_ms;
    assert_false(suspect(world, &since_ms));
}

static void the_facets_that_fell_first_are_part_of_the_fall(void **state)
{
    struct world *world = *state;
    world_probe(world, 0, FAMILY_V6, TRANSPORT_UDP, VERDICT_DOWN, 99000);
    world_probe(world, 1, FAMILY_V6, TRANSPORT_UDP, VERDICT_DOWN, 50);
    uint64_t since_ms;
    assert_true(suspect(world, &since_ms));
    assert_int_equal(since_ms, 99000);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(when_everything_falls_together_we_suspect_ourselves),
        CASE(one_that_is_not_down_clears_us),
        CASE(endpoints_without_a_probe_do_not_count),
        CASE(the_long_dead_are_not_part_of_it),
        CASE(a_last_survivor_that_falls_alone_is_believed),
        CASE(a_last_site_that_falls_as_one_is_believed_where_there_are_others),
        CASE(a_lone_probed_endpoint_that_falls_is_believed),
        CASE(nobody_is_suspected_where_nothing_is_probed),
        CASE(the_facets_that_fell_first_are_part_of_the_fall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
