/* The rules, one by one, as plans show them. */
#include "policy/world.h"

static struct world *three_sites(unsigned endpoints)
{
    struct world *world = world_new();
    world_fill(world, 3, endpoints);
    world_ready(world);
    return world;
}

/* The site of each place of an answer, as "001". */
static const char *sites_of(const struct world *world, const struct decision *decision)
{
    static char text[TARGETS_MAX + 1];
    for (unsigned i = 0; i < decision->count; i++)
        text[i] = (char)('0' + world->endpoints[decision->choices[i].endpoint].site);
    text[decision->count] = 0;
    return text;
}

/* Of every bucket of the class. */
static void expect_sites(const struct world *world, const struct plan_spec *spec, uint32_t class_number, const char *sites)
{
    struct plan *plan = policy_plan(world->policy, &world->state, spec);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const struct decision decision = plan_decision(plan, class_number, bucket);
        assert_int_equal(decision.kind, SELECTION_STEERED);
        assert_string_equal(sites_of(world, &decision), sites);
    }
    plan_unref(plan);
}

static void put_down(struct world *world, unsigned from, unsigned count)
{
    for (unsigned i = from; i < from + count; i++)
        world->health[i].overall = VERDICT_DOWN;
}

static void nearest_follows_the_order_of_the_class(void **state)
{
    (void)state;
    static const uint8_t orders[] = {0, 1, 2, 1, 2, 0, 2, 0, 1};
    struct world *world = world_new();
    world_fill(world, 3, 2);
    world->classes = (struct classes){.count = 3, .orders = orders};
    world_ready(world);
    expect_sites(world, &world->spec, 0, "0011");
    expect_sites(world, &world->spec, 1, "1122");
    expect_sites(world, &world->spec, 2, "2200");
    world->spec.sites = (const uint8_t[]){2, 0}; /* a service of two sites: still the class's order */
    world->spec.site_count = 2;
    expect_sites(world, &world->spec, 0, "0022");
    expect_sites(world, &world->spec, 1, "2200");
    world_free(world);
}

static void ordered_follows_the_order_of_the_service(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    world->spec.policy = POLICY_ORDERED;
    world->spec.sites = (const uint8_t[]){2, 0, 1};
    expect_sites(world, &world->spec, 0, "2200");
    put_down(world, 0, 2);
    expect_sites(world, &world->spec, 0, "2211");
    world_free(world);
}

static void weighted_gives_each_bucket_its_own_order_and_every_class_the_same(void **state)
{
    (void)state;
    static const uint8_t orders[] = {0, 1, 2, 2, 1, 0};
    struct world *world = world_new();
    world_fill(world, 3, 1);
    world->classes = (struct classes){.count = 2, .orders = orders};
    world_ready(world);
    world->spec.policy = POLICY_WEIGHTED;
    struct plan *plan = policy_plan(world->policy, &world->state, &world->spec);
    assert_int_equal(plan->run_count, 1);
    unsigned first[3] = {0};
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const struct decision decision = plan_decision(plan, 0, bucket);
        assert_int_equal(decision.count, 3);
        first[decision.choices[0].endpoint]++;
        assert_int_equal(plan->run_of_class[1], 0);
    }
    for (unsigned i = 0; i < 3; i++)
        assert_in_range(first[i], 50, 120);
    assert_int_equal(plan->selection_count, 6); /* of 3 sites all orders, each once */
    plan_unref(plan);
    world_free(world);
}

static void lower_tiers_come_first_and_leave_the_site_last(void **state)
{
    (void)state;
    struct world *world = world_new();
    world_site(world, "a");
    world_endpoint(world, 2, 60000);
    world_endpoint(world, 1, 1);
    world_endpoint(world, 1, 1);
    world_site(world, "b");
    world_endpoint(world, 1, 100);
    world_ready(world);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const struct decision decision = decide(world, &world->spec, 0, bucket);
        assert_int_equal(decision.count, 4);
        assert_true(decision.choices[0].endpoint + decision.choices[1].endpoint == 3);
        assert_int_equal(decision.choices[2].endpoint, 0);
        assert_int_equal(decision.choices[3].endpoint, 3);
    }
    world_free(world);
}

