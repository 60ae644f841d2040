/* Prices against the optimum of the transport problem, and what must be true of them in any world. */
#include "policy/bazaar.h"

#include "policy/predict.h"

#include <glpk.h>

static double metres_between(const struct bazaar *bazaar, size_t class_number, size_t site)
{
    const struct class_place *place = &bazaar->places[class_number];
    const struct site *at = &bazaar->config.sites[site];
    const double lat = at->latitude * M_PI / 180, lon = at->longitude * M_PI / 180;
    const double x = cos(lat) * cos(lon) - (double)place->x, y = cos(lat) * sin(lon) - (double)place->y, z = sin(lat) - (double)place->z;
    return 2 * 6371000 * asin(fmin(1, sqrt(x * x + y * y + z * z) / 2));
}

/* The least metres times calls with which all callers find a site within its target: by linear programming. */
static double optimum(const struct bazaar *bazaar)
{
    const int sites = (int)bazaar->config.site_count, classes = (int)bazaar->classes.count;
    glp_prob *problem = glp_create_prob();
    glp_set_obj_dir(problem, GLP_MIN);
    glp_add_rows(problem, classes + sites);
    glp_add_cols(problem, classes * sites);
    for (int i = 0; i < classes; i++)
        glp_set_row_bnds(problem, i + 1, GLP_FX, bazaar->flows[i].calls, bazaar->flows[i].calls);
    for (int i = 0; i < sites; i++)
        glp_set_row_bnds(problem, classes + i + 1, GLP_UP, 0, bazaar->supplies[i].target);
    for (int i = 0; i < classes; i++)
        for (int k = 0; k < sites; k++) {
            const int column = i * sites + k + 1;
            glp_set_col_bnds(problem, column, GLP_LO, 0, 0);
            glp_set_obj_coef(problem, column, metres_between(bazaar, (size_t)i, (size_t)k));
            glp_set_mat_col(problem, column, 2, (const int[]){0, i + 1, classes + k + 1}, (const double[]){0, 1, 1});
        }
    glp_smcp how;
    glp_init_smcp(&how);
    how.msg_lev = GLP_MSG_OFF;
    how.meth = GLP_DUALP;
    assert_int_equal(glp_simplex(problem, &how), 0);
    assert_int_equal(glp_get_status(problem), GLP_OPT);
    const double least = glp_get_obj_val(problem);
    glp_delete_prob(problem);
    return least;
}

struct outcome {
    uint32_t prices_m[SITES_MAX];
    struct census census;
    double metres, asked; /* calls times metres; calls */
};

static struct outcome solve(const struct bazaar *bazaar)
{
    struct outcome outcome = {.metres = 0};
    struct market *market = market_new(&bazaar->all);
    equilibrium(&(struct economy){market, bazaar->supplies, NULL, 0}, outcome.prices_m);
    market_census(market, outcome.prices_m, WINDOW_M, 1, &outcome.census);
    double shares[SITES_MAX];
    for (size_t i = 0; i < bazaar->classes.count; i++) {
        market_split(market, outcome.prices_m, i, shares);
        for (size_t k = 0; k < bazaar->config.site_count; k++)
            outcome.metres += shares[k] * bazaar->flows[i].calls * (shares[k] > 0 ? metres_between(bazaar, i, k) : 0);
        outcome.asked += bazaar->flows[i].calls;
    }
    market_free(market);
    return outcome;
}

static double largest_grain(const struct bazaar *bazaar)
{
    double largest = 0;
    for (size_t i = 0; i < bazaar->classes.count; i++)
        largest = fmax(largest, bazaar->flows[i].calls / BUCKETS);
    return largest;
}

static double total_target(const struct bazaar *bazaar)
{
    double total = 0;
    for (size_t i = 0; i < bazaar->config.site_count; i++)
        total += bazaar->supplies[i].target;
    return total;
}

static void distances_are_within_a_hundredth_of_the_least_possible(void **state)
{
    (void)state;
    uint64_t dice = 7;
    double worst = 1, sum = 0;
    unsigned worlds = 0;
    while (worlds < 24) {
        const size_t sites = 3 + dice_below(&dice, 10), classes = 40 + dice_below(&dice, 120);
        struct bazaar *bazaar = bazaar_new(&dice, sites, classes);
        bazaar_supply(bazaar, &dice, 1 + dice_below(&dice, (unsigned)sites / 2), 1);
        const struct outcome outcome = solve(bazaar);
        if (total_target(bazaar) > outcome.asked * 1.02) {
            const double ratio = outcome.metres / optimum(bazaar);
            worst = fmax(worst, ratio);
            sum += ratio;
            worlds++;
        }
        bazaar_free(bazaar);
    }
    print_message("distance over the least possible: mean %.4f, worst %.4f\n", sum / worlds, worst);
    assert_true(sum / worlds < 1.01);
    assert_true(worst < 1.05);
}

