/* The closed loop: a balancer, and callers, caches and calls that follow it late. */
#include "policy/plant.h"

#include <stdio.h>

enum { START_MS = 1000000, SITES = 6, CLASSES = 60 };

/* Two of six sites are asked for nearly twice what they take; the others have room, all in all by share. */
static struct plant *two_full(double share)
{
    uint64_t dice = 4;
    struct bazaar *bazaar = bazaar_new(&dice, SITES, CLASSES);
    bazaar_supply(bazaar, &dice, 2, share);
    struct plant *plant = plant_new(bazaar, NULL);
    plant->now_ms = START_MS;
    plant_rest(plant);
    return plant;
}

static void done(struct plant *plant)
{
    bazaar_free(plant->bazaar);
    plant_free(plant);
}

static void expect_levels_within(const struct plant *plant, double low, double high)
{
    for (size_t i = 0; i < SITES; i++)
        assert_true(plant_level(plant, i) >= low && plant_level(plant, i) <= high);
}

static void full_sites_come_to_their_target_and_then_nothing_moves(void **state)
{
    (void)state;
    struct plant *plant = two_full(1);
    assert_true(plant_worst(plant) > 150);
    plant_run(plant, 900);
    expect_levels_within(plant, 0, 82);
    const unsigned changes = plant->changes;
    plant_run(plant, 1800);
    assert_int_equal(plant->changes, changes);
    expect_levels_within(plant, 0, 82);
    const struct site_balance *report = balancer_report(plant->balancer);
    unsigned priced = 0;
    for (size_t i = 0; i < SITES; i++) {
        priced += report[i].price_m > 0;
        assert_true((report[i].reason == PRICE_ROOM) == (report[i].price_m == 0));
    }
    assert_int_equal(priced, 2);
    done(plant);
}

static void no_swing(struct plant *plant)
{
    double high = 0, low = 1000;
    plant_run(plant, 3000);
    size_t full = 0;
    for (size_t i = 0; i < SITES; i++)
        full = balancer_prices(plant->balancer)[i] > balancer_prices(plant->balancer)[full] ? i : full;
    const unsigned changes = plant->changes;
    for (unsigned i = 0; i < 60; i++) {
        plant_run(plant, 30);
        high = fmax(high, plant_level(plant, full));
        low = fmin(low, plant_level(plant, full));
        assert_true(plant_worst(plant) < 86);
    }
    assert_true(high - low < 6);
    assert_true(plant->changes - changes < 30); /* of 360 steps */
    done(plant);
}

static void noise_makes_no_swing(void **state)
{
    (void)state;
    struct plant *plant = two_full(1);
    plant->noise = 1;
    plant->delay_ms = 10000;
    no_swing(plant);
}

static void calls_that_last_twice_as_long_as_said_and_late_reports_make_no_swing(void **state)
{
    (void)state;
    struct plant *plant = two_full(1);
    plant->delay_ms = 60000;
    plant->hold_ms *= 2;
    for (size_t i = 0; i < CLASSES; i++)
        plant->calls_per_s[i] /= 2;
    no_swing(plant);
}

static void calls_that_last_half_as_long_as_said_make_no_swing(void **state)
{
    (void)state;
    struct plant *plant = two_full(1);
    plant->hold_ms /= 2;
    for (size_t i = 0; i < CLASSES; i++)
        plant->calls_per_s[i] *= 2;
    no_swing(plant);
}

static void past_all_targets_the_levels_rise_together(void **state)
{
    (void)state;
    struct plant *plant = two_full(0.5);
    plant_run(plant, 3600);
    const double worst = plant_worst(plant);
    assert_true(worst > 80);
    expect_levels_within(plant, worst - 12, worst);
    const struct site_balance *report = balancer_report(plant->balancer);
    for (size_t i = 0; i < SITES; i++)
        assert_true(report[i].reason == PRICE_TOGETHER);
    done(plant);
}

