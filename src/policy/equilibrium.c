/* Damped Newton steps on the excess of load over supply, each with the window within which the buckets of a class cross over halved: in a wide window
 * load is a smooth function of prices, in the last one it is that of the plan. The matrix of the steps is a graph's Laplacian: what two sites win from
 * each other when a price moves; that nearly all of it is local does not slow the steps down as it would slow prices that are moved one by one. */
#include "policy/equilibrium.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDEST_M = 6400000,
    STEPS_WIDE = 24, /* at most, of each window */
    STEPS_LAST = 48,
    STRIDE_WIDE = 16, /* one bucket in so many is enough while the window is wide */
    STRIDE_LAST = 4,
    FEW_GROUPS = 500,
    CENSUSES_A_PRICE = 34, /* to find one by halving */
    GROUPS_MOST = 600000,  /* that all these look at, together: some tenths of a second */
};

/* A price that is sought: of a site, or of a pool. */
struct quote {
    const struct supply *supply;
    double price_m, best_m;
    double pull_m; /* how far it may move in one step */
    double excess; /* load less supply */
    double last;   /* the excess before */
    double grain;  /* what one bucket is */
    double slope;  /* of the supply */
    double left;   /* the fault that settling its own price has left */
};

struct solver {
    const struct economy *economy;
    size_t site_count, count; /* of quotes: sites, then pools */
    struct quote *quotes;
    uint32_t *quotes_m; /* in whole metres */
    uint32_t *prices_m; /* by site, with those of its pools */
    struct census census;
    double *matrix, *steps; /* of the active quotes */
    uint16_t *active, *row_of;
    size_t active_count;
    double width_m;
};

/* Where a price is small, the band takes effect before it is gone. */
double band_width_m(const struct supply *supply, double width_m)
{
    return fmax(1, fmin(width_m, supply->now_m / 2.0));
}

double supply_at(const struct supply *supply, double price_m, double reach_m, double width_m)
{
    double given = supply->target;
    const double above = (price_m - reach_m) / RISE_M;
    if (above > 1)
        given = supply->max * above;
    else if (above > 0)
        given += (supply->max - supply->target) * above;
    const double below = (supply->now_m - price_m) / band_width_m(supply, width_m);
    if (below > 0)
        given -= supply->band * fmin(below, 1);
    return fmax(given, 0);
}

static double slope_at(const struct supply *supply, double price_m, double reach_m, double width_m)
{
    const double size = fmax(1, fmax(supply->max, supply->target)); /* a matrix has to have something in each row */
    double slope = (price_m > reach_m + RISE_M ? size : fmax(supply->max - supply->target, size / 10)) / RISE_M;
    const double band_m = band_width_m(supply, width_m);
    if (price_m < supply->now_m && price_m > supply->now_m - band_m)
        slope += supply->band / band_m;
    return slope;
}

static double use_of(const struct solver *solver, size_t pool, size_t site)
{
    return solver->economy->pools[pool].uses[site];
}

void prices_of_quotes(const struct economy *economy, const uint32_t *quotes_m, uint32_t *ret_prices_m)
{
    const size_t sites = economy->market->site_count;
    for (size_t i = 0; i < sites; i++) {
        double price_m = quotes_m[i];
        for (size_t k = 0; k < economy->pool_count; k++)
            price_m += economy->pools[k].uses[i] * quotes_m[sites + k];
        ret_prices_m[i] = (uint32_t)(fmin(price_m, PRICE_MAX_M) + 0.5);
    }
}

static void set_prices(struct solver *solver)
{
    for (size_t i = 0; i < solver->count; i++)
        solver->quotes_m[i] = (uint32_t)(solver->quotes[i].price_m + 0.5);
    prices_of_quotes(solver->economy, solver->quotes_m, solver->prices_m);
}

static void look_at(struct solver *solver, size_t number, double load, double grain)
{
    struct quote *quote = &solver->quotes[number];
    const double reach_m = solver->economy->market->reach_m;
    quote->excess = load - supply_at(quote->supply, quote->price_m, reach_m, solver->width_m);
    quote->slope = slope_at(quote->supply, quote->price_m, reach_m, solver->width_m);
    quote->grain = grain;
}