static void the_unknown_stand_behind_the_up_ones_of_their_tier(void **state)
{
    (void)state;
    struct world *world = world_new();
    world_site(world, "a");
    world_endpoint(world, 1, 60000);
    world_endpoint(world, 1, 1);
    world_endpoint(world, 2, 100);
    world_ready(world);
    world->health[0].overall = VERDICT_UNKNOWN;
    static const uint16_t expected[] = {1, 0, 2};
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const struct decision decision = decide(world, &world->spec, 0, bucket);
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(decision.choices[i].endpoint, expected[i]);
    }
    world_free(world);
}

static void a_site_where_all_are_unknown_stands_behind_all_that_have_somebody_up(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    world->health[0].overall = world->health[1].overall = VERDICT_UNKNOWN;
    world->health[2].overall = VERDICT_UNKNOWN;
    world->spec.targets = 6;
    expect_sites(world, &world->spec, 0, "112200");
    for (unsigned i = 0; i < 6; i++)
        world->health[i].overall = VERDICT_UNKNOWN;
    expect_sites(world, &world->spec, 0, "001122");
    world_free(world);
}

static void the_down_and_the_draining_are_left_out(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    world->health[0].overall = VERDICT_DOWN;
    world->health[1].overall = VERDICT_DRAINING;
    world->health[2].overall = VERDICT_DOWN;
    expect_sites(world, &world->spec, 0, "122");
    world_free(world);
}

static void the_draining_serve_when_nobody_else_can(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    put_down(world, 0, 6);
    world->health[1].overall = world->health[4].overall = VERDICT_DRAINING;
    world->endpoint_orders[5] = ORDERED_DRAIN;
    expect_sites(world, &world->spec, 0, "02");
    world->health[5].overall = VERDICT_UNKNOWN; /* but drained */
    expect_sites(world, &world->spec, 0, "022");
    world->endpoint_orders[5] = ORDERED_NOTHING;
    expect_sites(world, &world->spec, 0, "2");
    world_free(world);
}

static void a_site_below_min_up_serves_only_as_the_last_resort(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    world->sites[0].min_up = 2;
    put_down(world, 0, 1);
    expect_sites(world, &world->spec, 0, "1122");
    put_down(world, 2, 4);
    expect_sites(world, &world->spec, 0, "0");
    world_free(world);
}

static void drains_and_disables_move_callers_at_each_scope(void **state)
{
    (void)state;
    static const enum order_state orders[] = {ORDERED_DRAIN, ORDERED_DISABLE};
    for (unsigned i = 0; i < 2; i++) {
        struct world *world = three_sites(2);
        world->endpoint_orders[0] = (uint8_t)orders[i];
        expect_sites(world, &world->spec, 0, "0112");
        world->site_orders[0] = (uint8_t)orders[i];
        expect_sites(world, &world->spec, 0, "1122");
        world->site_orders[1] = (uint8_t)orders[i];
        expect_sites(world, &world->spec, 0, "22");
        world->site_orders[2] = (uint8_t)orders[i];
        world->spec.targets = 6;
        world->spec.on_all_down = ALL_DOWN_EMPTY;
        const struct decision decision = decide(world, &world->spec, 0, 0);
        assert_int_equal(decision.kind, orders[i] == ORDERED_DRAIN ? SELECTION_STEERED : SELECTION_EMPTY);
        assert_int_equal(decision.count, orders[i] == ORDERED_DRAIN ? 6 : 0);
        world_free(world);
    }
}