static void a_carrier_behind_one_resolver_is_noticed_and_keeps_no_site_past_its_target(void **state)
{
    (void)state;
    uint64_t dice = 4;
    struct bazaar *bazaar = bazaar_new(&dice, SITES, CLASSES);
    double factors[CLASSES];
    size_t carrier = 0;
    while (class_order(&bazaar->classes, (uint32_t)carrier)[0] != 2) /* nearest to a site that is full */
        carrier++;
    for (size_t i = 0; i < CLASSES; i++) {
        bazaar->flows[i].calls = i == carrier ? 0.43 * CLASSES * 20 : 20; /* 30 % of all */
        factors[i] = i == carrier ? 800 : 8;                              /* and 0.4 % of the queries */
    }
    bazaar_supply(bazaar, &dice, 2, 1);
    struct plant *plant = plant_new(bazaar, factors);
    plant->now_ms = START_MS;
    plant_rest(plant);
    plant_run(plant, 3600);
    struct calls calls[CLASSES];
    balancer_weigh(plant->balancer, &plant->input, calls);
    double all = 0;
    for (size_t i = 0; i < CLASSES; i++)
        all += calls[i].calls;
    assert_true(calls[carrier].calls / all > 2 * 0.0043); /* that is what its queries say */
    expect_levels_within(plant, 0, 86);
    done(plant);
}

static void what_demand_gives_back_returns_slowly_and_not_within_the_dead_band(void **state)
{
    (void)state;
    struct plant *plant = two_full(1);
    plant_run(plant, 1800);
    uint32_t prices_m[SITES_MAX];
    memcpy(prices_m, balancer_prices(plant->balancer), SITES * sizeof *prices_m);
    for (size_t i = 0; i < CLASSES; i++) { /* 5 % less: within the band of 10 */
        plant->calls_per_s[i] *= 0.95;
        plant->flows[i].rate *= 0.95;
    }
    const unsigned changes = plant->changes;
    plant_run(plant, 1800);
    assert_int_equal(plant->changes, changes);
    for (size_t i = 0; i < CLASSES; i++) {
        plant->calls_per_s[i] *= 0.3;
        plant->flows[i].rate *= 0.3;
    }
    plant_run(plant, 10);
    double moved = 0;
    for (size_t i = 0; i < SITES; i++)
        moved = fmax(moved, balancer_report(plant->balancer)[i].moved_in / (balancer_report(plant->balancer)[i].target + 1));
    assert_true(moved <= 0.05); /* a quarter of the step */
    plant_run(plant, 7200);
    for (size_t i = 0; i < SITES; i++)
        assert_int_equal(balancer_prices(plant->balancer)[i], 0);
    done(plant);
}

static void no_more_moves_within_a_ttl_than_the_step_allows(void **state)
{
    (void)state;
    struct plant *plant = two_full(1);
    plant->bazaar->config.balance.step = 5;
    for (size_t i = 0; i < SITES; i++)
        plant->bazaar->config.sites[i].room.max = 300; /* nobody is past it: no hurry */
    double out[SITES] = {0};
    for (unsigned i = 0; i < 6; i++) { /* 30 s, a TTL */
        plant_run(plant, 5);
        for (size_t k = 0; k < SITES; k++)
            out[k] += balancer_report(plant->balancer)[k].moved_out / (balancer_report(plant->balancer)[k].predicted + 1);
    }
    double most = 0;
    for (size_t k = 0; k < SITES; k++)
        most = fmax(most, out[k]);
    assert_true(most > 0.03 && most < 0.11); /* what may be moved at once, and what one TTL brings */
    done(plant);
}

