/* Where the winner decides the answer: few answers, and a fall touches few of them. */
#include "policy/random.h"

enum { WORLDS = 60 };

static struct plan *plan_of(const struct world *world, const struct plan_spec *spec)
{
    return policy_plan(world->policy, &world->state, spec);
}

static struct plan_spec with_flag(const struct plan_spec *spec, bool by_winner)
{
    struct plan_spec other = *spec;
    other.purpose = PLAN_TARGETS;
    other.by_winner = by_winner;
    return other;
}

/* The answer of each endpoint that wins somewhere; count 0: of one that does not. Returns how many win. */
static unsigned answers_by_winner(const struct plan *plan, struct decision *ret)
{
    unsigned winners = 0;
    memset(ret, 0, WORLD_ENDPOINTS * sizeof *ret);
    for (uint32_t number = 0; number < plan->class_count; number++) {
        for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
            const struct decision decision = plan_decision(plan, number, bucket);
            struct decision *known = &ret[decision.choices[0].endpoint];
            if (known->count > 0)
                assert_memory_equal(known, &decision, sizeof decision); /* whoever gets a winner gets the same answer */
            winners += known->count == 0;
            *known = decision;
        }
    }
    return winners;
}

static void there_are_as_many_selections_as_winners_and_the_winners_stay(void **state)
{
    (void)state;
    static uint8_t orders[CLASSES * WORLD_SITES];
    static struct decision answers[WORLD_ENDPOINTS];
    uint64_t dice = 31;
    unsigned fewer = 0;
    for (unsigned i = 0; i < WORLDS; i++) {
        struct world *world = random_world(&dice, orders);
        random_state(world, &dice);
        const struct plan_spec random = random_spec(world, &dice);
        const struct plan_spec free_spec = with_flag(&random, false), spec = with_flag(&random, true);
        struct plan *plan = plan_of(world, &spec), *free_plan = plan_of(world, &free_spec);
        for (uint32_t number = 0; number < CLASSES; number++)
            for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
                const struct decision one = plan_decision(plan, number, bucket), other = plan_decision(free_plan, number, bucket);
                assert_int_equal(one.kind, other.kind);
                assert_int_equal(one.count, other.count);
                assert_int_equal(one.choices[0].endpoint, other.choices[0].endpoint);
            }
        if (plan->selections[0].kind == SELECTION_STEERED)
            assert_int_equal(plan->selection_count, answers_by_winner(plan, answers));
        assert_true(plan->selection_count <= free_plan->selection_count);
        fewer += plan->selection_count < free_plan->selection_count;
        plan_unref(plan);
        plan_unref(free_plan);
        world_free(world);
    }
    assert_true(fewer > WORLDS / 4);
}

static bool holds_site(const struct world *world, const struct decision *decision, unsigned site)
{
    for (unsigned i = 0; i < decision->count; i++)
        if (world->endpoints[decision->choices[i].endpoint].site == site)
            return true;
    return false;
}

static bool holds(const struct decision *decision, unsigned endpoint)
{
    for (unsigned i = 0; i < decision->count; i++)
        if (decision->choices[i].endpoint == endpoint)
            return true;
    return false;
}

static void a_fall_changes_only_the_selections_that_held_the_fallen(void **state)
{
    (void)state;
    static uint8_t orders[CLASSES * WORLD_SITES];
    static struct decision before[WORLD_ENDPOINTS], after[WORLD_ENDPOINTS];
    uint64_t dice = 32;
    unsigned kept = 0;
    for (unsigned i = 0; i < WORLDS * 12; i++) {
        struct world *world = random_world(&dice, orders);
        random_state(world, &dice);
        const struct plan_spec random = random_spec(world, &dice);
        struct plan_spec spec = with_flag(&random, true);
        spec.targets = 1 + spec.targets % 5; /* fewer than there are: else every answer holds everybody */
        const bool whole_site = dice_below(&dice, 2);
        const unsigned fallen = dice_below(&dice, (unsigned)(whole_site ? world->config.site_count : world->config.endpoint_count));
        world->sites[world->endpoints[whole_site ? 0 : fallen].site].min_up = 1; /* else the rest of the site would fall with it */
        struct plan *plan = plan_of(world, &spec);
        answers_by_winner(plan, before);
        plan_unref(plan);
        *(whole_site ? &world->site_orders[fallen] : &world->endpoint_orders[fallen]) = ORDERED_DISABLE;
        plan = plan_of(world, &spec);
        answers_by_winner(plan, after);
        plan_unref(plan);
        for (size_t e = 0; e < world->config.endpoint_count; e++) {
            const bool held = whole_site ? holds_site(world, &before[e], fallen) : holds(&before[e], fallen);
            if (before[e].count == 0 || after[e].count == 0 || held)
                continue;
            assert_memory_equal(&before[e], &after[e], sizeof before[e]);
            kept++;
        }
        world_free(world);
    }
    assert_true(kept > 500);
}