/* A world with room for all, a fifth of whose sites are asked for too much. */
static struct bazaar *with_room(uint64_t *dice)
{
    for (;;) {
        const size_t sites = 3 + dice_below(dice, 14), classes = 20 + dice_below(dice, 300);
        struct bazaar *bazaar = bazaar_new(dice, sites, classes);
        bazaar_supply(bazaar, dice, 1 + dice_below(dice, (unsigned)sites / 2), 1);
        double asked = 0;
        for (size_t i = 0; i < classes; i++)
            asked += bazaar->flows[i].calls;
        if (total_target(bazaar) > asked * 1.05)
            return bazaar;
        bazaar_free(bazaar);
    }
}

static void nobody_is_past_the_target_by_more_than_a_bucket_while_another_has_room(void **state)
{
    (void)state;
    uint64_t dice = 11;
    unsigned priced = 0, idle = 0;
    for (unsigned world = 0; world < 60; world++) {
        struct bazaar *bazaar = with_room(&dice);
        const struct outcome outcome = solve(bazaar);
        double there = 0;
        for (size_t i = 0; i < bazaar->config.site_count; i++) {
            const double enough = fmax(largest_grain(bazaar), 0.001 * bazaar->supplies[i].target);
            assert_true(outcome.census.loads[i] <= bazaar->supplies[i].target + 2 * enough);
            priced += outcome.prices_m[i] > 0;
            idle += outcome.prices_m[i] > 0 && outcome.census.loads[i] < bazaar->supplies[i].target - 4 * enough;
            there += outcome.census.loads[i];
        }
        assert_true(fabs(there - outcome.asked) < 1e-3 * outcome.asked); /* nobody is without a site */
        bazaar_free(bazaar);
    }
    assert_true(priced > 100 &&
                idle * 100 <= priced); /* nobody is moved who need not be, but where a few large classes leave no other way */
}

static void where_all_fits_there_are_no_prices(void **state)
{
    (void)state;
    uint64_t dice = 12;
    for (unsigned world = 0; world < 20; world++) {
        struct bazaar *bazaar = bazaar_new(&dice, 2 + dice_below(&dice, 20), 100);
        bazaar_supply(bazaar, &dice, 0, 1);
        const struct outcome outcome = solve(bazaar);
        for (size_t i = 0; i < bazaar->config.site_count; i++)
            assert_int_equal(outcome.prices_m[i], 0);
        bazaar_free(bazaar);
    }
}

static void more_demand_never_brings_clients_back_to_a_full_site_and_moves_few(void **state)
{
    (void)state;
    uint64_t dice = 13;
    for (unsigned world = 0; world < 20; world++) {
        struct bazaar *bazaar = with_room(&dice);
        const struct outcome before = solve(bazaar);
        for (size_t i = 0; i < bazaar->classes.count; i++)
            bazaar->flows[i].calls *= 1.01;
        const struct outcome after = solve(bazaar);
        double moved = 0, grown = 0;
        struct market *market = market_new(&bazaar->all);
        double old[SITES_MAX], new[SITES_MAX];
        for (size_t i = 0; i < bazaar->classes.count; i++) {
            market_split(market, before.prices_m, i, old);
            market_split(market, after.prices_m, i, new);
            for (size_t k = 0; k < bazaar->config.site_count; k++)
                moved += fmax(0, new[k] - old[k]) * bazaar->flows[i].calls;
            grown += bazaar->flows[i].calls * 0.01 / 1.01;
        }
        market_free(market);
        for (size_t i = 0; i < bazaar->config.site_count; i++)
            if (before.prices_m[i] > 0) /* within what a bucket weighs, a price may be anywhere between two classes */
                assert_true(after.census.loads[i] <=
                            before.census.loads[i] + 6 * fmax(largest_grain(bazaar), 0.001 * bazaar->supplies[i].target));
        assert_true(moved < 4 * grown + 40 * largest_grain(bazaar));
        bazaar_free(bazaar);
    }
}

