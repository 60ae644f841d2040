/* explain cannot lie: over random worlds its ranks are the plan's selections, and both keep what the rules promise. */
#include "policy/random.h"

enum { WORLDS = 150 };

static void check_ranks(const struct world *world, const struct plan_spec *spec, const struct decision *decision,
                        const struct explained *told, enum selection_kind kind)
{
    assert_int_equal(kind, decision->kind);
    unsigned ranked = 0, seen[WORLD_ENDPOINTS] = {0};
    for (size_t i = 0; i < world->config.endpoint_count; i++) {
        seen[told[i].endpoint]++;
        if (told[i].rank < 0)
            continue;
        ranked++;
        if (spec->purpose == PLAN_TARGETS)
            assert_int_equal(decision->choices[told[i].rank].endpoint, told[i].endpoint);
    }
    for (size_t i = 0; i < world->config.endpoint_count; i++)
        assert_int_equal(seen[i], 1);
    const unsigned expected = decision->kind != SELECTION_STEERED ? 0 : spec->purpose == PLAN_TARGETS ? decision->count : 1;
    assert_int_equal(ranked, expected);
}

static unsigned tier_of(const struct world *world, const struct explained *told)
{
    return world->endpoints[told->endpoint].tier;
}

/* Sites by rank, in a site by tier; sites of the service from 0 on, the others last with -1. */
static void check_sequence(const struct world *world, const struct plan_spec *spec, const struct explained *told)
{
    for (size_t i = 0; i < world->config.endpoint_count; i++) {
        const uint8_t site = world->endpoints[told[i].endpoint].site;
        assert_int_equal(told[i].site_rank >= 0, memchr(spec->sites, site, spec->site_count) != NULL);
        if (i == 0)
            continue;
        const struct explained *before = &told[i - 1];
        if (world->endpoints[before->endpoint].site == site) {
            assert_int_equal(told[i].site_rank, before->site_rank);
            assert_true(tier_of(world, before) <= tier_of(world, &told[i]));
        } else if (told[i].site_rank >= 0) {
            assert_int_equal(told[i].site_rank, before->site_rank + 1);
        }
    }
}

static const struct explained *told_of(const struct explained *told, unsigned endpoint)
{
    while (told->endpoint != endpoint)
        told++;
    return told;
}

/* What any answer keeps, said without the code of the rules: nobody better was left out for the sake of somebody worse. */
static void check_choices(const struct world *world, const struct plan_spec *spec, const struct decision *decision,
                          const struct explained *told)
{
    unsigned best = STANDING_OUT, pool = 0;
    for (size_t i = 0; i < world->config.endpoint_count; i++)
        if (told[i].standing < best)
            best = told[i].standing;
    const bool well = best <= STANDING_UNKNOWN;
    for (size_t i = 0; i < world->config.endpoint_count; i++)
        pool += well ? told[i].standing <= STANDING_UNKNOWN : told[i].standing == best && best == STANDING_RESERVE;
    if (best < STANDING_OUT) {
        assert_int_equal(decision->kind, SELECTION_STEERED);
        assert_int_equal(decision->count, pool < spec->targets ? pool : spec->targets);
    }
    for (unsigned i = 0; i < decision->count; i++) {
        const struct explained *one = told_of(told, decision->choices[i].endpoint);
        assert_true(well ? one->standing <= STANDING_UNKNOWN : one->standing >= best);
        assert_int_not_equal(one->cause, CAUSE_NOT_IN_SERVICE);
        assert_int_not_equal(one->cause, CAUSE_NOT_OFFERED);
        if (i > 0 && spec->srv == SRV_RANKED)
            assert_true(decision->choices[i].priority > decision->choices[i - 1].priority);
    }
    if (best == STANDING_UP && decision->count > 0) { /* the winner's site has somebody up */
        const uint8_t site = world->endpoints[decision->choices[0].endpoint].site;
        bool up = false;
        for (size_t i = 0; i < world->config.endpoint_count; i++)
            up |= world->endpoints[told[i].endpoint].site == site && told[i].standing == STANDING_UP;
        assert_true(up);
    }
}

