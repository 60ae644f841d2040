/* Safety: probes alone never take out more than they may, and what is kept is what fell last. */
#include "policy/random.h"

static uint8_t kept[WORLD_ENDPOINTS];

static struct world *world_of(unsigned sites, unsigned endpoints, unsigned max_down, unsigned keep_sites)
{
    struct world *world = world_new();
    world_fill(world, sites, endpoints);
    world->config.judgement.safety = (struct safety_config){max_down, keep_sites};
    world_ready(world);
    return world;
}

static void down(struct world *world, unsigned endpoint, uint64_t since_ms)
{
    world_probe(world, endpoint, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, since_ms);
}

static size_t keep(struct world *world)
{
    return policy_safety(&world->config, &world->state, kept);
}

static void without_limits_every_fall_is_believed(void **state)
{
    (void)state;
    struct world *world = world_of(2, 2, 100, 0);
    for (unsigned i = 0; i < 4; i++)
        down(world, i, i);
    assert_int_equal(keep(world), 0);
    world_free(world);
}

static void of_two_sites_one_may_fall_at_half(void **state)
{
    (void)state;
    struct world *world = world_of(2, 2, 50, 0);
    down(world, 0, 10);
    down(world, 1, 20);
    assert_int_equal(keep(world), 0);
    down(world, 3, 30);
    assert_int_equal(keep(world), 1);
    assert_true(kept[3]);
    world_probe(world, 0, FAMILY_V4, TRANSPORT_UDP, VERDICT_UP, 40); /* makes room */
    assert_int_equal(keep(world), 0);
    world_free(world);
}

static void the_first_to_fall_are_believed_and_the_last_are_kept(void **state)
{
    (void)state;
    struct world *world = world_of(4, 1, 50, 0);
    down(world, 0, 40);
    down(world, 1, 10);
    down(world, 2, 30);
    down(world, 3, 20);
    assert_int_equal(keep(world), 2);
    assert_true(kept[0] && kept[2]);
    world_free(world);
}

static void shares_are_of_calls_then_of_cps_then_of_weight(void **state)
{
    (void)state;
    struct world *world = world_of(2, 1, 40, 0);
    world->endpoints[0].weight = 10;
    world->endpoints[1].weight = 90;
    down(world, 0, 1);
    assert_int_equal(keep(world), 0);
    world->endpoints[0].limits = (struct limits){.calls = 0, .cps = 70};
    world->endpoints[1].limits = (struct limits){.calls = 5, .cps = 30};
    assert_int_equal(keep(world), 1); /* not all have calls: by cps it is 70 % */
    world->endpoints[0].limits.calls = 1;
    assert_int_equal(keep(world), 0);
    world_free(world);
}

static void the_last_sites_stay_with_who_fell_last(void **state)
{
    (void)state;
    struct world *world = world_of(3, 2, 100, 2);
    for (unsigned i = 0; i < 6; i++)
        down(world, i, 10 - i);
    assert_int_equal(keep(world), 2); /* one of each of two sites */
    assert_true(kept[0] && kept[2]);
    world_free(world);
}

static void sites_that_are_ordered_out_are_none_that_stay(void **state)
{
    (void)state;
    struct world *world = world_of(3, 1, 100, 1);
    world->site_orders[0] = ORDERED_DISABLE;
    world->endpoint_orders[1] = ORDERED_DRAIN;
    down(world, 2, 1);
    assert_int_equal(keep(world), 1);
    assert_true(kept[2]);
    world_free(world);
}

static void an_order_is_never_hidden(void **state)
{
    (void)state;
    struct world *world = world_of(2, 1, 1, 2);
    uint8_t standings[WORLD_ENDPOINTS], causes[WORLD_ENDPOINTS];
    world->endpoint_orders[0] = ORDERED_DISABLE;
    world->site_orders[1] = ORDERED_DRAIN;
    down(world, 0, 1);
    down(world, 1, 2);
    assert_int_equal(keep(world), 0);
    world->state.kept = (const uint8_t[]){true, true}; /* even if it were kept */
    policy_standings(world->policy, &world->state, &world->spec, standings, causes);
    assert_int_equal(causes[0], CAUSE_ENDPOINT_DISABLE);
    assert_int_equal(causes[1], CAUSE_SITE_DRAIN);
    world_free(world);
}

