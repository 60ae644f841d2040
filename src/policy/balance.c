#include "policy/balance.h"

#include "policy/balancer.h"

#include "base/hash.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A change that moves less than this share of every site's load is not worth new plans. */
static const double least_move = 0.001;

static const char *const reason_texts[] = {
    [PRICE_ROOM] = "room", [PRICE_UNKNOWN] = "unknown", [PRICE_TARGET] = "target",       [PRICE_TOGETHER] = "together",
    [PRICE_HELD] = "held", [PRICE_STEP] = "step",       [PRICE_RETURNING] = "returning", [PRICE_CLUSTER] = "cluster",
};

const char *price_reason_text(enum price_reason reason)
{
    return reason_texts[reason];
}

static struct market *market_of(const struct balance_input *input)
{
    struct calls *flows = mem_new(input->flow_count, sizeof *flows);
    for (size_t i = 0; i < input->flow_count; i++)
        flows[i] = (struct calls){input->spec_of_service[input->flows[i].service], input->flows[i].class, 0};
    struct market *market = market_new(&(struct demand){
        .policy = input->policy,
        .state = input->state,
        .specs = input->specs,
        .spec_count = input->spec_count,
        .flows = flows,
        .flow_count = input->flow_count,
    });
    free(flows);
    return market;
}

/* Who can be chosen and how much there is: what a failure or a recovery changes. */
static uint64_t shape_of(const struct look *look)
{
    uint64_t shape = 1;
    for (size_t i = 0; i < look->market->way_count; i++)
        shape = detour_hash(&look->market->ways[i].slate.detour,
                            hash_bytes(look->market->ways[i].slate.site_grades, look->config->site_count, shape));
    for (size_t i = 0; i < look->config->site_count; i++)
        shape = hash_mix(shape ^ (uint64_t)(look->input->sites[i].capacity + 0.5));
    for (size_t i = 0; i < look->config->cluster_count; i++)
        shape = hash_mix(shape ^ (uint64_t)(look->input->clusters[i].capacity + 0.5));
    return shape ? shape : 1;
}

static void weigh_market(const struct balancer *balancer, const struct look *look)
{
    double *calls = mem_new(look->input->flow_count, sizeof *calls);
    calibration_weigh(balancer->calibration, look->input, look->config->balance.hold_ms, calls);
    for (size_t i = 0; i < look->input->flow_count; i++)
        market_weigh(look->market, i, calls[i]);
    free(calls);
}

/* Where nobody counts calls but somebody knows how full he is, a query is as good a unit as any. */
static void choose_unit(struct balancer *balancer, const struct look *look)
{
    bool full_known = false, calls_known = false;
    for (size_t i = 0; i < look->config->site_count; i++) {
        full_known |= look->input->sites[i].load.trust > 0;
        calls_known |= look->input->sites[i].load.trust > 0 && look->input->sites[i].capacity > 0;
    }
    if (full_known && !calls_known && calibration_factor(balancer->calibration) == 0)
        calibration_set_factor(balancer->calibration, 1);
}

static void look_around(struct balancer *balancer, const struct balance_input *input, uint64_t now_ms, struct look *look)
{
    look->input = input;
    look->config = input->policy->config;
    look->elapsed_ms = balancer->stepped && now_ms > balancer->last_ms ? now_ms - balancer->last_ms : look->config->balance.interval_ms;
    look->market = market_of(input);
    choose_unit(balancer, look);
    calibration_look(balancer->calibration,
                     &(struct calibration_step){.market = look->market,
                                                .prices_m = balancer->prices_m,
                                                .input = input,
                                                .elapsed_ms = look->elapsed_ms,
                                                .hold_ms = look->config->balance.hold_ms},
                     look->expected, look->foreign);
    weigh_market(balancer, look);
    market_census(look->market, balancer->prices_m, WINDOW_M, 1, &look->census);
    find_supplies(balancer, look);
    const uint64_t shape = shape_of(look);
    look->reshaped = balancer->shape != 0 && shape != balancer->shape;
    balancer->shape = shape;
}

/* Within its dead band a price stands still. */
static void hold_quotes(const struct balancer *balancer, const struct look *look, uint32_t *wanted_m)
{
    for (size_t i = 0; i < balancer->quote_count; i++) {
        const size_t sites = balancer->site_count;
        const struct supply *supply = i < sites ? &look->supplies[i] : &look->pools[i - sites].supply;
        const uint32_t now_m = balancer->quotes_m[i];
        if (wanted_m[i] < now_m && wanted_m[i] > now_m - band_width_m(supply, BAND_M))
            wanted_m[i] = now_m;
    }
}

static bool is_worth_it(const struct look *look, const double *moves)
{
    const size_t sites = look->config->site_count;
    for (size_t i = 0; i < sites; i++)
        for (size_t k = 0; k < sites; k++)
            if (i != k && moves[i * sites + k] > least_move * fmax(look->census.loads[i], 1))
                return true;
    return false;
}