static void when_a_site_fails_it_is_decided_at_once_where_its_callers_go(void **state)
{
    (void)state;
    struct plant *plant = two_full(1.4);
    plant_run(plant, 1800);
    plant->bazaar->config.balance.step = 1;
    size_t lost = 0;
    for (size_t i = 0; i < SITES; i++)
        lost = plant->calls[i] > plant->calls[lost] ? i : lost;
    plant->bazaar->health[lost].overall = VERDICT_DOWN;
    plant->fullness[lost].capacity = 0;
    plant_run(plant, 5);
    const struct site_balance *report = balancer_report(plant->balancer);
    for (size_t i = 0; i < SITES; i++)
        assert_true(i == lost || report[i].predicted <= report[i].target * 1.02 + 5);
    assert_true(report[lost].predicted == 0);
    done(plant);
}

/* Were the others to stay dear for a while, all their callers would go to the one that is new and cheap. */
static void when_a_site_comes_back_the_others_take_back_at_once_what_is_theirs(void **state)
{
    (void)state;
    struct plant *plant = two_full(1.4);
    plant_run(plant, 1800);
    plant->bazaar->config.balance.step = 1;
    size_t lost = 0;
    for (size_t i = 0; i < SITES; i++)
        lost = plant->calls[i] > plant->calls[lost] ? i : lost;
    const double capacity = plant->fullness[lost].capacity;
    plant->bazaar->health[lost].overall = VERDICT_DOWN;
    plant->fullness[lost].capacity = 0;
    plant_run(plant, 1800);
    plant->bazaar->health[lost].overall = VERDICT_UP;
    plant->fullness[lost].capacity = capacity;
    plant_run(plant, 5);
    const struct site_balance *report = balancer_report(plant->balancer);
    for (size_t i = 0; i < SITES; i++)
        assert_true(report[i].predicted <= report[i].target * 1.02 + 5);
    done(plant);
}

static void without_any_measured_load_there_are_no_prices(void **state)
{
    (void)state;
    struct plant *plant = two_full(0.5);
    for (size_t i = 0; i < SITES; i++)
        plant->fullness[i].load.trust = 0;
    plant_run(plant, 600);
    for (size_t i = 0; i < SITES; i++)
        assert_int_equal(balancer_prices(plant->balancer)[i], 0);
    assert_true(balancer_calls_per_query(plant->balancer) == 0);
    done(plant);
}

static void a_site_of_unknown_load_is_neither_pushed_nor_shed(void **state)
{
    (void)state;
    struct plant *plant = two_full(1);
    size_t unknown = 0;
    for (size_t i = 0; i < SITES; i++) /* of those with room, the one with most calls */
        unknown = plant_level(plant, i) < 80 && plant->calls[i] > plant->calls[unknown] ? i : unknown;
    const double natural = plant->calls[unknown];
    plant->fullness[unknown] = (struct fullness){0, {.trust = 0}};
    plant_run(plant, 3600);
    assert_true(plant->calls[unknown] < natural * 1.03);
    assert_true(plant->calls[unknown] > natural * 0.97);
    assert_true(balancer_report(plant->balancer)[unknown].reason == PRICE_UNKNOWN);
    done(plant);
}

static void a_site_that_tells_percent_alone_is_steered_too(void **state)
{
    (void)state;
    struct plant *plant = two_full(1);
    size_t full = 0;
    for (size_t i = 0; i < SITES; i++)
        full = plant_level(plant, i) > plant_level(plant, full) ? i : full;
    plant->percent[full] = true;
    plant_run(plant, 1800);
    assert_true(plant_level(plant, full) < 90);
    assert_true(plant_level(plant, full) > 50);
    done(plant);
}