static void look(struct solver *solver, uint32_t window_m, unsigned stride)
{
    set_prices(solver);
    solver->width_m = window_m / 4.0;
    market_census(solver->economy->market, solver->prices_m, window_m, stride, &solver->census);
    for (size_t i = 0; i < solver->site_count; i++)
        look_at(solver, i, solver->census.loads[i], solver->census.grains[i] * stride);
    for (size_t k = 0; k < solver->economy->pool_count; k++) {
        double load = 0, grain = 0;
        for (size_t i = 0; i < solver->site_count; i++) {
            const size_t site = solver->economy->market->by_name[i];
            load += use_of(solver, k, site) * solver->census.loads[site];
            grain = fmax(grain, use_of(solver, k, site) * solver->census.grains[site] * stride);
        }
        look_at(solver, solver->site_count + k, load, grain);
    }
}

/* How far from balance, in units of what is good enough. */
static double fault_of(const struct quote *quote, double share)
{
    const double enough = fmax(quote->grain, share * quote->supply->target) + 1e-9;
    return quote->excess > 0 ? quote->excess / enough : quote->price_m > 0 ? -quote->excess / enough : 0;
}

static double worst_fault(const struct solver *solver, double share)
{
    double worst = 0;
    for (size_t i = 0; i < solver->count; i++)
        worst = fmax(worst, fault_of(&solver->quotes[i], share));
    return worst;
}

static size_t in_order(const struct solver *solver, size_t number)
{
    return number < solver->site_count ? solver->economy->market->by_name[number] : number;
}

static void find_active(struct solver *solver)
{
    solver->active_count = 0;
    for (size_t i = 0; i < solver->count; i++) {
        const size_t number = in_order(solver, i);
        const struct quote *quote = &solver->quotes[number];
        const bool active = quote->price_m > 0 || quote->excess > 0;
        solver->row_of[number] = active ? (uint16_t)solver->active_count : UINT16_MAX;
        if (active)
            solver->active[solver->active_count++] = (uint16_t)number;
    }
}

/* The quotes that tell two sites' prices apart, and how much. */
static size_t differences(const struct solver *solver, size_t a, size_t b, uint16_t *ret_rows, double *ret_by)
{
    size_t count = 0;
    const uint16_t row_a = solver->row_of[a], row_b = solver->row_of[b];
    if (row_a != UINT16_MAX) {
        ret_rows[count] = row_a;
        ret_by[count++] = 1;
    }
    if (row_b != UINT16_MAX) {
        ret_rows[count] = row_b;
        ret_by[count++] = -1;
    }
    for (size_t k = 0; k < solver->economy->pool_count; k++) {
        const double by = use_of(solver, k, a) - use_of(solver, k, b);
        if (by == 0 || solver->row_of[solver->site_count + k] == UINT16_MAX)
            continue;
        ret_rows[count] = solver->row_of[solver->site_count + k];
        ret_by[count++] = by;
    }
    return count;
}

static void add_tie(struct solver *solver, size_t a, size_t b, double per_m, uint16_t *rows, double *by)
{
    const size_t n = solver->active_count, count = differences(solver, a, b, rows, by);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            solver->matrix[rows[i] * n + rows[k]] += per_m * by[i] * by[k];
}

static void fill_matrix(struct solver *solver, double edge_m)
{
    const size_t n = solver->active_count, sites = solver->site_count;
    uint16_t *rows = mem_new(solver->count, sizeof *rows);
    double *by = mem_new(solver->count, sizeof *by);
    memset(solver->matrix, 0, n * n * sizeof *solver->matrix);
    for (size_t i = 0; i < sites; i++)
        for (size_t k = i + 1; k < sites; k++) {
            const size_t a = in_order(solver, i), b = in_order(solver, k);
            const double tie = solver->census.ties[a * sites + b] + solver->census.ties[b * sites + a];
            if (tie > 0)
                add_tie(solver, a, b, tie / edge_m / 2, rows, by);
        }
    for (size_t i = 0; i < n; i++) {
        solver->matrix[i * n + i] += solver->quotes[solver->active[i]].slope;
        solver->steps[i] = solver->quotes[solver->active[i]].excess;
    }
    free(rows);
    free(by);
}

