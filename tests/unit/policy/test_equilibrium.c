/* Prices against the optimum of the transport problem, and what must be true of them in any world. */
#include "policy/bazaar.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_within_a_hundredth_of_the_least_possible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
