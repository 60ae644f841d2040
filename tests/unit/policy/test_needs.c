/* What sites need besides living endpoints: capacity, and checks that they depend on; and who is only held down. */
#include "policy/world.h"

static uint8_t standings[WORLD_ENDPOINTS], causes[WORLD_ENDPOINTS];

static void stand(const struct world *world)
{
    policy_standings(world->policy, &world->state, &world->spec, standings, causes);
}

static void expect(unsigned endpoint, enum standing standing, enum cause cause)
{
    assert_string_equal(standing_text(standings[endpoint]), standing_text(standing));
    assert_string_equal(cause_text(causes[endpoint]), cause_text(cause));
}

static struct depend depends[2];
static struct endpoint_health checks[2];

static int setup(void **state)
{
    struct world *world = world_new();
    world_fill(world, 2, 2);
    world_ready(world);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

/* The first site depends on a check of that verdict. */
static void depend(struct world *world, enum takes takes, enum verdict verdict)
{
    depends[0] = (struct depend){.check = 0, .number = 0, .takes = takes};
    world->sites[0].needs.depends = depends;
    world->sites[0].needs.depend_count = 1;
    checks[0] = (struct endpoint_health){.overall = verdict, .since_ms = 50};
    world->state.checks = checks;
}

static void a_site_with_too_little_capacity_alive_is_reserve(void **state)
{
    struct world *world = *state;
    world->sites[0].needs.min_capacity = 50;
    world_probe(world, 0, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 1);
    stand(world);
    expect(1, STANDING_UP, CAUSE_VERDICT); /* half of the weights */
    world->endpoints[0].limits.calls = 600;
    world->endpoints[1].limits.calls = 500;
    stand(world);
    expect(0, STANDING_OUT, CAUSE_VERDICT);
    expect(1, STANDING_RESERVE, CAUSE_MIN_CAPACITY);
    world->endpoints[0].limits.calls = 500;
    stand(world);
    expect(1, STANDING_UP, CAUSE_VERDICT);
    world->endpoints[0].limits.calls = 0; /* not said: weights count for all */
    world->endpoints[0].weight = 101;
    stand(world);
    expect(1, STANDING_RESERVE, CAUSE_MIN_CAPACITY);
}

static void one_that_is_held_down_is_the_last_resort(void **state)
{
    struct world *world = *state;
    world_probe(world, 0, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 1);
    world->health[0].held = world->health[0].of[0][TRANSPORT_UDP].held = true;
    stand(world);
    expect(0, STANDING_LAST, CAUSE_HELD);
    world->endpoint_orders[0] = ORDERED_DISABLE;
    stand(world);
    expect(0, STANDING_OUT, CAUSE_ENDPOINT_DISABLE);
    world->endpoint_orders[0] = ORDERED_NOTHING;
    for (unsigned i = 1; i < 4; i++)
        world_probe(world, i, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, i);
    world->spec.on_all_down = ALL_DOWN_EMPTY;
    const struct decision alone = decide(world, &world->spec, 0, 0);
    assert_int_equal(alone.kind, SELECTION_STEERED);
    assert_true(decision_has(&alone, 1, (const uint16_t[]){0}));
    world_probe(world, 3, FAMILY_V4, TRANSPORT_UDP, VERDICT_DRAINING, 9);
    const struct decision behind = decide(world, &world->spec, 0, 0);
    assert_int_equal(behind.count, 2);
    assert_int_equal(behind.choices[0].endpoint, 3); /* before it stands who is merely draining, at a farther site */
}

static void a_check_that_has_failed_makes_its_site_the_last_resort(void **state)
{
    struct world *world = *state;
    depend(world, TAKES_SITE, VERDICT_DOWN);
    world->endpoint_orders[1] = ORDERED_DRAIN;
    stand(world);
    expect(0, STANDING_LAST, CAUSE_DEPENDS);
    expect(1, STANDING_LAST, CAUSE_DEPENDS);
    expect(2, STANDING_UP, CAUSE_VERDICT);
    world_probe(world, 0, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 1);
    world->endpoint_orders[1] = ORDERED_DISABLE;
    stand(world);
    expect(0, STANDING_OUT, CAUSE_VERDICT);
    expect(1, STANDING_OUT, CAUSE_ENDPOINT_DISABLE);
}

static void a_check_that_drains_puts_its_site_in_reserve_and_an_unknown_one_does_nothing(void **state)
{
    struct world *world = *state;
    depend(world, TAKES_SITE, VERDICT_DRAINING);
    stand(world);
    expect(0, STANDING_RESERVE, CAUSE_DEPENDS);
    depend(world, TAKES_SITE, VERDICT_UNKNOWN);
    stand(world);
    expect(0, STANDING_UP, CAUSE_VERDICT);
    depend(world, TAKES_SITE, VERDICT_UP);
    stand(world);
    expect(0, STANDING_UP, CAUSE_VERDICT);
    depend(world, TAKES_SITE, VERDICT_DOWN);
    world->state.checks = NULL; /* a plan made ahead knows of no checks */
    stand(world);
    expect(0, STANDING_UP, CAUSE_VERDICT);
}

static void the_worst_of_several_checks_counts(void **state)
{
    struct world *world = *state;
    depend(world, TAKES_SITE, VERDICT_DRAINING);
    depends[1] = (struct depend){.check = 1, .number = 1, .takes = TAKES_SITE};
    world->sites[0].needs.depend_count = 2;
    checks[1] = (struct endpoint_health){.overall = VERDICT_DOWN};
    stand(world);
    expect(0, STANDING_LAST, CAUSE_DEPENDS);
}

static void a_check_may_take_one_service_alone_and_plans_are_told_apart(void **state)
{
    struct world *world = *state;
    static const uint64_t bit = 1, other = 2;
    depend(world, TAKES_SERVICE, VERDICT_DOWN);
    stand(world);
    expect(0, STANDING_UP, CAUSE_VERDICT);
    struct plan_spec concerned = world->spec, elsewhere = world->spec;
    concerned.depends = &bit;
    elsewhere.depends = &other;
    assert_int_equal(policy_spec_hash(world->policy, &world->state, &elsewhere),
                     policy_spec_hash(world->policy, &world->state, &world->spec));
    assert_int_not_equal(policy_spec_hash(world->policy, &world->state, &concerned),
                         policy_spec_hash(world->policy, &world->state, &world->spec));
    assert_true(decide(world, &concerned, 0, 0).choices[0].endpoint >= 2);
    assert_true(decide(world, &elsewhere, 0, 0).choices[0].endpoint < 2);
    depend(world, TAKES_SERVICE, VERDICT_UP); /* then they share a plan */
    assert_int_equal(policy_spec_hash(world->policy, &world->state, &concerned),
                     policy_spec_hash(world->policy, &world->state, &world->spec));
}

static void with_a_check_failed_everywhere_nobody_is_turned_away(void **state)
{
    struct world *world = *state;
    depend(world, TAKES_SITE, VERDICT_DOWN);
    world->sites[1].needs = world->sites[0].needs;
    world_probe(world, 0, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 1);
    world->spec.on_all_down = ALL_DOWN_EMPTY;
    const struct decision decision = decide(world, &world->spec, 0, 0);
    assert_true(decision_has(&decision, 3, (const uint16_t[]){1, 2, 3}));
}

static void a_check_that_fell_with_everything_is_not_believed(void **state)
{
    struct world *world = *state;
    depend(world, TAKES_SITE, VERDICT_DOWN);
    world->state.suspect = true;
    world->state.suspect_since_ms = 50;
    stand(world);
    expect(0, STANDING_UP, CAUSE_VERDICT);
    world->state.suspect_since_ms = 51;
    stand(world);
    expect(0, STANDING_LAST, CAUSE_DEPENDS);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_site_with_too_little_capacity_alive_is_reserve),
        CASE(one_that_is_held_down_is_the_last_resort),
        CASE(a_check_that_has_failed_makes_its_site_the_last_resort),
        CASE(a_check_that_drains_puts_its_site_in_reserve_and_an_unknown_one_does_nothing),
        CASE(the_worst_of_several_checks_counts),
        CASE(a_check_may_take_one_service_alone_and_plans_are_told_apart),
        CASE(with_a_check_failed_everywhere_nobody_is_turned_away),
        CASE(a_check_that_fell_with_everything_is_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