/* Symmetric and positive definite, for every row has a slope of its own: Cholesky's way, in place. */
static void solve_matrix(double *matrix, double *right, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k <= i; k++) {
            double sum = matrix[i * n + k];
            for (size_t j = 0; j < k; j++)
                sum -= matrix[i * n + j] * matrix[k * n + j];
            matrix[i * n + k] = k < i ? sum / matrix[k * n + k] : sqrt(fmax(sum, 1e-30));
        }
        for (size_t j = 0; j < i; j++)
            right[i] -= matrix[i * n + j] * right[j];
        right[i] /= matrix[i * n + i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t j = i + 1; j < n; j++)
            right[i] -= matrix[j * n + i] * right[j];
        right[i] /= matrix[i * n + i];
    }
}

/* A quote that has gone too far takes smaller steps from then on: where load falls by leaps, a step's own estimate of it is worth nothing. */
static void move_quote(struct quote *quote, double step_m, double window_m)
{
    const bool turned = quote->excess * quote->last < 0;
    quote->pull_m = turned ? quote->pull_m / 2 : fmin(quote->pull_m * 1.3, 2 * window_m);
    quote->last = quote->excess;
    quote->price_m += fmax(-quote->pull_m, fmin(step_m, quote->pull_m));
    quote->price_m = fmax(0, fmin(quote->price_m, PRICE_MAX_M));
}

static void newton_step(struct solver *solver, uint32_t window_m)
{
    find_active(solver);
    fill_matrix(solver, window_m / 4);
    solve_matrix(solver->matrix, solver->steps, solver->active_count);
    for (size_t i = 0; i < solver->active_count; i++)
        move_quote(&solver->quotes[solver->active[i]], solver->steps[i], window_m);
}

static void keep_if_better(struct solver *solver, double fault, double *best)
{
    if (fault >= *best)
        return;
    *best = fault;
    for (size_t i = 0; i < solver->count; i++)
        solver->quotes[i].best_m = solver->quotes[i].price_m;
}

static void take_best(struct solver *solver)
{
    for (size_t i = 0; i < solver->count; i++)
        solver->quotes[i].price_m = solver->quotes[i].best_m;
}

/* With this window, until it is good enough; keeps the best that was seen. */
static unsigned solve_window(struct solver *solver, uint32_t window_m, unsigned stride, unsigned steps, double share)
{
    double best = INFINITY;
    unsigned taken = 0;
    for (size_t i = 0; i < solver->count; i++) {
        solver->quotes[i].pull_m = window_m;
        solver->quotes[i].last = 0;
    }
    for (; taken <= steps; taken++) {
        look(solver, window_m, stride);
        const double fault = worst_fault(solver, share);
        keep_if_better(solver, fault, &best);
        if (best <= 1 || taken == steps)
            break;
        newton_step(solver, window_m);
    }
    take_best(solver);
    return taken;
}

/* The price of one at which he gets just what he gives, as it is in whole metres while all others stand. Where no price is high enough his stays. Returns
 * the censuses that it takes. */
static unsigned settle_quote(struct solver *solver, struct quote *quote)
{
    double low_m = 0, high_m = PRICE_MAX_M;
    const double before_m = quote->price_m;
    unsigned taken = 1;
    quote->price_m = high_m;
    look(solver, WINDOW_M, 1);
    if (quote->excess > 0) {
        quote->price_m = before_m;
        return taken;
    }
    while (high_m - low_m > 1) {
        quote->price_m = floor((low_m + high_m) / 2);
        look(solver, WINDOW_M, 1);
        taken++;
        if (quote->excess > 0)
            low_m = quote->price_m;
        else
            high_m = quote->price_m;
    }
    quote->price_m = low_m == 0 ? 0 : high_m;
    return taken;
}

/* But of those whose own price would not better it. */
static struct quote *worst_quote(struct solver *solver, double *ret_fault)
{
    struct quote *worst = NULL;
    *ret_fault = 0;
    for (size_t i = 0; i < solver->count; i++) {
        struct quote *quote = &solver->quotes[in_order(solver, i)];
        const double fault = fault_of(quote, 0.001);
        if (fault <= *ret_fault || fault <= quote->left)
            continue;
        *ret_fault = fault;
        worst = quote;
    }
    return worst;
}

static double sum_of_faults(const struct solver *solver)
{
    double sum = 0;
    for (size_t i = 0; i < solver->count; i++)
        sum += fault_of(&solver->quotes[in_order(solver, i)], 0.001);
    return sum;
}

