/* Planned switches: who goes where, and who does not. */
#include "policy/switches.h"

#include <stdio.h>

enum { WORLDS = 150 };

static struct diversions orders;
static uint32_t by_service[SERVICES];

static struct diversion *add_switch(struct world *world, const char *to)
{
    if (world->state.diversions == NULL)
        memset(&orders, 0, sizeof orders);
    orders.by_service = by_service;
    memset(by_service, 0, sizeof by_service);
    world->state.diversions = &orders;
    memmove(orders.of + 1, orders.of, orders.count * sizeof *orders.of); /* the newest first */
    struct diversion *diversion = orders.of;
    orders.count++;
    *diversion = (struct diversion){.id = orders.count};
    for (; *to; to++)
        diversion->to[diversion->to_count++] = (uint8_t)(*to - 'a');
    by_service[0] = (UINT32_C(1) << orders.count) - 1;
    return diversion;
}

/* The sites of an answer of the class by letter, each as long as it is first. */
static void expect(const struct world *world, uint32_t class_number, const char *sites)
{
    struct plan_spec spec = world->spec;
    spec.targets = (unsigned)strlen(sites);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket += 51) {
        const struct decision decision = decide(world, &spec, class_number, bucket);
        char got[TARGETS_MAX + 1] = "";
        for (unsigned i = 0; i < decision.count; i++)
            got[i] = (char)('a' + world->endpoints[decision.choices[i].endpoint].site);
        assert_string_equal(got, sites);
    }
}

/* Five sites of one endpoint, two classes: abcde and cdeab; the second one bears the mark 1. */
static struct world *two_classes(void)
{
    static const uint8_t rows[] = {0, 1, 2, 3, 4, 2, 3, 4, 0, 1};
    static const uint32_t marks[] = {0, 1};
    struct world *world = world_new();
    world_fill(world, 5, 1);
    world->classes = (struct classes){.count = 2, .orders = rows, .marks = marks};
    world_ready(world);
    expect(world, 0, "abcd");
    expect(world, 1, "cdea");
    return world;
}

static void callers_of_a_site_go_to_the_named_ones_in_its_place(void **state)
{
    (void)state;
    struct world *world = two_classes();
    leave(add_switch(world, "de"), 0);
    expect(world, 0, "debc");
    expect(world, 1, "cdeb"); /* d and e stand before a anyway; a stands back */
    world_free(world);
}

static void callers_of_a_site_go_to_the_next_one(void **state)
{
    (void)state;
    struct world *world = two_classes();
    leave(add_switch(world, ""), 2);
    expect(world, 0, "abde");
    expect(world, 1, "deab");
    world_free(world);
}

static void a_site_switched_away_from_is_a_last_resort(void **state)
{
    (void)state;
    struct world *world = two_classes();
    leave(add_switch(world, "d"), 0);
    for (unsigned site = 1; site < 5; site++)
        world->health[site].overall = VERDICT_DOWN;
    expect(world, 0, "a");
    world_free(world);
}

static void without_a_site_all_go_to_the_named_ones_first(void **state)
{
    (void)state;
    struct world *world = two_classes();
    add_switch(world, "ed");
    expect(world, 0, "edab");
    expect(world, 1, "edca");
    world->health[4].overall = VERDICT_DOWN; /* passed over */
    expect(world, 0, "dabc");
    world_free(world);
}

static void an_area_narrows_it_to_its_clients(void **state)
{
    (void)state;
    struct world *world = two_classes();
    struct diversion *diversion = add_switch(world, "b");
    diversion->area = 1;
    expect(world, 0, "abcd");
    expect(world, 1, "bcde");
    leave(diversion, 2);
    expect(world, 0, "abcd"); /* c has not gone for them */
    expect(world, 1, "bdea");
    world_free(world);
}

static void a_service_of_its_own_is_left_alone(void **state)
{
    (void)state;
    struct world *world = two_classes();
    add_switch(world, "e");
    world->spec.service = 1;
    expect(world, 0, "abcd");
    world->spec.service = 0;
    expect(world, 0, "eabc");
    world_free(world);
}

