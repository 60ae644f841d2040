#include "sim/tally.h"

#include "base/memory.h"
#include "sim/swing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_S = 60, TURN_POINTS = 10, SETTLED_POINTS = 10, SETTLED_SPAN_S = 300, WINDOW_S = 1800, OVER_POINTS = 2, STEP_MS = 1000 };

static const float dead = -1; /* a sample while the site was dead */

void tally_init(struct tally *tally, const struct config *config, const struct scenario *scenario, enum sim_policy policy,
                struct sim_result *ret_result)
{
    const size_t samples = scenario->length_ms / STEP_MS / SIM_SAMPLE_S;
    *ret_result = (struct sim_result){.policy = policy,
                                      .site_count = config->site_count,
                                      .sites = mem_new(config->site_count, sizeof *ret_result->sites),
                                      .place_count = scenario->place_count,
                                      .place_calls = mem_new(scenario->place_count, sizeof *ret_result->place_calls),
                                      .place_km = mem_new(scenario->place_count * config->site_count, sizeof *ret_result->place_km)};
    for (size_t i = 0; i < config->site_count; i++) {
        ret_result->sites[i].load = mem_new(samples, sizeof(float));
        ret_result->sites[i].limit = mem_new(samples, sizeof(float));
    }
    *tally = (struct tally){
        .config = config, .scenario = scenario, .result = ret_result, .extra_km = mem_new(FARTHEST_KM + 1, sizeof *tally->extra_km)};
}

void tally_places(struct tally *tally, const struct crowd *crowd)
{
    for (size_t i = 0; i < tally->scenario->place_count; i++)
        memcpy(tally->result->place_km + i * crowd->site_count, crowd->places[i].site_km, crowd->site_count * sizeof(double));
}

void tally_release(struct tally *tally)
{
    free(tally->extra_km);
}

void sim_result_release(struct sim_result *result)
{
    for (size_t i = 0; i < result->site_count; i++) {
        free(result->sites[i].load);
        free(result->sites[i].limit);
    }
    free(result->sites);
    free(result->place_calls);
    free(result->place_km);
}

static double steady_ms(const struct scenario *scenario)
{
    return scenario->length_ms * 0.75;
}

void tally_taken(struct tally *tally, const struct crowd_place *place, size_t number, unsigned site, double nearest_km, int64_t at_ms)
{
    const double extra_km = fmax(0, place->site_km[site] - nearest_km);
    tally->extra_sum += extra_km;
    tally->taken++;
    tally->extra_km[(size_t)fmin(extra_km, FARTHEST_KM)]++;
    if ((double)at_ms < steady_ms(tally->scenario))
        return;
    tally->steady_sum += place->site_km[site];
    tally->steady_taken++;
    tally->result->place_calls[number] += tally->scenario->hold_ms / (tally->scenario->length_ms - steady_ms(tally->scenario));
}

void tally_moved(struct tally *tally, double weight)
{
    tally->moved += weight;
}

static void end_minute(struct tally *tally)
{
    tally->moved_all += tally->moved;
    tally->moved_worst = fmax(tally->moved_worst, tally->moved);
    tally->moved = 0;
    tally->minutes++;
}

/* How full what there is of a site is, in percent; dead where nothing is. */
static double fullness(const struct ground *ground, unsigned number)
{
    const struct ground_site *site = &ground->sites[number];
    if (!ground_site_lives(ground, number) || site->capacity <= 0)
        return dead;
    return 100.0 * site->calls / (site->capacity * site->strength);
}

static void sample(struct tally *tally, const struct ground *ground)
{
    const size_t at = tally->result->sample_count++;
    for (unsigned i = 0; i < tally->config->site_count; i++) {
        const struct ground_site *site = &ground->sites[i];
        const bool lives = ground_site_lives(ground, i) && site->capacity > 0;
        struct sim_site *ret = &tally->result->sites[i];
        ret->load[at] = (float)(site->capacity > 0 ? 100.0 * site->calls / site->capacity : 0);
        ret->limit[at] = (float)(lives ? 100 * ground_room(ground, i) / site->capacity : 0);
    }
}

void tally_step(struct tally *tally, const struct ground *ground, int64_t at_ms)
{
    struct sim_result *result = tally->result;
    double over = 0;
    for (unsigned i = 0; i < tally->config->site_count; i++) {
        const double full = fullness(ground, i);
        over = fmax(over, full - tally->config->sites[i].room.target);
        if (full > result->peak_percent) {
            result->peak_percent = full;
            result->peak_site = i;
        }
        result->sites[i].peak = fmaxf(result->sites[i].peak, (float)full);
    }
    result->over_percent = fmax(result->over_percent, over);
    result->over_minutes += over > OVER_POINTS ? 1.0 / MINUTE_S : 0;
    const int64_t second = at_ms / STEP_MS;
    if (second % SIM_SAMPLE_S == 0 && result->sample_count < tally->scenario->length_ms / STEP_MS / SIM_SAMPLE_S)
        sample(tally, ground);
    if (second % MINUTE_S == MINUTE_S - 1)
        end_minute(tally);
}

static double percentile_km(const struct tally *tally, double part)
{
    uint64_t seen = 0;
    for (size_t km = 0; km <= FARTHEST_KM; km++) {
        seen += tally->extra_km[km];
        if ((double)seen >= part * (double)tally->taken)
            return (double)km;
    }
    return FARTHEST_KM;
}

/* So many points that it is not by chance: four standard deviations of the calls of a full site, where that is more (Poisson). */
static float turn_points(const struct sim_site *site)
{
    return site->capacity > 0 ? fmaxf(TURN_POINTS, (float)(400 / sqrt(site->capacity))) : TURN_POINTS;
}

/* The load of a site where it lived, for turns. */
static void find_swings(struct sim_result *result)
{
    float *lived = mem_new(result->sample_count, sizeof *lived);
    for (unsigned i = 0; i < result->site_count; i++) {
        const struct sim_site *site = &result->sites[i];
        for (size_t k = 0; k < result->sample_count; k++)
            lived[k] = site->limit[k] > 0 ? site->load[k] : dead;
        const unsigned turns = swing_turns(lived, result->sample_count, turn_points(site), WINDOW_S / SIM_SAMPLE_S);
        if (turns > result->swings) {
            result->swings = turns;
            result->swing_site = i;
        }
    }
    free(lived);
}

static double find_settled(const struct sim_result *result, uint32_t change_ms)
{
    const size_t from = change_ms / STEP_MS / SIM_SAMPLE_S;
    size_t last = from;
    for (size_t i = 0; i < result->site_count; i++) {
        const size_t at = swing_settled(result->sites[i].load, result->sample_count, from, SETTLED_POINTS, SETTLED_SPAN_S / SIM_SAMPLE_S);
        last = at > last ? at : last;
    }
    return last >= result->sample_count ? -1 : (double)(last - from) * SIM_SAMPLE_S / MINUTE_S;
}

void tally_finish(struct tally *tally)
{
    struct sim_result *result = tally->result;
    if (tally->taken > 0) {
        result->mean_extra_km = tally->extra_sum / (double)tally->taken;
        result->p99_extra_km = percentile_km(tally, 0.99);
    }
    if (tally->steady_taken > 0)
        result->steady_km = tally->steady_sum / (double)tally->steady_taken;
    result->moved_percent = tally->minutes ? 100 * tally->moved_all / tally->minutes : 0;
    result->moved_worst_percent = 100 * tally->moved_worst;
    find_swings(result);
    result->settled_minutes = find_settled(result, last_change_ms(tally->scenario));
}