static void what_sites_share_limits_them_together(void **state)
{
    (void)state;
    struct plant *plant = two_full(1.4);
    uint16_t members[2] = {0, 0};
    unsigned count = 0;
    for (uint16_t i = 0; i < SITES && count < 2; i++)
        if (plant_level(plant, i) < 80 && plant->calls[i] > 0)
            members[count++] = i;
    struct cluster cluster = {.name = "trunk", .endpoints = members, .endpoint_count = 2};
    plant->bazaar->config.clusters = &cluster;
    plant->bazaar->config.cluster_count = 1;
    const double calls = plant->calls[members[0]] + plant->calls[members[1]];
    struct fullness fullness = {calls, {.ratio = 1, .calls = calls, .trust = 1}}; /* its target is 80 % of what there is */
    plant->input.clusters = &fullness;
    for (unsigned i = 0; i < 720; i++) {
        plant_run(plant, 5);
        const double now = plant->calls[members[0]] + plant->calls[members[1]];
        fullness.load = (struct utilisation){.ratio = now / fullness.capacity, .calls = now, .trust = 1, .at_ms = plant->now_ms};
    }
    assert_true(fullness.load.ratio < 0.83);
    assert_true(fullness.load.ratio > 0.65);
    uint32_t price_m;
    assert_string_equal(balancer_quote(plant->balancer, SITES, &price_m), "cluster trunk");
    assert_true(price_m > 0);
    done(plant);
}

static void prices_outlive_a_restart_by_name(void **state)
{
    (void)state;
    struct plant *plant = two_full(1);
    plant_run(plant, 1800);
    struct balancer *next = balancer_new();
    for (unsigned i = 0; i < SITES_MAX + 50; i++) { /* as a damaged file may have them */
        char gone[32];
        snprintf(gone, sizeof gone, "gone %u", i);
        balancer_restore(next, gone, 7);
    }
    for (size_t i = balancer_quotes(plant->balancer); i-- > 0;) { /* in any order */
        uint32_t price_m;
        const char *name = balancer_quote(plant->balancer, i, &price_m);
        balancer_restore(next, name, price_m);
    }
    balancer_set_calls_per_query(next, balancer_calls_per_query(plant->balancer));
    assert_false(balancer_step(next, &plant->input, START_MS));
    assert_memory_equal(balancer_prices(next), balancer_prices(plant->balancer), SITES * sizeof(uint32_t));
    balancer_free(next);
    done(plant);
}

/* Where answers are kept for long, what may be taken back within one step is too little to be worth it: allowances have to add up. */
static void what_may_come_back_does_so_also_where_answers_are_kept_for_long(void **state)
{
    (void)state;
    enum { MANY = 200, FOUR = 4 };
    uint64_t dice = 4;
    struct bazaar *bazaar = bazaar_new(&dice, FOUR, MANY);
    for (size_t i = 0; i < MANY; i++)
        bazaar->flows[i].calls = 50;
    bazaar_supply(bazaar, &dice, 1, 1);
    struct plant *plant = plant_new(bazaar, NULL);
    plant->now_ms = START_MS;
    plant_rest(plant);
    plant_run(plant, 1200);
    size_t full = 0;
    for (size_t i = 0; i < FOUR; i++)
        full = balancer_prices(plant->balancer)[i] > balancer_prices(plant->balancer)[full] ? i : full;
    plant->input.ttl_ms = 300000;
    for (size_t i = 0; i < MANY; i++) {
        plant->calls_per_s[i] *= 0.4;
        plant->flows[i].rate *= 0.4;
    }
    plant_run(plant, 60);
    const uint32_t before_m = balancer_prices(plant->balancer)[full];
    assert_int_equal(balancer_report(plant->balancer)[full].wanted_m, 0);
    plant_run(plant, 1800);
    assert_true(before_m > 100000 && balancer_prices(plant->balancer)[full] < before_m / 2);
    done(plant);
}

/* Two prices come down together over land where next to nobody lives, before either moves anybody: such steps have to add up. */
static void prices_come_down_also_where_next_to_nobody_lives(void **state)
{
    (void)state;
    static const uint32_t high_m[SITES] = {0, 1800000, 4293676, 0, 721591, 4807308};
    struct plant *plant = two_full(1);
    for (size_t i = 0; i < SITES; i++)
        balancer_restore(plant->balancer, plant->bazaar->config.sites[i].name, high_m[i]);
    plant_run(plant, 5);
    plant_rest(plant);
    plant_run(plant, 1800);
    assert_int_equal(balancer_prices(plant->balancer)[1], 0);
    expect_levels_within(plant, 0, 84);
    done(plant);
}