/* Few and large classes make load fall by leaps that no step foresees: there prices are found one by one. It is better to be near than to be late, so that
 * has bounds. */
static unsigned settle(struct solver *solver)
{
    const size_t groups = solver->economy->market->group_count, each = CENSUSES_A_PRICE * solver->count;
    const bool few = groups <= FEW_GROUPS;
    const size_t most = groups * each * (few ? 6 : 1) <= GROUPS_MOST ? each * (few ? 6 : 1) : GROUPS_MOST / groups + CENSUSES_A_PRICE;
    size_t taken = 0;
    double fault, best = INFINITY;
    for (struct quote *last = NULL; taken < most; taken += settle_quote(solver, last)) {
        look(solver, WINDOW_M, 1);
        taken++;
        keep_if_better(solver, sum_of_faults(solver), &best);
        if (last)
            last->left = fault_of(last, 0.001);
        last = worst_quote(solver, &fault);
        if (fault <= (few ? 1.01 : 4))
            break;
    }
    take_best(solver);
    return (unsigned)taken;
}

static void solver_init(struct solver *solver, const struct economy *economy)
{
    const size_t sites = economy->market->site_count, count = sites + economy->pool_count;
    *solver = (struct solver){
        .economy = economy,
        .site_count = sites,
        .count = count,
        .quotes = mem_new(count, sizeof *solver->quotes),
        .quotes_m = mem_new(count, sizeof *solver->quotes_m),
        .prices_m = mem_new(sites, sizeof *solver->prices_m),
        .matrix = mem_new(count * count, sizeof *solver->matrix),
        .steps = mem_new(count, sizeof *solver->steps),
        .active = mem_new(count, sizeof *solver->active),
        .row_of = mem_new(count, sizeof *solver->row_of),
        .census.ties = mem_new(sites * sites, sizeof *solver->census.ties),
    };
    for (size_t i = 0; i < count; i++)
        solver->quotes[i].supply = i < sites ? &economy->supplies[i] : &economy->pools[i - sites].supply;
}

static void solver_release(struct solver *solver)
{
    free(solver->quotes);
    free(solver->quotes_m);
    free(solver->prices_m);
    free(solver->matrix);
    free(solver->steps);
    free(solver->active);
    free(solver->row_of);
    free(solver->census.ties);
}

static double given_at(const struct solver *solver, double price_m)
{
    double given = 0;
    for (size_t i = 0; i < solver->site_count; i++)
        given += supply_at(solver->quotes[in_order(solver, i)].supply, price_m, solver->economy->market->reach_m, WINDOW_M);
    return given;
}

/* Where there are more callers than all want together, one price for all, at which they take them, is a good beginning. */
static void begin_together(struct solver *solver)
{
    double asked = 0, low_m = 0, high_m = PRICE_MAX_M;
    look(solver, WINDOW_M, BUCKETS);
    for (size_t i = 0; i < solver->site_count; i++)
        asked += solver->census.loads[i];
    if (given_at(solver, PRICE_MAX_M) < asked)
        low_m = high_m;
    while (high_m - low_m > 1000 && given_at(solver, solver->economy->market->reach_m) < asked) {
        const double price_m = (low_m + high_m) / 2;
        if (given_at(solver, price_m) < asked)
            low_m = price_m;
        else
            high_m = price_m;
    }
    for (size_t i = 0; i < solver->site_count; i++)
        solver->quotes[i].price_m = low_m;
}

unsigned equilibrium(const struct economy *economy, uint32_t *ret_quotes_m)
{
    struct solver solver;
    unsigned taken = 0;
    solver_init(&solver, economy);
    begin_together(&solver);
    for (uint32_t window_m = WIDEST_M; window_m > WINDOW_M; window_m /= 4)
        taken += solve_window(&solver, window_m, STRIDE_WIDE, STEPS_WIDE, 0.02);
    taken += solve_window(&solver, WINDOW_M, STRIDE_LAST, STEPS_WIDE, 0.005);
    taken += solve_window(&solver, WINDOW_M, 1, STEPS_LAST, 0.001);
    taken += settle(&solver);
    set_prices(&solver);
    memcpy(ret_quotes_m, solver.quotes_m, solver.count * sizeof *ret_quotes_m);
    solver_release(&solver);
    return taken;
}
