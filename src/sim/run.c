/* The clock of a simulation. */
#include "sim/calls.h"

#include "base/memory.h"

#include <stdlib.h>

/* The world is in its usual state when the scenario starts: calls and registrations are there, prices have found their level. */
enum { STEP_MS = 1000, WARM_UP_MS = 1800 * 1000, EPOCH_MS = 3600 * 1000, RATES_S = 5, PROGRESS_S = 60 };

struct play {
    struct ground ground;
    struct crowd crowd;
    struct watch watch;
    struct reports reports;
    struct steerer steerer;
    struct tally tally;
    struct calls calls;
};

static void play_second(struct play *play, double *rate, int64_t at_ms)
{
    const uint64_t now_ms = (uint64_t)(EPOCH_MS + WARM_UP_MS + at_ms);
    ground_step(&play->ground, at_ms);
    const bool changed = watch_step(&play->watch, &play->ground, now_ms);
    reports_step(&play->reports, &play->ground, now_ms);
    steerer_look(&play->steerer, changed, now_ms);
    if (at_ms / STEP_MS % RATES_S == 0)
        *rate = crowd_rates(&play->crowd, &play->ground, at_ms);
    calls_step(&play->calls, *rate, at_ms, now_ms);
    if (at_ms >= 0)
        tally_step(&play->tally, &play->ground, at_ms);
}

static void play_all(struct play *play, const struct sim_run *run)
{
    const int64_t length_ms = run->scenario->length_ms;
    double rate = 0;
    for (int64_t at_ms = -WARM_UP_MS; at_ms < length_ms; at_ms += STEP_MS) {
        play_second(play, &rate, at_ms);
        if (run->progress && at_ms / STEP_MS % PROGRESS_S == 0)
            run->progress(run->context, (double)(at_ms + WARM_UP_MS) / (double)(length_ms + WARM_UP_MS));
    }
}

bool sim_play(const struct sim_run *run, struct sim_result *ret, struct error *err)
{
    const struct config *config = run->config;
    struct play *play = mem_new(1, sizeof *play);
    tally_init(&play->tally, config, run->scenario, run->policy, ret);
    const bool sound = crowd_init(&play->crowd, config, run->geo, run->scenario, run->seed, err);
    if (sound) {
        tally_places(&play->tally, &play->crowd);
        ground_init(&play->ground, config, run->scenario, run->seed);
        for (size_t i = 0; i < config->site_count; i++)
            ret->sites[i].capacity = play->ground.sites[i].capacity;
        watch_init(&play->watch, config, run->seed, EPOCH_MS);
        reports_init(&play->reports, config, run->scenario, run->seed, EPOCH_MS);
        steerer_init(&play->steerer, run->policy, config, &config->services[run->scenario->service], run->geo, run->seed);
        play->steerer.watch = &play->watch;
        play->steerer.reports = &play->reports;
        play->steerer.ground = &play->ground;
        calls_init(&play->calls, &play->crowd, &play->ground, &play->steerer, &play->tally);
        play_all(play, run);
        tally_finish(&play->tally);
        calls_release(&play->calls);
        steerer_release(&play->steerer);
        reports_release(&play->reports);
        watch_release(&play->watch);
        ground_release(&play->ground);
    } else {
        sim_result_release(ret);
    }
    crowd_release(&play->crowd);
    tally_release(&play->tally);
    free(play);
    return sound;
}