static void explain_reproduces_the_plan_in_random_worlds(void **state)
{
    (void)state;
    static uint8_t orders[CLASSES * WORLD_SITES];
    static struct explained told[WORLD_ENDPOINTS];
    uint64_t dice = 20;
    unsigned kinds[3] = {0}, transports = 0;
    for (unsigned i = 0; i < WORLDS; i++) {
        struct world *world = random_world(&dice, orders);
        for (unsigned k = 0; k < 6; k++) {
            random_state(world, &dice);
            const struct plan_spec spec = random_spec(world, &dice);
            struct plan *plan = policy_plan(world->policy, &world->state, &spec);
            for (unsigned probe = 0; probe < 40; probe++) {
                const uint32_t class_number = dice_below(&dice, CLASSES);
                const unsigned bucket = dice_below(&dice, BUCKETS);
                const struct decision decision = plan_decision(plan, class_number, bucket);
                const enum selection_kind kind = policy_explain(world->policy, &world->state, &spec, class_number, bucket, told);
                check_ranks(world, &spec, &decision, told, kind);
                check_sequence(world, &spec, told);
                if (spec.purpose == PLAN_TARGETS)
                    check_choices(world, &spec, &decision, told);
                else if (kind == SELECTION_STEERED)
                    assert_int_not_equal(decision.transports, 0);
                kinds[kind]++;
                transports += spec.purpose == PLAN_TRANSPORTS;
            }
            plan_unref(plan);
        }
        world_free(world);
    }
    for (unsigned i = 0; i < 3; i++) /* the worlds were worth it */
        assert_true(kinds[i] > 500);
    assert_true(transports > 500);
}

static void check_same(const struct plan *one, const struct plan *two)
{
    for (uint32_t number = 0; number < CLASSES; number++) {
        for (unsigned bucket = 0; bucket < BUCKETS; bucket += 5) {
            const struct decision left = plan_decision(one, number, bucket), right = plan_decision(two, number, bucket);
            assert_memory_equal(&left, &right, sizeof left);
        }
    }
}

/* Another lens, and a small change of the world. */
static struct plan_spec change_a_little(struct world *world, const struct plan_spec *spec, uint64_t *dice)
{
    struct plan_spec other = *spec;
    other.transport = dice_below(dice, 2) ? (int)dice_below(dice, TRANSPORT_COUNT) : -1;
    other.family = FAMILY_NONE;
    other.on_all_down = (enum all_down)dice_below(dice, 3);
    const unsigned one = dice_below(dice, (unsigned)world->config.endpoint_count);
    if (dice_below(dice, 2))
        world->health[one].overall = (enum verdict)dice_below(dice, 4);
    else if (dice_below(dice, 2))
        world->health[one].doubt ^= true;
    else
        world->endpoint_orders[one] = (uint8_t)dice_below(dice, 3);
    return other;
}

static void equal_fingerprints_mean_equal_plans(void **state)
{
    (void)state;
    static uint8_t orders[CLASSES * WORLD_SITES];
    uint64_t dice = 21;
    unsigned equal = 0, different = 0;
    for (unsigned i = 0; i < WORLDS; i++) {
        struct world *world = random_world(&dice, orders);
        for (unsigned k = 0; k < 10; k++) {
            random_state(world, &dice);
            const struct plan_spec a = random_spec(world, &dice);
            const uint64_t print = policy_spec_hash(world->policy, &world->state, &a);
            struct plan *one = policy_plan(world->policy, &world->state, &a);
            const struct plan_spec b = change_a_little(world, &a, &dice);
            if (policy_spec_hash(world->policy, &world->state, &b) == print) {
                struct plan *two = policy_plan(world->policy, &world->state, &b);
                check_same(one, two);
                plan_unref(two);
                equal++;
            } else {
                different++;
            }
            plan_unref(one);
        }
        world_free(world);
    }
    assert_true(equal > 100 && different > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explain_reproduces_the_plan_in_random_worlds),
        cmocka_unit_test(equal_fingerprints_mean_equal_plans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
