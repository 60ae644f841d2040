/* How fast: what has to move moves in steps that a site's load survives, for what is measured tells of it late; what may come back comes slower. */
#include "policy/balancer.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TRIES = 24,
    HALVES = 7,
    BACK_SLOWER = 4, /* taking back is so many times slower than sending away */
};

struct damper {
    const struct look *look;
    size_t quote_count;
    const uint32_t *now_m, *wanted_m;
    const uint32_t *prices_m;               /* now, by site */
    double base_m;                          /* what all sites' prices change by: it moves nobody */
    double loads[SITES_MAX];                /* that are wanted in the end */
    double *shares;                         /* by quote: of the way from now to wanted */
    double *too_much;                       /* the same: the least that was found to be */
    double out[SITES_MAX], back[SITES_MAX]; /* calls that may be moved */
    double *moves;
    bool shortened;
};

static double at_most(double value, double limit)
{
    return value < limit ? value : limit;
}

/* Older samples: less at a time. What is not known at all moves by what demand says. */
static double trust_of(const struct look *look, size_t site)
{
    return look->known[site] ? look->input->sites[site].load.trust : 0.5;
}

/* In a failure or a recovery callers move anyway, and where they land is decided now, by prices that fit each other: were others still dear, all their
 * callers would flock to the one that has come back. A site past its max has no time to lose. */
static bool is_urgent(const struct look *look, size_t site)
{
    const struct utilisation *load = &look->input->sites[site].load;
    return look->reshaped || (load->trust > 0 && load->ratio * 100 > look->config->sites[site].room.max);
}

static void allow(struct balancer *balancer, const struct look *look, struct damper *damper)
{
    const double step = look->config->balance.step / 100.0, time = (double)look->elapsed_ms / fmax(1, look->input->ttl_ms);
    for (size_t i = 0; i < look->config->site_count; i++) {
        const double more = step * time * trust_of(look, i);
        balancer->out_left[i] = at_most(balancer->out_left[i] + more, step);
        balancer->back_left[i] = at_most(balancer->back_left[i] + more / BACK_SLOWER, step / BACK_SLOWER);
        const double bucket = look->census.grains[i]; /* the least that can move at all */
        damper->out[i] = is_urgent(look, i) ? INFINITY : fmax(bucket, balancer->out_left[i] * look->census.loads[i]);
        damper->back[i] =
            look->reshaped ? INFINITY : fmax(bucket, balancer->back_left[i] * fmax(look->census.loads[i], look->supplies[i].target));
    }
}

static void shorten(struct damper *damper, size_t quote, double allowed, double moved)
{
    damper->shares[quote] *= fmax(0.2, fmin(0.75, allowed / moved));
    damper->shortened = true;
}

/* How far a quote has to go, beside all others. */
static double way_m(const struct damper *damper, size_t quote)
{
    const double base_m = quote < damper->look->config->site_count ? damper->base_m : 0;
    return (double)damper->wanted_m[quote] - damper->now_m[quote] - base_m;
}

static bool rises(const struct damper *damper, size_t quote)
{
    return way_m(damper, quote) > 0;
}

static bool falls(const struct damper *damper, size_t quote)
{
    return way_m(damper, quote) < 0;
}

/* Calls leave a site because it grows dear, or because another grows cheap. */
static void bound_out(struct damper *damper, size_t site, double out)
{
    const struct look *look = damper->look;
    const size_t sites = look->config->site_count;
    if (rises(damper, site))
        shorten(damper, site, damper->out[site], out);
    for (size_t k = 0; k < look->economy.pool_count; k++)
        if (rises(damper, sites + k) && look->pools[k].uses[site] > 0)
            shorten(damper, sites + k, damper->out[site], out);
    for (size_t to = 0; to < sites; to++)
        if (damper->moves[site * sites + to] > 0 && to != site && falls(damper, to))
            shorten(damper, to, damper->out[site], out);
}

static void bound_back(struct damper *damper, size_t site, double in)
{
    const struct look *look = damper->look;
    if (falls(damper, site))
        shorten(damper, site, damper->back[site], in);
    for (size_t k = 0; k < look->economy.pool_count; k++)
        if (falls(damper, look->config->site_count + k) && look->pools[k].uses[site] > 0)
            shorten(damper, look->config->site_count + k, damper->back[site], in);
}

static bool any_falls(const struct damper *damper, size_t site)
{
    bool any = falls(damper, site);
    for (size_t k = 0; k < damper->look->economy.pool_count; k++)
        any |= falls(damper, damper->look->config->site_count + k) && damper->look->pools[k].uses[site] > 0;
    return any;
}

/* While others are not yet where they are going, nobody goes beyond what he wants to have. */
static void bound_level(struct damper *damper, size_t site, double more)
{
    const double load = damper->look->census.loads[site], wanted = damper->loads[site];
    const double slack = 0.005 * fmax(load, wanted) + damper->look->census.grains[site];
    if (rises(damper, site) && load + more < fmin(load, wanted) - slack)
        shorten(damper, site, fmax(0, load - wanted), -more);
    if (falls(damper, site) && load + more > fmax(load, wanted) + slack)
        shorten(damper, site, fmax(0, wanted - load), more);
}

static void bound(struct damper *damper)
{
    const size_t sites = damper->look->config->site_count;
    damper->shortened = false;
    for (size_t i = 0; i < sites; i++) {
        double out = 0, in = 0;
        for (size_t k = 0; k < sites; k++) {
            out += k == i ? 0 : damper->moves[i * sites + k];
            in += k == i ? 0 : damper->moves[k * sites + i];
        }
        if (out > damper->out[i] + 1e-6)
            bound_out(damper, i, out);
        if (in > damper->back[i] + 1e-6 && any_falls(damper, i))
            bound_back(damper, i, in);
        bound_level(damper, i, in - out);
    }
}