static void the_newest_has_the_last_word(void **state)
{
    (void)state;
    struct world *world = two_classes();
    add_switch(world, "e");
    add_switch(world, "d");
    expect(world, 0, "deab"); /* the older one's site comes behind */
    leave(add_switch(world, "b"), 0);
    leave(add_switch(world, "c"), 0);
    orders.of[2].to_count = orders.of[3].to_count = 0; /* of the first two nothing is left */
    expect(world, 0, "cbde");
    world_free(world);
}

static void places_that_are_taken_are_taken_in_turn(void **state)
{
    (void)state;
    struct world *world = two_classes();
    leave(add_switch(world, "b"), 0);
    leave(add_switch(world, "e"), 1);
    expect(world, 0, "ecd");
    leave(add_switch(world, "a"), 4); /* round and round: nobody is left in the circle */
    expect(world, 0, "cd");
    expect(world, 1, "cd");
    world_free(world);
}

static void drains_and_disables_hold_on_top(void **state)
{
    (void)state;
    struct world *world = two_classes();
    add_switch(world, "ed");
    world->site_orders[4] = ORDERED_DRAIN;
    expect(world, 0, "dabc");
    world->site_orders[3] = ORDERED_DISABLE;
    expect(world, 0, "abc");
    world_free(world);
}

static void other_policies_are_switched_alike(void **state)
{
    (void)state;
    struct world *world = two_classes();
    world->spec.policy = POLICY_ORDERED;
    leave(add_switch(world, "e"), 0);
    expect(world, 0, "ebcd");
    world->spec.policy = POLICY_WEIGHTED;
    world->spec.targets = 1;
    struct plan *with = policy_plan(world->policy, &world->state, &world->spec);
    world->state.diversions = NULL;
    struct plan *without = policy_plan(world->policy, &world->state, &world->spec);
    unsigned moved = 0;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const unsigned was = plan_decision(without, 0, bucket).choices[0].endpoint, is = plan_decision(with, 0, bucket).choices[0].endpoint;
        assert_int_equal(is, was == 0 ? 4 : was);
        moved += was == 0;
    }
    assert_true(moved > 20);
    plan_unref(with);
    plan_unref(without);
    world_free(world);
}

static void it_is_told_which_switch_has_decided(void **state)
{
    (void)state;
    struct world *world = two_classes();
    struct explained_switch told = policy_explain_switch(world->policy, &world->state, &world->spec, 0, 0);
    assert_int_equal(told.id, 0);
    assert_int_equal(told.to, SITES_MAX);
    leave(add_switch(world, ""), 0);  /* 1 */
    leave(add_switch(world, "e"), 1); /* 2 */
    told = policy_explain_switch(world->policy, &world->state, &world->spec, 0, 0);
    assert_int_equal(told.id, 2);
    assert_int_equal(told.from, 0);
    assert_int_equal(told.to, 4);
    world->health[4].overall = VERDICT_DOWN;
    told = policy_explain_switch(world->policy, &world->state, &world->spec, 0, 0);
    assert_int_equal(told.id, 1);
    assert_int_equal(told.to, 2);
    told = policy_explain_switch(world->policy, &world->state, &world->spec, 1, 0); /* concerned, yet nothing is else */
    assert_int_equal(told.id, 0);
    assert_int_equal(told.from, 2);
    assert_int_equal(told.to, 2);
    world_free(world);
}

/* --- in random worlds */

static void check_same(const struct decision *a, const struct decision *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->transports, b->transports);
    assert_memory_equal(a->choices, b->choices, a->count * sizeof *a->choices);
}

static bool concerned(const struct switches *switches, const struct plan_spec *spec, uint32_t mark)
{
    for (unsigned i = 0; i < switches->diversions.count; i++) {
        const uint32_t area = switches->diversions.of[i].area;
        if (switches->by_service[spec->service] >> i & 1 && (area == 0 || mark & area))
            return true;
    }
    return false;
}

