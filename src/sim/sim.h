/* The simulator: a scenario played in virtual time under one policy. See README.md. Thread: the caller's; runs share nothing. */
#pragma once

#include "base/error.h"
#include "geo/geo.h"
#include "model/config.h"
#include "model/scenario.h"

enum sim_policy { SIM_SIPSTEER, SIM_NEAREST, SIM_STATIC, SIM_LEAST_LOADED, SIM_SHEDDING, SIM_POLICIES };

enum { SIM_SAMPLE_S = 10 };

/* A site over time, a value for every SIM_SAMPLE_S. */
struct sim_site {
    float *load;     /* calls, in percent of the configured capacity */
    float *limit;    /* what it can take at most, in the same; 0: it is dead */
    double capacity; /* calls, as configured; 0: not said */
    float peak;      /* the highest load in percent of what it can take as it then is */
};

struct sim_result {
    enum sim_policy policy;
    uint64_t calls, attempts, to_dead, to_full, lost;
    double mean_extra_km, p99_extra_km;
    double steady_km;                          /* mean distance of the calls of the last quarter */
    double moved_percent, moved_worst_percent; /* a minute */
    double peak_percent;
    unsigned peak_site;
    double over_percent, over_minutes; /* above target */
    double settled_minutes;            /* after the last change; negative: not at all */
    unsigned swings, swing_site;       /* turns in the busiest half hour */
    size_t site_count, sample_count;
    struct sim_site *sites;
    size_t place_count;
    double *place_calls; /* that are at a time in the last quarter, by place */
    double *place_km;    /* by place and site: how far they are apart */
};

struct sim_run {
    const struct config *config;
    const struct geo *geo; /* of config */
    const struct scenario *scenario;
    enum sim_policy policy;
    uint64_t seed;
    void (*progress)(void *context, double done); /* of 1; called now and then. May be NULL */
    void *context;
};

const char *sim_policy_text(enum sim_policy policy);
/* False when there is none of that name. */
bool sim_policy_from_text(const char *text, enum sim_policy *ret_policy);

/* Plays it. False when a place of the scenario is not known. */
bool sim_play(const struct sim_run *run, struct sim_result *ret, struct error *err);
void sim_result_release(struct sim_result *result);

enum { SUSTAINED_SWINGS = 4 };
/* Turns enough to be called a sustained swing. */
static inline bool sim_swings(const struct sim_result *result)
{
    return result->swings >= SUSTAINED_SWINGS;
}
