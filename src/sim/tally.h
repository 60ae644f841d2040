/* What is counted while a scenario is played, and the figures that come of it. Thread: the owner's. */
#pragma once

#include "sim/crowd.h"
#include "sim/sim.h"

enum { FARTHEST_KM = 20100 /* half around the earth */ };

struct tally {
    const struct config *config;
    const struct scenario *scenario;
    struct sim_result *result;
    uint64_t *extra_km; /* calls by whole kilometres */
    double extra_sum, steady_sum;
    uint64_t taken, steady_taken;
    double moved, moved_all, moved_worst; /* weight: in this minute, in all, in the worst one */
    uint32_t minutes;
};

/* ret_result: to be filled; sim_result_release() frees it. */
void tally_init(struct tally *tally, const struct config *config, const struct scenario *scenario, enum sim_policy policy,
                struct sim_result *ret_result);
/* Notes where everybody is. */
void tally_places(struct tally *tally, const struct crowd *crowd);
void tally_release(struct tally *tally);

/* A call found its place; nearest_km: to the nearest site that lives. */
void tally_taken(struct tally *tally, const struct crowd_place *place, size_t number, unsigned site, double nearest_km, int64_t at_ms);
/* A new answer, weight of all calls, has another first site than the one before. */
void tally_moved(struct tally *tally, double weight);
/* A second is over. */
void tally_step(struct tally *tally, const struct ground *ground, int64_t at_ms);
void tally_finish(struct tally *tally);
