/* The numbers behind /metrics at one moment. Plain values by index of the configuration, whose names are read when the text is made. For metrics*.c and
 * numbers.c only. Thread: one at a time. */
#pragma once

#include "collect/collect.h"
#include "control/loads.h"
#include "control/metering.h"
#include "control/metrics_families.h"
#include "serve/serve.h"

enum { VERDICTS = 4 };
static const double not_known = -1;

struct site_numbers {
    uint32_t verdicts[VERDICTS]; /* by enum verdict: endpoints */
    bool available;
    double ratio, trust, age_s;  /* not_known: no load */
    double calls, cps, capacity; /* not_known: not measured, not said */
    uint32_t price_m;
    double share;
    struct site_count counted;
    int64_t drill_s;  /* 0: never */
    int drill_passed; /* negative: none has ended */
};

struct zone_numbers {
    uint32_t serial;
    double age_s; /* not_known: it is no primary's */
};

struct numbers {
    struct world *world; /* a reference */
    const struct config *config;
    double started_s;
    int64_t wall_s;
    struct server_counters counters;
    struct probe_engine_state engine;
    bool engine_running;
    double engine_age_s, collector_age_s, probe_age_s; /* the last not_known: no probe has ended */
    struct collector_state collector;
    size_t checks;
    uint8_t *verdicts; /* by endpoint; NULL: too many */
    struct site_numbers *sites;
    double *clusters; /* ratio, not_known */
    struct probe_count *probes;
    double *services; /* as in struct metering; NULL: too many */
    struct zone_numbers *zones;
    size_t zone_count;
    double known, unknown, lost;
    struct durations build, publish;
    uint64_t events[EVENT_KINDS];
    uint32_t classes;
    double demand_rate, demand_known;
    size_t lottery;
    size_t sources[METER_STATES];
    double source_age_max_s, source_age_min_s; /* not_known: none */
    size_t orders[ORDERS];
    bool drill_running, suspect;
    size_t kept, alarms;
    uint64_t generation;
    double config_age_s, geo_age_s, saved_age_s;
    int64_t renew_s, certificate_end_s, endpoints_end_s; /* wall clock; 0: none */
};

/* A family begins; a sample of it, with up to three labels. */
static inline void family(struct page *page, enum metric id)
{
    page_family(page, family_infos[id].name, family_infos[id].type, family_infos[id].help);
}

static inline void sample(struct page *page, enum metric id, double value)
{
    page_sample(page, family_infos[id].name, (const struct label[LABELS_MAX]){{NULL, NULL}}, value);
}

static inline void sample_of(struct page *page, enum metric id, const char *label, const char *of, double value)
{
    page_sample(page, family_infos[id].name, (const struct label[LABELS_MAX]){{label, of}}, value);
}

/* A family of one sample; none of it where that is not known. */
static inline void single(struct page *page, enum metric id, double value)
{
    family(page, id);
    if (value >= 0)
        sample(page, id, value);
}

/* metrics_sites.c */
void write_probes(struct page *page, const struct numbers *numbers);
void write_sites(struct page *page, const struct numbers *numbers);