static void past_all_targets_levels_rise_together(void **state)
{
    (void)state;
    uint64_t dice = 14;
    for (unsigned world = 0; world < 10; world++) {
        struct bazaar *bazaar = bazaar_new(&dice, 4 + dice_below(&dice, 6), 300);
        bazaar_supply(bazaar, &dice, 2, 0.6);
        const struct outcome outcome = solve(bazaar);
        double low = INFINITY, high = 0;
        for (size_t i = 0; i < bazaar->config.site_count; i++) {
            low = fmin(low, outcome.census.loads[i] / bazaar->supplies[i].target);
            high = fmax(high, outcome.census.loads[i] / bazaar->supplies[i].target);
        }
        if (total_target(bazaar) < outcome.asked * 0.98)
            assert_true(low > 1 && high - low < 0.2);
        bazaar_free(bazaar);
    }
}

static void the_market_chooses_as_plans_do(void **state)
{
    (void)state;
    uint64_t dice = 15;
    for (unsigned world = 0; world < 40; world++) {
        struct bazaar *bazaar = bazaar_new(&dice, 2 + dice_below(&dice, 12), 40);
        const size_t sites = bazaar->config.site_count;
        uint32_t prices_m[SITES_MAX];
        uint16_t site_shares[SITES_MAX];
        for (size_t i = 0; i < sites; i++) {
            prices_m[i] = dice_below(&dice, 2) ? dice_below(&dice, dice_below(&dice, 2) ? 150000 : 9000000) : 0;
            site_shares[i] = dice_below(&dice, 4) ? SHARE_WHOLE : (uint16_t)dice_below(&dice, 257);
            bazaar->health[i].overall = dice_below(&dice, 5) ? VERDICT_UP : dice_below(&dice, 2) ? VERDICT_UNKNOWN : VERDICT_DOWN;
        }
        bazaar->spec.policy = (enum policy_kind)dice_below(&dice, 3);
        bazaar->state.room = (struct room){prices_m, site_shares, NULL};
        uint32_t by_service = 3;
        struct diversions diversions = {.count = 2, .by_service = &by_service};
        for (unsigned i = 0; i < 2; i++) { /* planned switches: from one site, from all */
            diversions.of[i] = (struct diversion){.id = i + 1, .to = {(uint8_t)dice_below(&dice, (unsigned)sites)}, .to_count = 1};
            if (dice_below(&dice, 2))
                diversions.of[i].leaves[0] |= UINT64_C(1) << dice_below(&dice, (unsigned)sites);
        }
        bazaar->state.diversions = world % 2 ? &diversions : NULL;
        struct market *market = market_new(&bazaar->all);
        struct slate slate;
        slate_init(&slate, bazaar->policy, &bazaar->state, &bazaar->spec);
        for (uint32_t number = 0; slate.kind == SELECTION_STEERED && number < 40; number++) {
            uint16_t buckets[SITES_MAX];
            double shares[SITES_MAX];
            room_split(bazaar->policy, &slate, &bazaar->spec, number, buckets);
            market_split(market, prices_m, number, shares);
            for (size_t i = 0; i < sites; i++)
                assert_int_equal((int)(shares[i] * BUCKETS + 0.5), buckets[i]);
        }
        slate_release(&slate);
        market_free(market);
        bazaar_free(bazaar);
    }
}

static void reverse_flows(struct bazaar *bazaar)
{
    for (size_t i = 0, k = bazaar->classes.count - 1; i < k; i++, k--) {
        const struct calls swap = bazaar->flows[i];
        bazaar->flows[i] = bazaar->flows[k];
        bazaar->flows[k] = swap;
    }
}

static void the_order_of_flows_does_not_matter_and_neither_does_chance(void **state)
{
    (void)state;
    uint64_t dice = 16;
    for (unsigned world = 0; world < 10; world++) {
        struct bazaar *bazaar = with_room(&dice);
        const struct outcome first = solve(bazaar), again = solve(bazaar);
        assert_memory_equal(first.prices_m, again.prices_m, bazaar->config.site_count * sizeof *first.prices_m);
        reverse_flows(bazaar);
        struct market *market = market_new(&bazaar->all);
        uint32_t prices_m[SITES_MAX];
        equilibrium(&(struct economy){market, bazaar->supplies, NULL, 0}, prices_m);
        assert_memory_equal(first.prices_m, prices_m, bazaar->config.site_count * sizeof *prices_m);
        market_free(market);
        bazaar_free(bazaar);
    }
}

