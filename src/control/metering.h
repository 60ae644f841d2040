/* What is counted for metrics beside what the workers and engines count themselves: where answers led, how probes ended, how long publishing took, who was
 * moved. Sums since the start; kept by names over reloads. For control/ only. Thread: the director's. */
#pragma once

#include "control/beliefs.h"
#include "control/journal.h"
#include "model/demand.h"
#include "policy/balance.h"
#include "snapshot/snapshot.h"

enum { DURATION_BOUNDS = 14, LATENCY_BOUNDS = 13 };
extern const double duration_bounds[DURATION_BOUNDS], latency_bounds[LATENCY_BOUNDS]; /* seconds */

struct durations {
    uint64_t counts[DURATION_BOUNDS + 1];
    double sum;
};

/* Of one probe of the configuration. */
struct probe_count {
    uint64_t outcomes[3]; /* enum outcome */
    uint64_t failures[REASON_COUNT];
    uint64_t latencies[LATENCY_BOUNDS + 1]; /* of those that were answered */
    double latency_sum;
};

struct site_count {
    double answers;             /* steered ones that led there first; estimated */
    double moved_in, moved_out; /* calls, by the balancer */
};

struct metering {
    struct config *config; /* whose probes, sites and services these are; NULL before the first */
    struct probe_count *probes;
    struct site_count *sites;
    double *
        services; /* answers, by service and site: [service * sites + site]; the last column is of answers that led nowhere. NULL: too many */
    double known, unknown, lost; /* answers, by whether the client's place is known; counts that found no room */
    struct durations build, publish;
    uint64_t events[EVENT_KINDS];
    const struct plan **plans; /* by service, of the snapshot with this generation */
    uint64_t plans_of;
    uint32_t place;    /* its number, */
    uint64_t place_ms; /* and since when it has been there */
    uint64_t probe_ms; /* when a result came last */
    double started_s;  /* wall clock: when the process did */
};

struct metering *metering_new(void);
void metering_free(struct metering *metering);

/* The configuration that numbers are of from now on. */
void metering_bind(struct metering *metering, const struct world *world, const struct place *place, uint64_t now_ms);

void metering_duration(struct durations *durations, double seconds);
void metering_probe(struct metering *metering, const struct checkup *at);
/* Before a round of cells: whose plans say where they led. */
void metering_answered_by(struct metering *metering, const struct snapshot *snapshot);
void metering_answers(struct metering *metering, const struct demand_cell *cell, const struct classes *classes);
/* What a step of the balancer has done, by site. */
void metering_moved(struct metering *metering, const struct site_balance *report);
/* A journal_fn; context is the metering. */
void metering_event(void *context, const json_t *event);