static void when_all_are_down_the_service_says_what_to_do(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    const struct plan_spec spec = world->spec;
    struct plan *well = policy_plan(world->policy, &world->state, &spec);
    put_down(world, 0, 6);
    struct plan *all = policy_plan(world->policy, &world->state, &spec);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) { /* serve-all: as if up */
        const struct decision one = plan_decision(well, 0, bucket), other = plan_decision(all, 0, bucket);
        assert_memory_equal(&one, &other, sizeof one);
    }
    plan_unref(well);
    plan_unref(all);

    struct plan_spec other = spec;
    other.on_all_down = ALL_DOWN_STATIC;
    assert_int_equal(decide(world, &other, 0, 7).kind, SELECTION_STATIC);
    assert_int_equal(decide(world, &other, 0, 7).count, 0);
    other.on_all_down = ALL_DOWN_EMPTY;
    assert_int_equal(decide(world, &other, 0, 7).kind, SELECTION_EMPTY);
    assert_int_equal(decide(world, &other, 0, 7).count, 0);
    world_free(world);
}

static void serve_all_spares_the_disabled_unless_there_is_nobody_else(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    put_down(world, 0, 6);
    world->spec.targets = 6;
    world->site_orders[0] = ORDERED_DISABLE;
    world->endpoint_orders[2] = ORDERED_DISABLE;
    world->endpoint_orders[3] = ORDERED_DRAIN;
    expect_sites(world, &world->spec, 0, "122");
    world->site_orders[1] = world->site_orders[2] = ORDERED_DISABLE;
    expect_sites(world, &world->spec, 0, "001122");
    world_free(world);
}

static void serve_all_offers_only_what_the_rrset_and_the_service_have(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    put_down(world, 0, 6);
    world->spec.site_count = 2;
    world->offered[0] &= ~(uint64_t)1;
    expect_sites(world, &world->spec, 0, "011");
    world->offered[0] = 0;
    assert_int_equal(decide(world, &world->spec, 0, 0).kind, SELECTION_EMPTY);
    world_free(world);
}

static void targets_bound_the_answer(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    for (unsigned targets = 1; targets <= TARGETS_MAX; targets++) {
        world->spec.targets = targets;
        char sites[] = "001122";
        sites[targets < 6 ? targets : 6] = 0;
        expect_sites(world, &world->spec, 0, sites);
    }
    world_free(world);
}

static void ranked_answers_have_unique_priorities_and_weight_1(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    const struct decision decision = decide(world, &world->spec, 0, 3);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(decision.choices[i].priority, 10 * (i + 1));
        assert_int_equal(decision.choices[i].weight, 1);
    }
    world_free(world);
}

static void weighted_answers_share_a_priority_in_a_tier_of_a_site(void **state)
{
    (void)state;
    struct world *world = world_new();
    world_site(world, "a");
    world_endpoint(world, 1, 10);
    world_endpoint(world, 1, 20);
    world_endpoint(world, 1, 30);
    world_endpoint(world, 2, 0);
    world_site(world, "b");
    world_endpoint(world, 2, 50);
    world_endpoint(world, 2, 60);
    world_ready(world);
    world->health[1].overall = VERDICT_UNKNOWN; /* a survivor of its tier all the same */
    world->spec.srv = SRV_WEIGHTED;
    world->spec.targets = 5;
    static const unsigned priorities[] = {10, 10, 10, 20, 30};
    struct plan *plan = policy_plan(world->policy, &world->state, &world->spec);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const struct decision decision = plan_decision(plan, 0, bucket);
        assert_int_equal(decision.count, 5);
        for (unsigned i = 0; i < 5; i++) {
            assert_int_equal(decision.choices[i].priority, priorities[i]);
            assert_int_equal(decision.choices[i].weight, world->endpoints[decision.choices[i].endpoint].weight);
        }
        assert_int_equal(decision.choices[2].endpoint, 1);
        assert_int_equal(decision.choices[3].endpoint, 3);
    }
    plan_unref(plan);
    world_free(world);
}

