/* How endpoints stand: verdicts through lenses, the operator's orders, min_up, suspicion, the service and the zone file. */
#include "policy/world.h"

static uint8_t standings[WORLD_ENDPOINTS], causes[WORLD_ENDPOINTS];

static void stand(const struct world *world, int transport, enum family family)
{
    struct plan_spec spec = world->spec;
    spec.transport = transport;
    spec.family = family;
    policy_standings(world->policy, &world->state, &spec, standings, causes);
}

static void expect(unsigned endpoint, enum standing standing, enum cause cause)
{
    assert_string_equal(standing_text(standings[endpoint]), standing_text(standing));
    assert_string_equal(cause_text(causes[endpoint]), cause_text(cause));
}

static int setup(void **state)
{
    struct world *world = world_new();
    world_fill(world, 3, 3);
    world_ready(world);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

static void a_verdict_gives_its_standing(void **state)
{
    struct world *world = *state;
    world_probe(world, 0, FAMILY_V4, TRANSPORT_UDP, VERDICT_UNKNOWN, 1);
    world_probe(world, 1, FAMILY_V4, TRANSPORT_UDP, VERDICT_DRAINING, 1);
    world_probe(world, 2, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 1);
    stand(world, -1, FAMILY_NONE);
    expect(0, STANDING_UNKNOWN, CAUSE_VERDICT);
    expect(1, STANDING_RESERVE, CAUSE_VERDICT);
    expect(2, STANDING_OUT, CAUSE_VERDICT);
    expect(3, STANDING_UP, CAUSE_VERDICT);
}

static void a_transport_is_the_best_of_its_families_and_overall_where_it_is_not_probed(void **state)
{
    struct world *world = *state;
    world_probe(world, 0, FAMILY_V4, TRANSPORT_TCP, VERDICT_DOWN, 1);
    world_probe(world, 0, FAMILY_V6, TRANSPORT_TCP, VERDICT_DRAINING, 1);
    world_probe(world, 0, FAMILY_V4, TRANSPORT_UDP, VERDICT_UP, 1);
    stand(world, TRANSPORT_TCP, FAMILY_NONE);
    expect(0, STANDING_RESERVE, CAUSE_VERDICT);
    stand(world, TRANSPORT_UDP, FAMILY_NONE);
    expect(0, STANDING_UP, CAUSE_VERDICT);
    stand(world, TRANSPORT_TLS, FAMILY_NONE);
    expect(0, STANDING_UP, CAUSE_VERDICT);
    stand(world, -1, FAMILY_NONE);
    expect(0, STANDING_UP, CAUSE_VERDICT);
}

static void a_family_is_the_best_of_its_transports_and_overall_where_it_is_not_probed(void **state)
{
    struct world *world = *state;
    world_probe(world, 0, FAMILY_V6, TRANSPORT_TCP, VERDICT_DOWN, 1);
    world_probe(world, 0, FAMILY_V6, TRANSPORT_UDP, VERDICT_UNKNOWN, 1);
    world_probe(world, 1, FAMILY_V6, TRANSPORT_UDP, VERDICT_DOWN, 1);
    stand(world, -1, FAMILY_V6);
    expect(0, STANDING_UNKNOWN, CAUSE_VERDICT);
    stand(world, -1, FAMILY_V4);
    expect(0, STANDING_UNKNOWN, CAUSE_VERDICT);
    expect(1, STANDING_OUT, CAUSE_VERDICT);
    world_probe(world, 1, FAMILY_V4, TRANSPORT_UDP, VERDICT_UP, 1);
    stand(world, -1, FAMILY_V6);
    expect(1, STANDING_OUT, CAUSE_VERDICT);
    stand(world, -1, FAMILY_V4);
    expect(1, STANDING_UP, CAUSE_VERDICT);
}

static void a_drain_reserves_an_endpoint_or_a_site_and_a_disable_takes_it_out(void **state)
{
    struct world *world = *state;
    world->endpoint_orders[0] = ORDERED_DRAIN;
    world->endpoint_orders[1] = ORDERED_DISABLE;
    world->site_orders[1] = ORDERED_DRAIN;
    world->site_orders[2] = ORDERED_DISABLE;
    stand(world, -1, FAMILY_NONE);
    expect(0, STANDING_RESERVE, CAUSE_ENDPOINT_DRAIN);
    expect(1, STANDING_OUT, CAUSE_ENDPOINT_DISABLE);
    expect(2, STANDING_UP, CAUSE_VERDICT);
    for (unsigned i = 3; i < 6; i++)
        expect(i, STANDING_RESERVE, CAUSE_SITE_DRAIN);
    for (unsigned i = 6; i < 9; i++)
        expect(i, STANDING_OUT, CAUSE_SITE_DISABLE);
}

static void a_drain_does_not_raise_the_dead_and_the_harder_order_wins(void **state)
{
    struct world *world = *state;
    world->site_orders[0] = ORDERED_DRAIN;
    world_probe(world, 0, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 1);
    world->endpoint_orders[1] = ORDERED_DISABLE;
    world->endpoint_orders[3] = ORDERED_DRAIN;
    world->site_orders[1] = ORDERED_DISABLE;
    stand(world, -1, FAMILY_NONE);
    expect(0, STANDING_OUT, CAUSE_VERDICT);
    expect(1, STANDING_OUT, CAUSE_ENDPOINT_DISABLE);
    expect(2, STANDING_RESERVE, CAUSE_SITE_DRAIN);
    expect(3, STANDING_OUT, CAUSE_SITE_DISABLE);
}

static void a_site_in_a_drill_is_out_as_if_it_were_down(void **state)
{
    struct world *world = *state;
    world->site_orders[0] = ORDERED_FAIL;
    world->endpoint_orders[0] = ORDERED_DISABLE;
    world->endpoint_orders[1] = ORDERED_DRAIN;
    stand(world, -1, FAMILY_NONE);
    expect(0, STANDING_OUT, CAUSE_ENDPOINT_DISABLE);
    expect(1, STANDING_OUT, CAUSE_DRILL);
    expect(2, STANDING_OUT, CAUSE_DRILL);
    expect(3, STANDING_UP, CAUSE_VERDICT);
}

static void a_site_below_min_up_is_reserve(void **state)
{
    struct world *world = *state;
    world->sites[0].min_up = 2;
    world_probe(world, 0, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 1);
    stand(world, -1, FAMILY_NONE);
    expect(1, STANDING_UP, CAUSE_VERDICT);
    expect(2, STANDING_UP, CAUSE_VERDICT);
    world_probe(world, 1, FAMILY_V4, TRANSPORT_UDP, VERDICT_UNKNOWN, 1);
    stand(world, -1, FAMILY_NONE);
    expect(1, STANDING_UNKNOWN, CAUSE_VERDICT);
    world->endpoint_orders[2] = ORDERED_DRAIN;
    stand(world, -1, FAMILY_NONE);
    expect(0, STANDING_OUT, CAUSE_VERDICT);
    expect(1, STANDING_RESERVE, CAUSE_MIN_UP);
    expect(2, STANDING_RESERVE, CAUSE_ENDPOINT_DRAIN);
    expect(3, STANDING_UP, CAUSE_VERDICT);
}

static void min_up_counts_through_the_lens(void **state)
{
    struct world *world = *state;
    world->sites[0].min_up = 3;
    world_probe(world, 0, FAMILY_V4, TRANSPORT_TCP, VERDICT_DOWN, 1);
    world_probe(world, 0, FAMILY_V4, TRANSPORT_UDP, VERDICT_UP, 1);
    stand(world, TRANSPORT_UDP, FAMILY_NONE);
    expect(1, STANDING_UP, CAUSE_VERDICT);
    stand(world, TRANSPORT_TCP, FAMILY_NONE);
    expect(1, STANDING_RESERVE, CAUSE_MIN_UP);
}

static void min_up_counts_endpoints_that_the_rrset_does_not_have(void **state)
{
    struct world *world = *state;
    world->sites[0].min_up = 3;
    world->offered[0] &= ~(uint64_t)3;
    stand(world, -1, FAMILY_NONE);
    expect(0, STANDING_OUT, CAUSE_NOT_OFFERED);
    expect(1, STANDING_OUT, CAUSE_NOT_OFFERED);
    expect(2, STANDING_UP, CAUSE_VERDICT);
}

static void a_site_outside_the_service_is_out(void **state)
{
    struct world *world = *state;
    world->spec.site_count = 2;
    stand(world, -1, FAMILY_NONE);
    expect(5, STANDING_UP, CAUSE_VERDICT);
    expect(6, STANDING_OUT, CAUSE_NOT_IN_SERVICE);
}

static void under_suspicion_only_falls_after_its_moment_are_not_believed(void **state)
{
    struct world *world = *state;
    world_probe(world, 0, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 999);
    world_probe(world, 1, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 1000);
    world_probe(world, 2, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 1500);
    world_probe(world, 3, FAMILY_V4, TRANSPORT_UDP, VERDICT_DRAINING, 1500);
    world->state.suspect = true;
    world->state.suspect_since_ms = 1000;
    stand(world, -1, FAMILY_NONE);
    expect(0, STANDING_OUT, CAUSE_VERDICT);
    expect(1, STANDING_UP, CAUSE_SUSPECT);
    expect(2, STANDING_UP, CAUSE_SUSPECT);
    expect(3, STANDING_RESERVE, CAUSE_VERDICT);
    world->state.suspect = false;
    stand(world, -1, FAMILY_NONE);
    expect(1, STANDING_OUT, CAUSE_VERDICT);
}

static void suspicion_does_not_raise_a_transport_that_died_before(void **state)
{
    struct world *world = *state;
    world_probe(world, 0, FAMILY_V4, TRANSPORT_TCP, VERDICT_DOWN, 10);
    world_probe(world, 0, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 1500);
    world->state.suspect = true;
    world->state.suspect_since_ms = 1000;
    stand(world, TRANSPORT_UDP, FAMILY_NONE);
    expect(0, STANDING_UP, CAUSE_SUSPECT);
    stand(world, TRANSPORT_TCP, FAMILY_NONE);
    expect(0, STANDING_OUT, CAUSE_VERDICT);
    stand(world, -1, FAMILY_NONE);
    expect(0, STANDING_UP, CAUSE_SUSPECT);
}

static void a_transport_is_down_since_the_last_of_its_families_fell(void **state)
{
    struct world *world = *state;
    world_probe(world, 0, FAMILY_V4, TRANSPORT_TCP, VERDICT_DOWN, 10);
    world_probe(world, 0, FAMILY_V6, TRANSPORT_TCP, VERDICT_DOWN, 1500);
    world_probe(world, 1, FAMILY_V4, TRANSPORT_TCP, VERDICT_DOWN, 1500);
    world_probe(world, 1, FAMILY_V6, TRANSPORT_TCP, VERDICT_DOWN, 10);
    world->state.suspect = true;
    world->state.suspect_since_ms = 1000;
    stand(world, TRANSPORT_TCP, FAMILY_NONE);
    expect(0, STANDING_UP, CAUSE_SUSPECT);
    expect(1, STANDING_UP, CAUSE_SUSPECT);
    stand(world, -1, FAMILY_V6);
    expect(0, STANDING_UP, CAUSE_SUSPECT);
    expect(1, STANDING_OUT, CAUSE_VERDICT);
}

static void orders_hold_under_suspicion(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 9; i++)
        world_probe(world, i, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 1000);
    world->state.suspect = true;
    world->endpoint_orders[0] = ORDERED_DISABLE;
    world->endpoint_orders[1] = ORDERED_DRAIN;
    stand(world, -1, FAMILY_NONE);
    expect(0, STANDING_OUT, CAUSE_ENDPOINT_DISABLE);
    expect(1, STANDING_RESERVE, CAUSE_ENDPOINT_DRAIN);
    expect(2, STANDING_UP, CAUSE_SUSPECT);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_verdict_gives_its_standing),
        CASE(a_transport_is_the_best_of_its_families_and_overall_where_it_is_not_probed),
        CASE(a_family_is_the_best_of_its_transports_and_overall_where_it_is_not_probed),
        CASE(a_drain_reserves_an_endpoint_or_a_site_and_a_disable_takes_it_out),
        CASE(a_drain_does_not_raise_the_dead_and_the_harder_order_wins),
        CASE(a_site_in_a_drill_is_out_as_if_it_were_down),
        CASE(a_site_below_min_up_is_reserve),
        CASE(min_up_counts_through_the_lens),
        CASE(min_up_counts_endpoints_that_the_rrset_does_not_have),
        CASE(a_site_outside_the_service_is_out),
        CASE(under_suspicion_only_falls_after_its_moment_are_not_believed),
        CASE(suspicion_does_not_raise_a_transport_that_died_before),
        CASE(a_transport_is_down_since_the_last_of_its_families_fell),
        CASE(orders_hold_under_suspicion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