/* Four sites on a line of one degree each, and two classes that would go different ways behind the second. */
static struct world *four_on_a_line(unsigned endpoints)
{
    static const uint8_t orders[] = {1, 0, 2, 3, 1, 3, 0, 2};
    struct world *world = world_new();
    world_fill(world, 4, endpoints);
    for (unsigned i = 0; i < 4; i++)
        world->sites[i].longitude = i;
    world->sites[0].longitude = -0.1;
    world->classes = (struct classes){.count = 2, .orders = orders};
    world_ready(world);
    world->spec.by_winner = true;
    return world;
}

/* The site of each place of the answer is this in all classes and buckets, "1020". */
static void expect_sites(const struct world *world, const char *sites)
{
    struct plan *plan = plan_of(world, &world->spec);
    for (uint32_t number = 0; number < world->classes.count; number++)
        for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
            const struct decision decision = plan_decision(plan, number, bucket);
            assert_int_equal(decision.count, strlen(sites));
            for (unsigned i = 0; i < decision.count; i++)
                assert_int_equal(world->endpoints[decision.choices[i].endpoint].site, sites[i] - '0');
        }
    plan_unref(plan);
}

static void behind_the_winner_stand_the_sites_nearest_to_its_own(void **state)
{
    (void)state;
    struct world *world = four_on_a_line(1);
    expect_sites(world, "1203");
    world->health[2].overall = VERDICT_DOWN;
    expect_sites(world, "103");
    world->health[2].overall = VERDICT_UNKNOWN; /* behind those that are known to be up */
    expect_sites(world, "1032");
    world->health[2].overall = VERDICT_UP;
    world->sites[3].bias = 90; /* seems near */
    world_ready(world);
    expect_sites(world, "1320");
    world->sites[1].bias = -99; /* its own bias makes nobody else nearer to it than itself */
    world_ready(world);
    expect_sites(world, "1320");
    world_free(world);
}

static void sites_at_one_place_follow_in_the_order_of_the_file(void **state)
{
    (void)state;
    struct world *world = four_on_a_line(1);
    for (unsigned i = 0; i < 4; i++)
        world->sites[i].latitude = world->sites[i].longitude = 10;
    world_ready(world);
    expect_sites(world, "1023");
    world_free(world);
}

static void ordered_services_keep_their_order_behind_the_winner(void **state)
{
    (void)state;
    struct world *world = four_on_a_line(2);
    world->spec.policy = POLICY_ORDERED;
    world->spec.sites = (const uint8_t[]){3, 0, 2, 1};
    world->spec.targets = 5;
    expect_sites(world, "33002");
    world->health[6].overall = world->health[7].overall = VERDICT_DOWN;
    expect_sites(world, "00221");
    world_free(world);
}

static void weighted_services_have_one_order_of_sites_behind_each(void **state)
{
    (void)state;
    struct world *world = four_on_a_line(2);
    world->spec.policy = POLICY_WEIGHTED;
    world->spec.targets = 8;
    struct plan *plan = plan_of(world, &world->spec);
    assert_int_equal(plan->run_count, 1);
    assert_int_equal(plan->selection_count, 8);
    uint8_t second_of[4];
    memset(second_of, 0xff, sizeof second_of);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const struct decision decision = plan_decision(plan, 0, bucket);
        const uint8_t first = world->endpoints[decision.choices[0].endpoint].site;
        const uint8_t second = world->endpoints[decision.choices[2].endpoint].site;
        assert_true(second_of[first] == 0xff || second_of[first] == second);
        second_of[first] = second;
    }
    plan_unref(plan);
    world_free(world);
}

/* Buckets in which the first endpoint wins; the flag changes no winner. */
static unsigned wins_of_the_first(const struct world *world)
{
    const struct plan_spec free_spec = with_flag(&world->spec, false);
    struct plan *plan = plan_of(world, &world->spec), *free_plan = plan_of(world, &free_spec);
    unsigned wins = 0;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const struct decision decision = plan_decision(plan, 0, bucket), other = plan_decision(free_plan, 0, bucket);
        assert_int_equal(decision.choices[0].endpoint, other.choices[0].endpoint);
        assert_int_not_equal(decision.choices[0].endpoint, decision.choices[1].endpoint);
        wins += decision.choices[0].endpoint == 0;
    }
    plan_unref(plan);
    plan_unref(free_plan);
    return wins;
}

