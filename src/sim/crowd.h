/* Who calls: places, the caches of their resolvers, and their phones. Thread: the owner's. */
#pragma once

#include "base/error.h"
#include "geo/geo.h"
#include "model/scenario.h"
#include "sim/ground.h"

enum { NOBODY = UINT16_MAX };

/* One resolver's memory for one client network: who asks with it is steered as one. */
struct cache {
    struct prefix client; /* whom the answers are for, cut to the service's sticky length */
    uint32_t class;
    uint8_t bucket;
    uint32_t keep_ms;
    double weight;       /* its part of all calls, at the scenario's start */
    uint64_t expires_ms; /* of the answer */
    uint16_t targets[TARGETS_MAX];
    uint8_t count; /* of targets; 0: none yet, or an answer without any */
    uint8_t site;  /* of the last first target; NO_PLACE before the first answer */
};
enum { NO_PLACE = 255 };

/* Phones of a kind, in one place, behind one cache. */
struct phones {
    uint32_t place, cache;
    uint16_t agent;
    uint16_t shunned;    /* the endpoint that failed last, or NOBODY */
    uint16_t registered; /* where, or NOBODY */
    uint32_t phase_s;    /* registers at this second of each of its periods */
    uint64_t shunned_until_ms;
};

struct crowd_place {
    double latitude, longitude;
    double *site_km;  /* by site */
    uint8_t *nearest; /* sites by distance */
    uint32_t first_phones, phones_count;
    double rate; /* calls a second, now */
};

struct crowd {
    const struct scenario *scenario;
    size_t site_count;
    struct crowd_place *places;
    struct cache *caches;
    size_t cache_count, cache_room;
    struct phones *phones; /* by place */
    double *sums;          /* by phones: the weights of its place's phones up to it, of 1 */
    size_t phones_count, phones_room;
    double *place_sums; /* rates up to a place */
    double scale;       /* calls a second for each unit of share at the full of the day */
    struct dice dice;
};

/* geo: of config; must outlive the crowd, as the others. False if the geo data does not know where a place is. */
bool crowd_init(struct crowd *crowd, const struct config *config, const struct geo *geo, const struct scenario *scenario, uint64_t seed,
                struct error *err);
void crowd_release(struct crowd *crowd);

/* Sets all rates for this moment of the scenario; returns their sum. */
double crowd_rates(struct crowd *crowd, const struct ground *ground, int64_t at_ms);

/* Phones that call now, at random by the rates. */
struct phones *crowd_caller(struct crowd *crowd);