static void what_suspicion_does_not_believe_takes_nothing_out(void **state)
{
    (void)state;
    struct world *world = world_of(4, 1, 50, 0);
    for (unsigned i = 0; i < 4; i++)
        down(world, i, i < 2 ? 10 : 100);
    world->state.suspect = true;
    world->state.suspect_since_ms = 100;
    assert_int_equal(keep(world), 0);
    world->state.suspect_since_ms = 50;
    world->config.judgement.safety.max_down = 25;
    assert_int_equal(keep(world), 1);
    assert_true(kept[1]);
    world_free(world);
}

static void a_check_that_a_whole_site_depends_on_takes_out_no_more_either(void **state)
{
    (void)state;
    struct world *world = world_of(2, 2, 50, 0);
    struct depend depend = {.check = 0, .takes = TAKES_SITE};
    uint8_t standings[WORLD_ENDPOINTS], causes[WORLD_ENDPOINTS];
    for (unsigned i = 0; i < 2; i++)
        world->sites[i].needs = (struct needs){.depends = &depend, .depend_count = 1};
    const struct endpoint_health db = {.overall = VERDICT_DOWN, .since_ms = 5};
    world->state.checks = &db;
    assert_int_equal(keep(world), 2);
    world->state.kept = kept;
    policy_standings(world->policy, &world->state, &world->spec, standings, causes);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(standings[i], i < 2 ? STANDING_LAST : STANDING_UP);
        assert_int_equal(causes[i], i < 2 ? CAUSE_DEPENDS : CAUSE_SAFETY);
    }
    world_free(world);
}

/* Of all worlds: what probes take out fits, sites stay, orders count, and who is kept did fall. */
static void long_random_runs_keep_the_promises(void **state)
{
    (void)state;
    static uint8_t orders[CLASSES * WORLD_SITES], standings[WORLD_ENDPOINTS], causes[WORLD_ENDPOINTS];
    uint64_t dice = 3;
    size_t kept_ever = 0;
    for (unsigned run = 0; run < 400; run++) {
        struct world *world = random_world(&dice, orders);
        world->config.judgement.safety = (struct safety_config){1 + dice_below(&dice, 100), dice_below(&dice, 4)};
        random_state(world, &dice);
        kept_ever += keep(world);
        uint64_t whole = 0, out = 0;
        unsigned left[WORLD_SITES] = {0}, possible[WORLD_SITES] = {0}, sites_left = 0, sites_possible = 0;
        for (size_t i = 0; i < world->config.endpoint_count; i++) {
            const uint8_t site = world->endpoints[i].site;
            const bool ordered = world->endpoint_orders[i] || world->site_orders[site];
            const uint64_t size = world->endpoints[i].weight ? world->endpoints[i].weight : 1;
            const bool is_down = world->health[i].overall == VERDICT_DOWN &&
                                 !(world->state.suspect && world->health[i].since_ms >= world->state.suspect_since_ms);
            whole += size;
            out += !ordered && is_down && !kept[i] ? size : 0;
            possible[site] += !ordered;
            left[site] += !ordered && !(is_down && !kept[i]);
            if (kept[i])
                assert_true(is_down && !ordered);
        }
        for (size_t i = 0; i < world->config.site_count; i++) {
            sites_left += left[i] > 0;
            sites_possible += possible[i] > 0;
        }
        const struct safety_config *safety = &world->config.judgement.safety;
        assert_true(out * 100 <= whole * safety->max_down);
        assert_true(sites_left >= (sites_possible < safety->keep_sites ? sites_possible : safety->keep_sites));
        world->state.kept = kept;
        policy_standings(world->policy, &world->state, &world->spec, standings, causes);
        for (size_t i = 0; i < world->config.endpoint_count; i++)
            if (causes[i] == CAUSE_SAFETY)
                assert_true(kept[i] && standings[i] == STANDING_UP);
        world_free(world);
    }
    assert_true(kept_ever > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_limits_every_fall_is_believed),
        cmocka_unit_test(of_two_sites_one_may_fall_at_half),
        cmocka_unit_test(the_first_to_fall_are_believed_and_the_last_are_kept),
        cmocka_unit_test(shares_are_of_calls_then_of_cps_then_of_weight),
        cmocka_unit_test(the_last_sites_stay_with_who_fell_last),
        cmocka_unit_test(sites_that_are_ordered_out_are_none_that_stay),
        cmocka_unit_test(an_order_is_never_hidden),
        cmocka_unit_test(what_suspicion_does_not_believe_takes_nothing_out),
        cmocka_unit_test(a_check_that_a_whole_site_depends_on_takes_out_no_more_either),
        cmocka_unit_test(long_random_runs_keep_the_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