static void an_answer_is_in_doubt_when_one_of_its_endpoints_is(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    world->health[4].doubt = true; /* the third site, beyond the targets */
    assert_int_equal(decide(world, &world->spec, 0, 0).doubt, 0);
    world->health[3].doubt = true;
    assert_int_equal(decide(world, &world->spec, 0, 0).doubt, 1);
    world->spec.targets = 2;
    assert_int_equal(decide(world, &world->spec, 0, 0).doubt, 0);
    world_free(world);
}

static void a_srv_and_naptr_are_one_decision(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    for (unsigned i = 0; i < 6; i++) {
        world_probe(world, i, FAMILY_V4, TRANSPORT_UDP, VERDICT_UP, 1);
        world_probe(world, i, FAMILY_V4, TRANSPORT_TCP, VERDICT_UP, 1);
    }
    struct plan_spec a = world->spec, udp = world->spec, tcp = world->spec, naptr = world->spec;
    a.family = FAMILY_V4;
    udp.transport = TRANSPORT_UDP;
    tcp.transport = TRANSPORT_TCP;
    naptr.purpose = PLAN_TRANSPORTS;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const struct decision of_a = decide(world, &a, 0, bucket), of_udp = decide(world, &udp, 0, bucket);
        assert_memory_equal(&of_a, &of_udp, sizeof of_a);
        const struct decision of_naptr = decide(world, &naptr, 0, bucket);
        assert_int_equal(of_naptr.kind, SELECTION_STEERED);
        assert_int_equal(of_naptr.count, 0);
        assert_int_equal(of_naptr.transports, (1 << TRANSPORT_COUNT) - 1); /* what is not probed is as well as the rest */
    }
    /* One transport of one site fails: only its list changes, and NAPTR no longer names it there. */
    const struct decision before = decide(world, &udp, 0, 9);
    world_probe(world, 0, FAMILY_V4, TRANSPORT_TCP, VERDICT_DOWN, 2);
    world_probe(world, 1, FAMILY_V4, TRANSPORT_TCP, VERDICT_DOWN, 2);
    const struct decision after = decide(world, &udp, 0, 9), of_a = decide(world, &a, 0, 9);
    assert_memory_equal(&before, &after, sizeof before);
    assert_memory_equal(&before, &of_a, sizeof before);
    expect_sites(world, &tcp, 0, "1122");
    const struct decision of_naptr = decide(world, &naptr, 0, 9);
    assert_int_equal(of_naptr.transports, ((1 << TRANSPORT_COUNT) - 1) & ~(1 << TRANSPORT_TCP));
    world_free(world);
}

static void a_site_that_wins_as_the_last_resort_names_the_transports_in_reserve(void **state)
{
    (void)state;
    struct world *world = world_new();
    world_fill(world, 1, 2);
    world_ready(world);
    world->spec.purpose = PLAN_TRANSPORTS;
    for (unsigned i = 0; i < 2; i++)
        for (enum transport transport = 0; transport < TRANSPORT_COUNT; transport++)
            world_probe(world, i, FAMILY_V4, transport, VERDICT_DOWN, 1);
    world_probe(world, 1, FAMILY_V6, TRANSPORT_TLS, VERDICT_DRAINING, 1);
    assert_int_equal(decide(world, &world->spec, 0, 0).transports, 1 << TRANSPORT_TLS);
    world_probe(world, 1, FAMILY_V6, TRANSPORT_TLS, VERDICT_DOWN, 1); /* nobody: serve-all */
    assert_int_equal(decide(world, &world->spec, 0, 0).transports, (1 << TRANSPORT_COUNT) - 1);
    world->spec.on_all_down = ALL_DOWN_EMPTY;
    assert_int_equal(decide(world, &world->spec, 0, 0).kind, SELECTION_EMPTY);
    world_free(world);
}