/* What is left once the step has been taken: one that is refused has moved nobody, and allowances that only grow are in the end enough. */
static void find_left(const struct balancer *balancer, const struct damper *damper, double *ret_out, double *ret_back)
{
    const size_t sites = damper->look->config->site_count;
    for (size_t i = 0; i < sites; i++) {
        double out = 0, in = 0;
        for (size_t k = 0; k < sites; k++) {
            out += k == i ? 0 : damper->moves[i * sites + k];
            in += k == i ? 0 : damper->moves[k * sites + i];
        }
        const double load = damper->look->census.loads[i];
        ret_out[i] = fmax(0, balancer->out_left[i] - (load > 0 ? out / load : 0));
        const double size = fmax(load, damper->look->supplies[i].target);
        ret_back[i] = fmax(0, balancer->back_left[i] - (size > 0 && any_falls(damper, i) ? in / size : 0));
    }
}

static void go(const struct damper *damper, size_t count, uint32_t *ret_quotes_m)
{
    for (size_t i = 0; i < count; i++) {
        const double base_m = i < damper->look->config->site_count ? damper->base_m : 0;
        ret_quotes_m[i] = (uint32_t)(fmax(0, damper->now_m[i] + base_m + damper->shares[i] * way_m(damper, i)) + 0.5);
    }
}

static bool is_offered(const struct look *look, size_t site)
{
    for (size_t i = 0; i < look->market->way_count; i++)
        if (look->market->ways[i].grade != GRADE_NONE && look->market->ways[i].slate.site_grades[site] == look->market->ways[i].grade)
            return true;
    return false;
}

/* What the prices of all who can be chosen have in common: where targets rise together, that is most of it. */
static double common_m(const struct damper *damper)
{
    double least_m = INFINITY, most_m = -INFINITY;
    for (size_t i = 0; i < damper->look->config->site_count; i++) {
        if (!is_offered(damper->look, i))
            continue;
        least_m = fmin(least_m, (double)damper->wanted_m[i] - damper->now_m[i]);
        most_m = fmax(most_m, (double)damper->wanted_m[i] - damper->now_m[i]);
    }
    return isinf(least_m) ? 0 : least_m > 0 ? least_m : most_m < 0 ? most_m : 0;
}

/* What each site has in the end. */
static void find_loads(const struct look *look, const uint32_t *wanted_m, double *ret_loads)
{
    uint32_t prices_m[SITES_MAX];
    struct census census = {.ties = NULL};
    prices_of_quotes(&look->economy, wanted_m, prices_m);
    market_census(look->market, prices_m, WINDOW_M, 1, &census);
    memcpy(ret_loads, census.loads, sizeof census.loads);
}

/* Whether as much as the shares say may be moved; if not, they are shortened. */
static bool try_shares(struct damper *damper, uint32_t *ret_quotes_m)
{
    uint32_t prices_m[SITES_MAX];
    go(damper, damper->quote_count, ret_quotes_m);
    prices_of_quotes(&damper->look->economy, ret_quotes_m, prices_m);
    market_moves(damper->look->market, damper->prices_m, prices_m, damper->moves);
    bound(damper);
    return !damper->shortened;
}

/* Shares are shortened by leaps; what lies between the last that were too much and the first that were not is found by halves: where nobody lives, or
 * a large class, a leap would end too soon, each time again. */
static void find_shares(struct damper *damper, uint32_t *ret_quotes_m)
{
    const size_t size = damper->quote_count * sizeof *damper->shares;
    double *good = mem_new(damper->quote_count, sizeof *good), *bad = mem_new(damper->quote_count, sizeof *bad);
    bool whole = true;
    for (unsigned try = 0; try < TRIES; try++) {
        memcpy(bad, damper->shares, size);
        if (try_shares(damper, ret_quotes_m)) {
            memcpy(good, damper->shares, size);
            break;
        }
        whole = false;
        memcpy(damper->too_much, bad, size);
    }
    for (unsigned try = 0; !whole && try < HALVES; try++) {
        double *mid = bad;
        for (size_t i = 0; i < damper->quote_count; i++)
            mid[i] = damper->shares[i] = (good[i] + damper->too_much[i]) / 2;
        memcpy(try_shares(damper, ret_quotes_m) ? good : damper->too_much, mid, size);
    }
    memcpy(damper->shares, good, size);
    try_shares(damper, ret_quotes_m);
    free(good);
    free(bad);
}

void damp(struct balancer *balancer, struct look *look, const uint32_t *wanted_m, uint32_t *ret_quotes_m, double *ret_moves)
{
    struct damper damper = {.look = look,
                            .quote_count = balancer->quote_count,
                            .now_m = balancer->quotes_m,
                            .wanted_m = wanted_m,
                            .prices_m = balancer->prices_m,
                            .shares = mem_new(balancer->quote_count, sizeof *damper.shares),
                            .too_much = mem_new(balancer->quote_count, sizeof *damper.too_much),
                            .moves = ret_moves};
    damper.base_m = common_m(&damper);
    find_loads(look, wanted_m, damper.loads);
    allow(balancer, look, &damper);
    for (size_t i = 0; i < balancer->quote_count; i++)
        damper.shares[i] = 1;
    find_shares(&damper, ret_quotes_m);
    find_left(balancer, &damper, look->out_left, look->back_left);
    free(damper.shares);
    free(damper.too_much);
}