static unsigned looks(const struct bazaar *bazaar, uint32_t *ret_prices_m)
{
    struct market *market = market_new(&bazaar->all);
    const unsigned taken = equilibrium(&(struct economy){market, bazaar->supplies, NULL, 0}, ret_prices_m);
    market_free(market);
    return taken;
}

/* What cannot be met is not sought for ever, and what is found in that time does not depend on chance either. */
static void where_nobody_has_anything_to_give_it_ends_as_soon(void **state)
{
    (void)state;
    uint64_t dice = 18;
    uint32_t prices_m[SITES_MAX], again_m[SITES_MAX];
    for (unsigned world = 0; world < 3; world++) {
        struct bazaar *bazaar = bazaar_new(&dice, 20, world == 0 ? 300 : 700);
        bazaar_supply(bazaar, &dice, 7, 1);
        for (size_t i = 0; i < 20; i++)
            bazaar->supplies[i].target = bazaar->supplies[i].max = world < 2 || i < 15 ? 0 : 1;
        assert_true(looks(bazaar, prices_m) < 1200);
        reverse_flows(bazaar);
        looks(bazaar, again_m);
        assert_memory_equal(prices_m, again_m, 20 * sizeof *prices_m);
        bazaar_free(bazaar);
    }
}

static void many_sites_and_few_classes_take_no_longer(void **state)
{
    (void)state;
    uint64_t dice = 4;
    uint32_t prices_m[SITES_MAX];
    struct bazaar *bazaar = bazaar_new(&dice, 60, 450);
    bazaar_supply(bazaar, &dice, 20, 0.5);
    assert_true(looks(bazaar, prices_m) < 1600);
    bazaar_free(bazaar);
}

static void what_if_tells_where_the_callers_of_a_lost_site_go(void **state)
{
    (void)state;
    uint64_t dice = 17;
    struct bazaar *bazaar = with_room(&dice);
    const size_t sites = bazaar->config.site_count;
    double capacities[SITES_MAX];
    for (size_t i = 0; i < sites; i++)
        capacities[i] = bazaar->supplies[i].target / 0.8;
    const struct scenario now = {.demand = bazaar->all, .capacities = capacities};
    struct prediction same, lost;
    balance_predict(&now, &now, &same);
    assert_true(same.moved == 0 && same.lost_after == 0 && same.mean_km == 0);
    size_t largest = 0;
    for (size_t i = 0; i < sites; i++)
        largest = same.before[i].calls > same.before[largest].calls ? i : largest;

    struct endpoint_health health[SITES_MAX];
    memcpy(health, bazaar->health, sites * sizeof *health);
    health[largest].overall = VERDICT_DOWN;
    struct world_state without = bazaar->state;
    without.health = health;
    struct scenario then = now;
    then.demand.state = &without;
    balance_predict(&now, &then, &lost);
    assert_true(lost.after[largest].calls == 0);
    double gone = 0, gained = 0;
    for (size_t i = 0; i < sites; i++) {
        gone += lost.moves[largest * sites + i];
        gained += lost.after[i].calls;
    }
    assert_true(fabs(gone - lost.before[largest].calls) < 0.01 * gone);
    assert_true(lost.moved >= gone * 0.999 && lost.lost_after == 0);
    assert_true(fabs(gained - lost.calls) < 1e-3 * gained);
    assert_true(lost.mean_km > 0 && lost.p99_km >= lost.mean_km);
    prediction_release(&same);
    prediction_release(&lost);
    bazaar_free(bazaar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_within_a_hundredth_of_the_least_possible),
        cmocka_unit_test(nobody_is_past_the_target_by_more_than_a_bucket_while_another_has_room),
        cmocka_unit_test(where_all_fits_there_are_no_prices),
        cmocka_unit_test(more_demand_never_brings_clients_back_to_a_full_site_and_moves_few),
        cmocka_unit_test(past_all_targets_levels_rise_together),
        cmocka_unit_test(the_market_chooses_as_plans_do),
        cmocka_unit_test(the_order_of_flows_does_not_matter_and_neither_does_chance),
        cmocka_unit_test(where_nobody_has_anything_to_give_it_ends_as_soon),
        cmocka_unit_test(many_sites_and_few_classes_take_no_longer),
        cmocka_unit_test(what_if_tells_where_the_callers_of_a_lost_site_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
