/* How long it takes to find prices: what a look at load costs the control plane.
 * usage: bench-balance [rounds] */
#include "policy/bazaar.h"

#include "base/clock.h"

#include <stdio.h>

static double ms_since(uint64_t start_ns)
{
    return (double)(clock_ns() - start_ns) / 1e6;
}

static void measure(size_t classes, size_t sites, unsigned full, double share, unsigned rounds)
{
    double best = INFINITY, worst = 0;
    unsigned steps = 0;
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t dice = 1000 * (i + 1);
        uint32_t quotes_m[SITES_MAX];
        struct bazaar *bazaar = bazaar_new(&dice, sites, classes);
        bazaar_supply(bazaar, &dice, full, share);
        const uint64_t start_ns = clock_ns();
        struct market *market = market_new(&bazaar->all);
        steps = equilibrium(&(struct economy){market, bazaar->supplies, NULL, 0}, quotes_m);
        const double took_ms = ms_since(start_ns);
        best = fmin(best, took_ms);
        worst = fmax(worst, took_ms);
        market_free(market);
        bazaar_free(bazaar);
    }
    printf("%5zu flows x %3zu sites, %3u full, room for %.0f %%: %.1f to %.1f ms, %u steps\n", classes, sites, full, share * 100, best,
           worst, steps);
}

int main(int argc, char **argv)
{
    const unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 5;
    measure(1000, 20, 0, 1, rounds);
    measure(1000, 20, 4, 1, rounds);
    measure(1000, 20, 8, 1, rounds);
    measure(5000, 200, 20, 1, rounds);
    measure(1000, 20, 4, 0.5, rounds);
    return 0;
}
