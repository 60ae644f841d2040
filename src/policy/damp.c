/* How fast: what has to move moves in steps that a site's load survives, for what is measured tells of it late; what may come back comes slower. */
#include "policy/balancer.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

enum {
    TRIES = 16,
    BACK_SLOWER = 4, /* taking back is so many times slower than sending away */
};

struct damper {
    const struct look *look;
    const uint32_t *now_m, *wanted_m;
    double *shares; /* by quote: of the way from now to wanted */
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

/* In a failure or a recovery callers move anyway, and where they land is decided now; a site past its max has no time to lose. */
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
        damper->out[i] = is_urgent(look, i) ? INFINITY : balancer->out_left[i] * look->census.loads[i];
        damper->back[i] = balancer->back_left[i] * fmax(look->census.loads[i], look->supplies[i].target);
    }
}

static void shorten(struct damper *damper, size_t quote, double allowed, double moved)
{
    damper->shares[quote] *= fmax(0.25, fmin(0.8, allowed / moved));
    damper->shortened = true;
}

static bool rises(const struct damper *damper, size_t quote)
{
    return damper->wanted_m[quote] > damper->now_m[quote];
}

static bool falls(const struct damper *damper, size_t quote)
{
    return damper->wanted_m[quote] < damper->now_m[quote];
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
    }
}

static void spend(struct balancer *balancer, const struct damper *damper)
{
    const size_t sites = damper->look->config->site_count;
    for (size_t i = 0; i < sites; i++) {
        double out = 0, in = 0;
        for (size_t k = 0; k < sites; k++) {
            out += k == i ? 0 : damper->moves[i * sites + k];
            in += k == i ? 0 : damper->moves[k * sites + i];
        }
        const double load = damper->look->census.loads[i];
        balancer->out_left[i] = fmax(0, balancer->out_left[i] - (load > 0 ? out / load : 0));
        const double size = fmax(load, damper->look->supplies[i].target);
        balancer->back_left[i] = fmax(0, balancer->back_left[i] - (size > 0 && any_falls(damper, i) ? in / size : 0));
    }
}

static void go(const struct damper *damper, size_t count, uint32_t *ret_quotes_m)
{
    for (size_t i = 0; i < count; i++) {
        const double now_m = damper->now_m[i];
        ret_quotes_m[i] = (uint32_t)(now_m + damper->shares[i] * (damper->wanted_m[i] - now_m) + 0.5);
    }
}

void damp(struct balancer *balancer, const struct look *look, const uint32_t *wanted_m, uint32_t *ret_quotes_m, double *ret_moves)
{
    struct damper damper = {.look = look,
                            .now_m = balancer->quotes_m,
                            .wanted_m = wanted_m,
                            .shares = mem_new(balancer->quote_count, sizeof *damper.shares),
                            .moves = ret_moves};
    uint32_t prices_m[SITES_MAX];
    allow(balancer, look, &damper);
    for (size_t i = 0; i < balancer->quote_count; i++)
        damper.shares[i] = 1;
    for (unsigned try = 0; try <= TRIES; try++) {
        if (try == TRIES)
            for (size_t i = 0; i < balancer->quote_count; i++)
                damper.shares[i] = 0;
        go(&damper, balancer->quote_count, ret_quotes_m);
        prices_of_quotes(&look->economy, ret_quotes_m, prices_m);
        market_moves(look->market, balancer->prices_m, prices_m, damper.moves);
        bound(&damper);
        if (!damper.shortened)
            break;
    }
    spend(balancer, &damper);
    free(damper.shares);
}