/* So much is told of a site in one report: its largest, as if it had a thousand times what it has. */
static void one_absurd_report_is_soon_forgotten(void **state)
{
    (void)state;
    struct plant *plant = two_full(1);
    plant_run(plant, 1800);
    struct fullness *at = &plant->fullness[1];
    const double level = plant_level(plant, 1);
    at->load.ratio = 1000;
    at->load.calls = 1000 * at->capacity;
    plant->now_ms += 5000;
    balancer_step(plant->balancer, &plant->input, plant->now_ms);
    plant_answer(plant);
    assert_true(balancer_report(plant->balancer)[1].foreign <= at->capacity);
    plant_run(plant, 1500);
    assert_true(plant_level(plant, 1) > 0.9 * level);
    expect_levels_within(plant, 0, 82);
    done(plant);
}

static void limits_are_told_in_calls(void **state)
{
    (void)state;
    assert_true(limits_calls(&(struct limits){0, 0}, 180000) == 0);
    assert_true(limits_calls(&(struct limits){500, 0}, 180000) == 500);
    assert_true(limits_calls(&(struct limits){0, 10}, 180000) == 1800);
    assert_true(limits_calls(&(struct limits){500, 2}, 180000) == 360);
}

static void a_site_takes_no_more_than_its_living_endpoints(void **state)
{
    (void)state;
    struct world *world = world_new();
    double calls[WORLD_SITES];
    world_fill(world, 3, 2);
    for (unsigned i = 0; i < 6; i++)
        world->endpoints[i].limits.calls = i < 4 ? 100 : 0;
    world->sites[1].limits.calls = 150;
    world->sites[2].limits.calls = 150;
    world_ready(world);
    balance_capacities(world->policy, &world->state, calls);
    assert_true(calls[0] == 200 && calls[1] == 150 && calls[2] == 150);
    world->health[0].overall = world->health[2].overall = world->health[4].overall = VERDICT_DOWN;
    balance_capacities(world->policy, &world->state, calls);
    assert_true(calls[0] == 100 && calls[1] == 100 && calls[2] == 150);
    world->endpoint_orders[1] = ORDERED_DRAIN;
    balance_capacities(world->policy, &world->state, calls);
    assert_true(calls[0] == 0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_sites_come_to_their_target_and_then_nothing_moves),
        cmocka_unit_test(noise_makes_no_swing),
        cmocka_unit_test(calls_that_last_twice_as_long_as_said_and_late_reports_make_no_swing),
        cmocka_unit_test(calls_that_last_half_as_long_as_said_make_no_swing),
        cmocka_unit_test(past_all_targets_the_levels_rise_together),
        cmocka_unit_test(a_carrier_behind_one_resolver_is_noticed_and_keeps_no_site_past_its_target),
        cmocka_unit_test(what_demand_gives_back_returns_slowly_and_not_within_the_dead_band),
        cmocka_unit_test(no_more_moves_within_a_ttl_than_the_step_allows),
        cmocka_unit_test(when_a_site_fails_it_is_decided_at_once_where_its_callers_go),
        cmocka_unit_test(when_a_site_comes_back_the_others_take_back_at_once_what_is_theirs),
        cmocka_unit_test(without_any_measured_load_there_are_no_prices),
        cmocka_unit_test(a_site_of_unknown_load_is_neither_pushed_nor_shed),
        cmocka_unit_test(a_site_that_tells_percent_alone_is_steered_too),
        cmocka_unit_test(what_sites_share_limits_them_together),
        cmocka_unit_test(prices_outlive_a_restart_by_name),
        cmocka_unit_test(what_may_come_back_does_so_also_where_answers_are_kept_for_long),
        cmocka_unit_test(prices_come_down_also_where_next_to_nobody_lives),
        cmocka_unit_test(one_absurd_report_is_soon_forgotten),
        cmocka_unit_test(limits_are_told_in_calls),
        cmocka_unit_test(a_site_takes_no_more_than_its_living_endpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
