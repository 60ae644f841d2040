/* What the director knows of load: a meter for each source at each endpoint, site and cluster that names it, fed by the collector and by pushes; and how full
 * they all are at a moment. Bound to one world. No clock: time is an argument. Thread: the director's. */
#pragma once

#include "collect/collect.h"
#include "load/utilisation.h"
#include "model/override.h"
#include "snapshot/world.h"

enum { METER_TEXT = TARGET_TEXT };

enum measured { MEASURED_ENDPOINT, MEASURED_SITE, MEASURED_CLUSTER };

struct meter {
    enum measured kind;
    uint16_t index; /* of the endpoint, site or cluster */
    const struct load_source *source;
    double full; /* what there is room for, in the unit of the source; 0: not said */
    struct reading reading;
    bool failed; /* the last asking; why is then told */
    char why[LOAD_WHY];
    uint64_t since_ms;       /* it has been there since then */
    uint64_t asked, last_ms; /* answers and failures so far; when the last one came */
};

/* One endpoint, site or cluster. */
struct gauge {
    struct amounts amounts; /* what its own sources tell; of a site or cluster, what they and its endpoints do */
    struct limits
        limits;   /* as the configuration says them; of a site or cluster those of the endpoints that take callers, if it has none */
    bool counted; /* live is known */
    double live;  /* calls there are, on endpoints that take no new ones, too */
    uint32_t first, count; /* its meters */
};

struct meters {
    const struct config *config;
    const struct world *world;
    struct meter *meters; /* endpoints', then sites', then clusters'; those of one stand together */
    size_t count;
    uint32_t generation; /* of the collector's set */
    struct gauge *endpoints, *sites, *clusters;
    struct utilisation *endpoint_use, *site_use, *cluster_use; /* by index, as meters_look() left them */
};

/* Sources known to previous (may be NULL) by their place and name keep what they have told, if they still mean the same. */
void meters_init(struct meters *meters, const struct world *world, const struct meters *previous, uint64_t now_ms);
void meters_release(struct meters *meters);

/* Hands the sources to the collector as the set of meters->generation. */
void meters_install(const struct meters *meters, struct collector *collector);

/* Whose result this is; NULL when it is one of a set before. */
struct meter *meters_addressee(struct meters *meters, const struct load_result *result);
void meter_take(struct meter *meter, const struct load_result *result, uint64_t now_ms);
/* "london/lb1.lon.sip.example.com.", "london" or "trunk", written to out and returned. */
const char *meter_name(const struct meters *meters, const struct meter *meter, char out[METER_TEXT]);

/* How full everything is now, for endpoint_use, site_use and cluster_use. takes: by endpoint, whether it takes new callers; those that do not leave the sums
 * of their sites and clusters. */
void meters_look(struct meters *meters, const bool *takes, uint64_t now_ms);

/* What somebody tells of a target (SITE, SITE/HOST or CLUSTER) that has a source of type push with this unit; unit may be NULL if it has only one. It counts for
 * for_ms (0: three intervals of the source). *ret_target is the full name, at least TARGET_TEXT octets. */
struct push {
    const char *target, *unit;
    double value;
    uint64_t for_ms;
};
bool meters_push(struct meters *meters, const struct push *push, uint64_t now_ms, char *ret_target, struct error *err);

/* Waiting for the first value (a counter's second one); fresh; late: it counts less; stale: it does not count. */
enum meter_state { METER_WAITING, METER_FRESH, METER_LATE, METER_STALE, METER_STATES };
enum meter_state meter_state(const struct meter *meter, uint64_t now_ms);

/* Nothing that counts: silent, failing or too old. */
bool meter_is_stale(const struct meter *meter, uint64_t now_ms);
/* How many are, but for the first three intervals of each. */
size_t meters_stale(const struct meters *meters, uint64_t now_ms);