static void a_disabled_endpoint_names_no_transport(void **state)
{
    (void)state;
    struct world *world = world_new();
    world_fill(world, 1, 2);
    world_ready(world);
    world->spec.purpose = PLAN_TRANSPORTS;
    for (unsigned i = 0; i < 2; i++)
        for (enum transport transport = 0; transport < TRANSPORT_COUNT; transport++)
            world_probe(world, i, FAMILY_V4, transport, transport == i ? VERDICT_UP : VERDICT_DOWN, 1);
    assert_int_equal(decide(world, &world->spec, 0, 0).transports, 1 << TRANSPORT_UDP | 1 << TRANSPORT_TCP);
    world->endpoint_orders[1] = ORDERED_DISABLE;
    assert_int_equal(decide(world, &world->spec, 0, 0).transports, 1 << TRANSPORT_UDP);
    world_free(world);
}

static void transports_are_in_doubt_with_any_endpoint_of_the_site(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    world->spec.purpose = PLAN_TRANSPORTS;
    struct plan *plan = policy_plan(world->policy, &world->state, &world->spec);
    assert_int_equal(plan->selection_count, 1);
    assert_true(plan->picks[0].uniform);
    plan_unref(plan);
    world->health[2].doubt = true;
    assert_int_equal(decide(world, &world->spec, 0, 0).doubt, 0);
    world->health[1].doubt = true;
    assert_int_equal(decide(world, &world->spec, 0, 0).doubt, 1);
    world->health[1].overall = VERDICT_DOWN;
    assert_int_equal(decide(world, &world->spec, 0, 0).doubt, 1);
    world_free(world);
}

static void transports_of_weighted_sites_follow_the_winner_of_the_bucket(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    world_probe(world, 2, FAMILY_V4, TRANSPORT_WSS, VERDICT_DOWN, 1);
    world_probe(world, 3, FAMILY_V4, TRANSPORT_WSS, VERDICT_DOWN, 1);
    world_probe(world, 2, FAMILY_V4, TRANSPORT_UDP, VERDICT_UP, 1);
    world_probe(world, 3, FAMILY_V4, TRANSPORT_UDP, VERDICT_UP, 1);
    world->spec.policy = POLICY_WEIGHTED;
    struct plan_spec naptr = world->spec;
    naptr.purpose = PLAN_TRANSPORTS;
    struct plan *plan = policy_plan(world->policy, &world->state, &naptr);
    assert_int_equal(plan->selection_count, 3); /* one a site */
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const struct decision decision = decide(world, &world->spec, 0, bucket);
        const bool without = world->endpoints[decision.choices[0].endpoint].site == 1;
        assert_int_equal(plan_decision(plan, 0, bucket).transports >> TRANSPORT_WSS & 1, !without);
    }
    plan_unref(plan);
    world_free(world);
}

static void everything_under_suspicion_serves_as_before(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    world_probe(world, 0, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 7); /* long dead */
    for (unsigned i = 1; i < 6; i++)
        world_probe(world, i, FAMILY_V4, TRANSPORT_UDP, VERDICT_UP, 1);
    struct plan *before = policy_plan(world->policy, &world->state, &world->spec);
    for (unsigned i = 1; i < 6; i++)
        world_probe(world, i, FAMILY_V4, TRANSPORT_UDP, VERDICT_DOWN, 100000);
    world->state.suspect = policy_suspect(&world->config, world->health, 3000, &world->state.suspect_since_ms);
    assert_true(world->state.suspect);
    struct plan *after = policy_plan(world->policy, &world->state, &world->spec);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const struct decision one = plan_decision(before, 0, bucket), other = plan_decision(after, 0, bucket);
        assert_memory_equal(&one, &other, sizeof one);
    }
    plan_unref(before);
    plan_unref(after);
    world_free(world);
}