/* Nobody is left without an answer, and who is not concerned gets the very same one. */
static void nobody_is_lost_and_others_are_left_alone(void **state)
{
    (void)state;
    static uint8_t rows[CLASSES * WORLD_SITES];
    static struct switches switches;
    uint64_t dice = 31;
    unsigned with_switch = 0, moved = 0, untouched = 0;
    for (unsigned i = 0; i < WORLDS; i++) {
        struct world *world = random_world(&dice, rows);
        random_marks(world, &switches, &dice);
        for (unsigned k = 0; k < 4; k++) {
            random_state(world, &dice);
            random_switches(world, &switches, &dice);
            struct plan_spec spec = random_spec(world, &dice);
            spec.service = dice_below(&dice, SERVICES);
            struct world_state plain = world->state;
            plain.diversions = NULL;
            struct plan *with = policy_plan(world->policy, &world->state, &spec), *without = policy_plan(world->policy, &plain, &spec);
            for (uint32_t number = 0; number < CLASSES; number++) {
                const bool is_concerned = concerned(&switches, &spec, switches.marks[number]);
                for (unsigned bucket = 0; bucket < BUCKETS; bucket += 37) {
                    const struct decision a = plan_decision(with, number, bucket), b = plan_decision(without, number, bucket);
                    assert_int_equal(a.kind, b.kind);
                    if (a.kind == SELECTION_STEERED && spec.purpose == PLAN_TARGETS)
                        assert_true(a.count > 0);
                    if (!is_concerned)
                        check_same(&a, &b);
                    untouched += !is_concerned;
                    with_switch += is_concerned;
                    moved += is_concerned && a.count > 0 && b.count > 0 && a.choices[0].endpoint != b.choices[0].endpoint;
                }
            }
            plan_unref(with);
            plan_unref(without);
        }
        world_free(world);
    }
    assert_true(with_switch > 20000 && untouched > 20000 && moved > 3000);
}

/* One switch of one site, everybody well: who was elsewhere stays there, who was there goes to the named site. */
static void one_switch_moves_exactly_the_callers_of_its_site(void **state)
{
    (void)state;
    static uint8_t rows[CLASSES * WORLD_SITES];
    uint64_t dice = 32;
    for (unsigned i = 0; i < WORLDS; i++) {
        struct world *world = random_world(&dice, rows);
        const unsigned sites = (unsigned)world->config.site_count, from = dice_below(&dice, sites), to = dice_below(&dice, sites);
        for (unsigned site = 0; site < sites; site++)
            world->sites[site].min_up = 1;
        world->spec.policy = (enum policy_kind)dice_below(&dice, 3);
        world->spec.by_winner = dice_below(&dice, 2);
        struct plan *without = policy_plan(world->policy, &world->state, &world->spec);
        if (from != to && sites > 1)
            leave(add_switch(world, (const char[]){(char)('a' + to), 0}), from);
        struct plan *with = policy_plan(world->policy, &world->state, &world->spec);
        for (uint32_t number = 0; number < CLASSES; number++)
            for (unsigned bucket = 0; bucket < BUCKETS; bucket += 5) {
                const uint16_t was = plan_decision(without, number, bucket).choices[0].endpoint,
                               is = plan_decision(with, number, bucket).choices[0].endpoint;
                if (world->endpoints[was].site == from)
                    assert_int_equal(world->endpoints[is].site, to == from ? from : to);
                else
                    assert_int_equal(is, was);
            }
        plan_unref(with);
        plan_unref(without);
        world_free(world);
    }
}