/* quoted_m: what its quotes amount to; its price follows when that is worth it. */
static enum price_reason reason_of(const struct balancer *balancer, const struct look *look, size_t site, uint32_t wanted_m,
                                   uint32_t quoted_m)
{
    const uint32_t quote_m = balancer->quotes_m[site], reach_m = look->market->reach_m;
    if (!look->known[site])
        return PRICE_UNKNOWN;
    if (wanted_m > quote_m + BAND_M)
        return PRICE_STEP;
    if (wanted_m < quote_m)
        return PRICE_RETURNING;
    if (balancer->prices_m[site] == 0)
        return PRICE_ROOM;
    if (quote_m == 0)
        return quoted_m > 0 ? PRICE_CLUSTER : PRICE_RETURNING;
    if (quote_m > reach_m)
        return PRICE_TOGETHER;
    const double band = look->supplies[site].band;
    return look->census.loads[site] < look->supplies[site].target - band / 4 ? PRICE_HELD : PRICE_TARGET;
}

static void report(struct balancer *balancer, const struct look *look, const uint32_t *wanted_m, const double *moves)
{
    const size_t sites = look->config->site_count;
    uint32_t quoted_m[SITES_MAX];
    prices_of_quotes(&look->economy, balancer->quotes_m, quoted_m);
    for (size_t i = 0; i < sites; i++) {
        const struct utilisation *load = &look->input->sites[i].load;
        struct site_balance *site = &balancer->reports[i];
        *site = (struct site_balance){
            .reason = reason_of(balancer, look, i, wanted_m[i], quoted_m[i]),
            .price_m = balancer->prices_m[i],
            .wanted_m = wanted_m[i],
            .capacity = look->capacities[i],
            .target = supply_at(&look->supplies[i], balancer->quotes_m[i], look->market->reach_m, BAND_M),
            .measured = look->input->sites[i].capacity > 0 ? load->calls : load->ratio * look->capacities[i],
            .trust = load->trust,
            .expected = look->expected[i],
            .predicted = look->census.loads[i],
            .foreign = look->foreign[i],
        };
        for (size_t k = 0; k < sites; k++) {
            site->moved_out += k == i ? 0 : moves[i * sites + k];
            site->moved_in += k == i ? 0 : moves[k * sites + i];
        }
    }
}

static void look_release(struct look *look)
{
    market_free(look->market);
    free(look->pools);
    free(look);
}

static bool moves_nobody(const struct look *look, const double *moves)
{
    const size_t sites = look->config->site_count;
    for (size_t i = 0; i < sites * sites; i++)
        if (moves[i] > 0 && i / sites != i % sites)
            return false;
    return true;
}

/* Quotes go on in any case, so that steps which are too small add up and a price comes closer to where it is going also where next to nobody lives. Prices
 * come into force if what they move is worth it, or if it is nothing. moves: from those in force till now; zeroed if they stay so. True if somebody moves. */
static bool take(struct balancer *balancer, struct look *look, const uint32_t *quotes_m, double *moves)
{
    const bool moving = is_worth_it(look, moves);
    memcpy(balancer->quotes_m, quotes_m, balancer->quote_count * sizeof *quotes_m);
    if (!moving && !moves_nobody(look, moves)) {
        memset(moves, 0, balancer->site_count * balancer->site_count * sizeof *moves);
        return false;
    }
    memcpy(balancer->out_left, look->out_left, sizeof balancer->out_left);
    memcpy(balancer->back_left, look->back_left, sizeof balancer->back_left);
    prices_of_quotes(&look->economy, quotes_m, balancer->prices_m);
    market_census(look->market, balancer->prices_m, WINDOW_M, 1, &look->census);
    return moving;
}

bool balancer_step(struct balancer *balancer, const struct balance_input *input, uint64_t now_ms)
{
    struct look *look = mem_new(1, sizeof *look);
    balancer_bind(balancer, input->policy->config);
    look_around(balancer, input, now_ms, look);
    const size_t sites = balancer->site_count;
    uint32_t *wanted_m = mem_new(balancer->quote_count, sizeof *wanted_m), *quotes_m = mem_new(balancer->quote_count, sizeof *quotes_m);
    double *moves = mem_new(sites * sites, sizeof *moves);
    equilibrium(&look->economy, wanted_m);
    hold_quotes(balancer, look, wanted_m);
    damp(balancer, look, wanted_m, quotes_m, moves);
    const bool changed = take(balancer, look, quotes_m, moves);
    report(balancer, look, wanted_m, moves);
    balancer->last_ms = now_ms;
    balancer->stepped = true;
    free(wanted_m);
    free(quotes_m);
    free(moves);
    look_release(look);
    return changed;
}

void balancer_weigh(const struct balancer *balancer, const struct balance_input *input, struct calls *ret)
{
    double *calls = mem_new(input->flow_count, sizeof *calls);
    calibration_weigh(balancer->calibration, input, input->policy->config->balance.hold_ms, calls);
    for (size_t i = 0; i < input->flow_count; i++)
        ret[i] = (struct calls){input->spec_of_service[input->flows[i].service], input->flows[i].class, calls[i]};
    free(calls);
}