static void neighbouring_classes_with_the_same_sites_are_one_run(void **state)
{
    (void)state;
    static const uint8_t orders[] = {0, 1, 2, 3, 0, 1, 3, 2, 0, 2, 1, 3, 0, 3, 1, 2, 1, 0, 2, 3, 2, 0, 1, 3};
    struct world *world = world_new();
    world_fill(world, 4, 2);
    world->classes = (struct classes){.count = 6, .orders = orders};
    world_ready(world);
    static const struct {
        unsigned targets, down_from, down_count;
        uint32_t runs[6];
    } cases[] = {
        {2, 0, 0, {0, 0, 0, 0, 1, 2}},
        {3, 0, 0, {0, 0, 1, 2, 3, 4}},
        {4, 2, 2, {0, 1, 2, 3, 4, 5}}, /* without site 1: 02 03 02 03 02 20, and only neighbours share a run */
        {8, 0, 6, {0, 0, 0, 0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (unsigned k = 0; k < 8; k++)
            world->health[k].overall = VERDICT_UP;
        put_down(world, cases[i].down_from, cases[i].down_count);
        world->spec.targets = cases[i].targets;
        struct plan *plan = policy_plan(world->policy, &world->state, &world->spec);
        for (unsigned k = 0; k < 6; k++)
            assert_int_equal(plan->run_of_class[k], cases[i].runs[k]);
        assert_int_equal(plan->run_count, cases[i].runs[5] + 1);
        plan_unref(plan);
    }
    world_free(world);
}

static void the_pool_holds_nothing_twice(void **state)
{
    (void)state;
    struct world *world = three_sites(4);
    struct plan *plan = policy_plan(world->policy, &world->state, &world->spec);
    assert_int_equal(plan->bucket_count, BUCKETS);
    assert_int_equal(plan->choice_count, plan->selection_count * 4);
    assert_int_equal(plan->selection_count, 24); /* all orders of 4 come up in 256 draws */
    for (uint32_t i = 0; i < plan->selection_count; i++)
        for (uint32_t k = 0; k < i; k++)
            assert_memory_not_equal(plan->choices + plan->selections[i].first, plan->choices + plan->selections[k].first,
                                    4 * sizeof *plan->choices);
    plan_unref(plan);
    world->spec.targets = 1;
    plan = policy_plan(world->policy, &world->state, &world->spec);
    assert_int_equal(plan->selection_count, 4);
    plan_unref(plan);
    put_down(world, 1, 3);
    plan = policy_plan(world->policy, &world->state, &world->spec);
    assert_true(plan->picks[0].uniform);
    assert_int_equal(plan->bucket_count, 0);
    plan_unref(plan);
    world_free(world);
}

static bool share(const struct world *world, const struct plan_spec *a, const struct plan_spec *b)
{
    return policy_spec_hash(world->policy, &world->state, a) == policy_spec_hash(world->policy, &world->state, b);
}

static void specs_with_the_same_candidates_share_a_plan(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    world_probe(world, 0, FAMILY_V4, TRANSPORT_UDP, VERDICT_UP, 1);
    world_probe(world, 0, FAMILY_V4, TRANSPORT_TCP, VERDICT_UP, 1);
    struct plan_spec udp = world->spec, tcp = world->spec;
    udp.transport = TRANSPORT_UDP;
    tcp.transport = TRANSPORT_TCP;
    tcp.sites = (const uint8_t[]){2, 1, 0}; /* the order matters to POLICY_ORDERED alone */
    assert_true(share(world, &udp, &tcp));
    world_probe(world, 0, FAMILY_V4, TRANSPORT_TCP, VERDICT_DOWN, 1);
    assert_false(share(world, &udp, &tcp));

    const uint64_t one_less[] = {~(uint64_t)1, 0, 0, 0};
    tcp.offered = one_less; /* that it is down and that it is not there come to the same */
    udp.transport = TRANSPORT_TCP;
    assert_true(share(world, &udp, &tcp));
    put_down(world, 1, 5); /* but not to serve-all */
    world->health[0].overall = VERDICT_DOWN;
    assert_false(share(world, &udp, &tcp));
    world_free(world);
}

static void specs_that_choose_otherwise_do_not_share_a_plan(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    struct plan_spec other[5];
    for (unsigned i = 0; i < 5; i++)
        other[i] = world->spec;
    assert_true(share(world, &world->spec, &other[0]));
    other[0].purpose = PLAN_TRANSPORTS;
    other[1].policy = POLICY_WEIGHTED;
    other[2].srv = SRV_WEIGHTED;
    other[3].targets = 5;
    other[4].policy = POLICY_ORDERED;
    for (unsigned i = 0; i < 5; i++)
        assert_false(share(world, &world->spec, &other[i]));
    struct plan_spec backwards = other[4];
    backwards.sites = (const uint8_t[]){2, 1, 0};
    assert_false(share(world, &other[4], &backwards));

    struct plan_spec empty = world->spec;
    empty.on_all_down = ALL_DOWN_EMPTY;
    assert_true(share(world, &world->spec, &empty)); /* until it matters */
    put_down(world, 0, 6);
    assert_false(share(world, &world->spec, &empty));
    world_free(world);
}

static void a_plan_lives_on_through_changes_that_it_does_not_show(void **state)
{
    (void)state;
    struct world *world = three_sites(2);
    world->health[0].overall = VERDICT_DOWN;
    const uint64_t before = policy_spec_hash(world->policy, &world->state, &world->spec);
    world->health[0].overall = VERDICT_DRAINING;
    world->health[0].doubt = true;
    assert_int_equal(policy_spec_hash(world->policy, &world->state, &world->spec), before);
    world->health[1].doubt = true;
    assert_int_not_equal(policy_spec_hash(world->policy, &world->state, &world->spec), before);
    world->health[1].doubt = false;
    world->health[1].overall = VERDICT_UNKNOWN;
    assert_int_not_equal(policy_spec_hash(world->policy, &world->state, &world->spec), before);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_follows_the_order_of_the_class),
        cmocka_unit_test(ordered_follows_the_order_of_the_service),
        cmocka_unit_test(weighted_gives_each_bucket_its_own_order_and_every_class_the_same),
        cmocka_unit_test(lower_tiers_come_first_and_leave_the_site_last),
        cmocka_unit_test(the_unknown_stand_behind_the_up_ones_of_their_tier),
        cmocka_unit_test(a_site_where_all_are_unknown_stands_behind_all_that_have_somebody_up),
        cmocka_unit_test(the_down_and_the_draining_are_left_out),
        cmocka_unit_test(the_draining_serve_when_nobody_else_can),
        cmocka_unit_test(a_site_below_min_up_serves_only_as_the_last_resort),
        cmocka_unit_test(drains_and_disables_move_callers_at_each_scope),
        cmocka_unit_test(when_all_are_down_the_service_says_what_to_do),
        cmocka_unit_test(serve_all_spares_the_disabled_unless_there_is_nobody_else),
        cmocka_unit_test(serve_all_offers_only_what_the_rrset_and_the_service_have),
        cmocka_unit_test(targets_bound_the_answer),
        cmocka_unit_test(ranked_answers_have_unique_priorities_and_weight_1),
        cmocka_unit_test(weighted_answers_share_a_priority_in_a_tier_of_a_site),
        cmocka_unit_test(an_answer_is_in_doubt_when_one_of_its_endpoints_is),
        cmocka_unit_test(a_srv_and_naptr_are_one_decision),
        cmocka_unit_test(a_site_that_wins_as_the_last_resort_names_the_transports_in_reserve),
        cmocka_unit_test(a_disabled_endpoint_names_no_transport),
        cmocka_unit_test(transports_are_in_doubt_with_any_endpoint_of_the_site),
        cmocka_unit_test(transports_of_weighted_sites_follow_the_winner_of_the_bucket),
        cmocka_unit_test(everything_under_suspicion_serves_as_before),
        cmocka_unit_test(neighbouring_classes_with_the_same_sites_are_one_run),
        cmocka_unit_test(the_pool_holds_nothing_twice),
        cmocka_unit_test(specs_with_the_same_candidates_share_a_plan),
        cmocka_unit_test(specs_that_choose_otherwise_do_not_share_a_plan),
        cmocka_unit_test(a_plan_lives_on_through_changes_that_it_does_not_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