/* One of little weight among twenty wins in no bucket while all are up, but does when most of the others fall. Then in the draw that speaks for
 * it somebody else may stand before it. */
static void the_winner_stands_first_even_if_no_draw_puts_it_there(void **state)
{
    (void)state;
    struct world *world = world_new();
    unsigned wins = 0;
    world_site(world, "a");
    world_endpoint(world, 1, 1);
    for (unsigned i = 1; i <= 20; i++)
        world_endpoint(world, 1, 300);
    world_ready(world);
    world->spec.by_winner = true;
    world->spec.targets = 2;
    assert_int_equal(wins_of_the_first(world), 0);
    for (unsigned i = 1; i <= 20; i++)
        world->health[i].overall = VERDICT_DOWN;
    for (unsigned i = 1; i < 20; i++) {
        world->health[i].overall = world->health[i + 1].overall = VERDICT_UP;
        wins += wins_of_the_first(world);
        world->health[i].overall = world->health[i + 1].overall = VERDICT_DOWN;
    }
    assert_true(wins >= 3);
    world_free(world);
}

static void weights_stay_fair(void **state)
{
    (void)state;
    struct world *world = world_new();
    world_site(world, "a");
    world_endpoint(world, 1, 300);
    world_endpoint(world, 1, 100);
    world_ready(world);
    world->spec.by_winner = true;
    struct plan *plan = plan_of(world, &world->spec);
    unsigned wins[2] = {0};
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        wins[plan_decision(plan, 0, bucket).choices[0].endpoint]++;
    assert_in_range(wins[0], 170, 214);
    plan_unref(plan);
    world_free(world);
}

static void explain_agrees_for_every_class_and_bucket(void **state)
{
    (void)state;
    static uint8_t orders[CLASSES * WORLD_SITES];
    static struct explained told[WORLD_ENDPOINTS];
    uint64_t dice = 33;
    for (unsigned i = 0; i < 6; i++) {
        struct world *world = random_world(&dice, orders);
        random_state(world, &dice);
        const struct plan_spec random = random_spec(world, &dice), spec = with_flag(&random, true);
        struct plan *plan = plan_of(world, &spec);
        for (uint32_t number = 0; number < CLASSES; number++)
            for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
                const struct decision decision = plan_decision(plan, number, bucket);
                assert_int_equal(policy_explain(world->policy, &world->state, &spec, number, bucket, told), decision.kind);
                unsigned ranked = 0;
                for (size_t e = 0; e < world->config.endpoint_count; e++) {
                    ranked += told[e].rank >= 0;
                    if (told[e].rank >= 0)
                        assert_int_equal(decision.choices[told[e].rank].endpoint, told[e].endpoint);
                }
                assert_int_equal(ranked, decision.count);
            }
        plan_unref(plan);
        world_free(world);
    }
}

/* A caller whose nearest site is down sees it first in the list, and behind the winner's the sites that stand behind that one. */
static void explain_tells_the_sites_that_were_passed_over_first(void **state)
{
    (void)state;
    struct world *world = four_on_a_line(1);
    struct explained told[4];
    world->health[1].overall = VERDICT_DOWN;
    policy_explain(world->policy, &world->state, &world->spec, 1, 0, told); /* the class goes 1, 3, 0, 2 */
    static const uint8_t sites[] = {1, 3, 2, 0};
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(world->endpoints[told[i].endpoint].site, sites[i]);
        assert_int_equal(told[i].site_rank, i);
        assert_int_equal(told[i].rank, (int)i - 1);
    }
    world_free(world);
}

static void the_fingerprint_tells_the_flag(void **state)
{
    (void)state;
    struct world *world = four_on_a_line(1);
    const struct plan_spec other = with_flag(&world->spec, false);
    assert_true(policy_spec_hash(world->policy, &world->state, &world->spec) != policy_spec_hash(world->policy, &world->state, &other));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_as_many_selections_as_winners_and_the_winners_stay),
        cmocka_unit_test(a_fall_changes_only_the_selections_that_held_the_fallen),
        cmocka_unit_test(behind_the_winner_stand_the_sites_nearest_to_its_own),
        cmocka_unit_test(sites_at_one_place_follow_in_the_order_of_the_file),
        cmocka_unit_test(ordered_services_keep_their_order_behind_the_winner),
        cmocka_unit_test(weighted_services_have_one_order_of_sites_behind_each),
        cmocka_unit_test(the_winner_stands_first_even_if_no_draw_puts_it_there),
        cmocka_unit_test(weights_stay_fair),
        cmocka_unit_test(explain_agrees_for_every_class_and_bucket),
        cmocka_unit_test(explain_tells_the_sites_that_were_passed_over_first),
        cmocka_unit_test(the_fingerprint_tells_the_flag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