/* Equal fingerprints, equal plans: also when orders are told apart by nothing else. */
static void equal_fingerprints_mean_equal_plans(void **state)
{
    (void)state;
    static uint8_t rows[CLASSES * WORLD_SITES];
    static struct switches one, two;
    uint64_t dice = 33;
    unsigned equal = 0, different = 0;
    for (unsigned i = 0; i < WORLDS; i++) {
        struct world *world = random_world(&dice, rows);
        random_marks(world, &one, &dice);
        for (unsigned k = 0; k < 10; k++) {
            random_switches(world, &one, &dice);
            two = one;
            two.diversions.by_service = two.by_service;
            if (two.diversions.count && dice_below(&dice, 2)) {
                struct diversion *changed = &two.diversions.of[dice_below(&dice, two.diversions.count)];
                if (dice_below(&dice, 2))
                    changed->area = UINT32_C(1) << dice_below(&dice, AREAS);
                else if (dice_below(&dice, 2))
                    leave(changed, dice_below(&dice, (unsigned)world->config.site_count));
                else
                    changed->to[0] = (uint8_t)dice_below(&dice, (unsigned)world->config.site_count);
            }
            const struct plan_spec spec = random_spec(world, &dice);
            struct world_state other = world->state;
            other.diversions = &two.diversions;
            if (policy_spec_hash(world->policy, &world->state, &spec) != policy_spec_hash(world->policy, &other, &spec)) {
                different++;
                continue;
            }
            struct plan *a = policy_plan(world->policy, &world->state, &spec), *b = policy_plan(world->policy, &other, &spec);
            for (uint32_t number = 0; number < CLASSES; number++)
                for (unsigned bucket = 0; bucket < BUCKETS; bucket += 37) {
                    const struct decision left = plan_decision(a, number, bucket), right = plan_decision(b, number, bucket);
                    check_same(&left, &right);
                }
            plan_unref(a);
            plan_unref(b);
            equal++;
        }
        world_free(world);
    }
    assert_true(equal > 300 && different > 100);
}

/* explain runs the same rules: its winner is the plan's, in every world. */
static void explain_tells_the_plan(void **state)
{
    (void)state;
    static uint8_t rows[CLASSES * WORLD_SITES];
    static struct switches switches;
    static struct explained told[WORLD_ENDPOINTS];
    uint64_t dice = 34;
    unsigned named = 0;
    for (unsigned i = 0; i < WORLDS; i++) {
        struct world *world = random_world(&dice, rows);
        random_marks(world, &switches, &dice);
        random_state(world, &dice);
        random_switches(world, &switches, &dice);
        struct plan_spec spec = random_spec(world, &dice);
        spec.purpose = PLAN_TARGETS;
        spec.service = dice_below(&dice, SERVICES);
        struct plan *plan = policy_plan(world->policy, &world->state, &spec);
        for (unsigned k = 0; k < 60; k++) {
            const uint32_t number = dice_below(&dice, CLASSES);
            const unsigned bucket = dice_below(&dice, BUCKETS);
            const struct decision decision = plan_decision(plan, number, bucket);
            assert_int_equal(policy_explain(world->policy, &world->state, &spec, number, bucket, told), decision.kind);
            unsigned ranked = 0;
            for (size_t e = 0; e < world->config.endpoint_count; e++) {
                if (told[e].rank < 0)
                    continue;
                ranked++;
                assert_int_equal(decision.choices[told[e].rank].endpoint, told[e].endpoint);
            }
            assert_int_equal(ranked, decision.count);
            const struct explained_switch by = policy_explain_switch(world->policy, &world->state, &spec, number, bucket);
            if (decision.kind == SELECTION_STEERED && by.to != SITES_MAX)
                assert_int_equal(world->endpoints[decision.choices[0].endpoint].site, by.to);
            if (by.id) {
                assert_int_not_equal(by.from, by.to);
                assert_true(by.id >= 100 && by.id < 100 + switches.diversions.count);
                named++;
            }
        }
        plan_unref(plan);
        world_free(world);
    }
    assert_true(named > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callers_of_a_site_go_to_the_named_ones_in_its_place),
        cmocka_unit_test(callers_of_a_site_go_to_the_next_one),
        cmocka_unit_test(a_site_switched_away_from_is_a_last_resort),
        cmocka_unit_test(without_a_site_all_go_to_the_named_ones_first),
        cmocka_unit_test(an_area_narrows_it_to_its_clients),
        cmocka_unit_test(a_service_of_its_own_is_left_alone),
        cmocka_unit_test(the_newest_has_the_last_word),
        cmocka_unit_test(places_that_are_taken_are_taken_in_turn),
        cmocka_unit_test(drains_and_disables_hold_on_top),
        cmocka_unit_test(other_policies_are_switched_alike),
        cmocka_unit_test(it_is_told_which_switch_has_decided),
        cmocka_unit_test(nobody_is_lost_and_others_are_left_alone),
        cmocka_unit_test(one_switch_moves_exactly_the_callers_of_its_site),
        cmocka_unit_test(equal_fingerprints_mean_equal_plans),
        cmocka_unit_test(explain_tells_the_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
