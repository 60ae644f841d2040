/* The families of probes, endpoints and sites. */
#include "control/numbers.h"

#include "model/verdict.h"

static void write_results(struct page *page, const struct numbers *numbers)
{
    static const char *const results[] = {[OUTCOME_ALIVE] = "alive", [OUTCOME_BUSY] = "busy", [OUTCOME_FAILED] = "failed"};
    const struct config *config = numbers->config;
    family(page, FAMILY_PROBES);
    for (size_t i = 0; i < config->probe_count; i++)
        for (unsigned k = 0; k < sizeof results / sizeof *results; k++)
            page_sample(page, family_infos[FAMILY_PROBES].name,
                        (const struct label[LABELS_MAX]){
                            {"probe", config->probes[i].name}, {"type", probe_type_text(config->probes[i].type)}, {"result", results[k]}},
                        (double)numbers->probes[i].outcomes[k]);
    family(page, FAMILY_PROBE_FAILURES);
    for (size_t i = 0; i < config->probe_count; i++)
        for (unsigned k = 0; k < REASON_COUNT; k++)
            if (numbers->probes[i].failures[k])
                page_sample(page, family_infos[FAMILY_PROBE_FAILURES].name,
                            (const struct label[LABELS_MAX]){{"probe", config->probes[i].name}, {"reason", reason_text(k)}},
                            (double)numbers->probes[i].failures[k]);
}

static void write_engine(struct page *page, const struct numbers *numbers)
{
    const struct probe_engine_state *engine = &numbers->engine;
    single(page, FAMILY_CHECKS, (double)numbers->checks);
    single(page, FAMILY_ENGINE_RUNNING, numbers->engine_running);
    single(page, FAMILY_ENGINE_HEARTBEAT, numbers->engine_age_s);
    single(page, FAMILY_ENGINE_BEHIND, engine->behind);
    single(page, FAMILY_ENGINE_P99, engine->late_p99_tenths / 1e4);
    single(page, FAMILY_ENGINE_MAX, engine->late_max_ms / 1e3);
    single(page, FAMILY_ENGINE_STARTED, (double)engine->started);
    single(page, FAMILY_ENGINE_ENDED, (double)engine->ended);
    single(page, FAMILY_PROBE_AGE, numbers->probe_age_s);
}

static void write_collector(struct page *page, const struct numbers *numbers)
{
    static const char *const states[METER_STATES] = {
        [METER_WAITING] = "waiting", [METER_FRESH] = "fresh", [METER_LATE] = "late", [METER_STALE] = "stale"};
    single(page, FAMILY_COLLECTOR_HEARTBEAT, numbers->collector_age_s);
    single(page, FAMILY_COLLECTOR_ASKED, (double)numbers->collector.asked);
    single(page, FAMILY_COLLECTOR_FAILED, (double)numbers->collector.failed);
    family(page, FAMILY_SOURCES);
    for (unsigned i = 0; i < METER_STATES; i++)
        sample_of(page, FAMILY_SOURCES, "state", states[i], (double)numbers->sources[i]);
    single(page, FAMILY_SOURCE_AGE, numbers->source_age_max_s);
}

void write_probes(struct page *page, const struct numbers *numbers)
{
    const struct config *config = numbers->config;
    write_results(page, numbers);
    family(page, FAMILY_PROBE_LATENCY);
    for (size_t i = 0; i < config->probe_count; i++)
        page_histogram(page, family_infos[FAMILY_PROBE_LATENCY].name, (const struct label[LABELS_MAX]){{"probe", config->probes[i].name}},
                       &(struct histogram){latency_bounds, LATENCY_BOUNDS, numbers->probes[i].latencies, numbers->probes[i].latency_sum});
    write_engine(page, numbers);
    write_collector(page, numbers);
}

static void write_endpoints(struct page *page, const struct numbers *numbers)
{
    const struct config *config = numbers->config;
    family(page, FAMILY_ENDPOINT_VERDICT);
    for (size_t i = 0; numbers->verdicts && i < config->endpoint_count; i++)
        for (unsigned verdict = 0; verdict < VERDICTS; verdict++)
            page_sample(page, family_infos[FAMILY_ENDPOINT_VERDICT].name,
                        (const struct label[LABELS_MAX]){{"site", config->sites[config->endpoints[i].site].name},
                                                         {"endpoint", config->endpoints[i].host},
                                                         {"verdict", verdict_text(verdict)}},
                        numbers->verdicts[i] == verdict);
    family(page, FAMILY_SITE_ENDPOINTS);
    for (size_t i = 0; i < config->site_count; i++)
        for (unsigned verdict = 0; verdict < VERDICTS; verdict++)
            page_sample(page, family_infos[FAMILY_SITE_ENDPOINTS].name,
                        (const struct label[LABELS_MAX]){{"site", config->sites[i].name}, {"verdict", verdict_text(verdict)}},
                        numbers->sites[i].verdicts[verdict]);
}

static double value_of(const struct numbers *numbers, size_t number, enum metric id)
{
    const struct site_numbers *site = &numbers->sites[number];
    const struct site_room *room = &numbers->config->sites[number].room;
    switch (id) {
    case FAMILY_SITE_AVAILABLE: return site->available;
    case FAMILY_SITE_UTILISATION: return site->ratio;
    case FAMILY_SITE_TRUST: return site->trust;
    case FAMILY_SITE_LOAD_AGE: return site->age_s;
    case FAMILY_SITE_TARGET: return room->target / 100.0;
    case FAMILY_SITE_MAX: return room->max / 100.0;
    case FAMILY_SITE_CALLS: return site->calls;
    case FAMILY_SITE_CPS: return site->cps;
    case FAMILY_SITE_CAPACITY: return site->capacity;
    case FAMILY_SITE_PRICE: return site->price_m;
    case FAMILY_SITE_SHARE: return site->share;
    case FAMILY_SITE_ANSWERS: return site->counted.answers;
    case FAMILY_DRILL_TIME: return site->drill_s ? (double)site->drill_s : not_known;
    default: return site->drill_passed; /* FAMILY_DRILL_PASSED */
    }
}

static void write_by_site(struct page *page, const struct numbers *numbers)
{
    static const enum metric families[] = {FAMILY_SITE_AVAILABLE, FAMILY_SITE_UTILISATION, FAMILY_SITE_TRUST, FAMILY_SITE_LOAD_AGE,
                                           FAMILY_SITE_TARGET,    FAMILY_SITE_MAX,         FAMILY_SITE_CALLS, FAMILY_SITE_CPS,
                                           FAMILY_SITE_CAPACITY,  FAMILY_SITE_PRICE,       FAMILY_SITE_SHARE, FAMILY_SITE_ANSWERS,
                                           FAMILY_DRILL_TIME,     FAMILY_DRILL_PASSED};
    const struct config *config = numbers->config;
    for (size_t k = 0; k < sizeof families / sizeof *families; k++) {
        family(page, families[k]);
        for (size_t i = 0; i < config->site_count; i++) {
            const double value = value_of(numbers, i, families[k]);
            if (value >= 0)
                sample_of(page, families[k], "site", config->sites[i].name, value);
        }
    }
}

static void write_moves(struct page *page, const struct numbers *numbers)
{
    const struct config *config = numbers->config;
    family(page, FAMILY_SITE_MOVED);
    for (size_t i = 0; i < config->site_count; i++)
        for (unsigned in = 0; in < 2; in++)
            page_sample(page, family_infos[FAMILY_SITE_MOVED].name,
                        (const struct label[LABELS_MAX]){{"site", config->sites[i].name}, {"direction", in ? "in" : "out"}},
                        in ? numbers->sites[i].counted.moved_in : numbers->sites[i].counted.moved_out);
    family(page, FAMILY_CLUSTER_UTILISATION);
    for (size_t i = 0; i < config->cluster_count; i++)
        if (numbers->clusters[i] >= 0)
            sample_of(page, FAMILY_CLUSTER_UTILISATION, "cluster", config->clusters[i].name, numbers->clusters[i]);
}

/* Pairs that never had an answer are left out. */
static void write_services(struct page *page, const struct numbers *numbers)
{
    const struct config *config = numbers->config;
    const size_t columns = config->site_count + 1;
    family(page, FAMILY_SERVICE_ANSWERS);
    for (size_t i = 0; numbers->services && i < config->service_count; i++)
        for (size_t site = 0; site < columns; site++)
            if (numbers->services[i * columns + site] > 0)
                page_sample(page, family_infos[FAMILY_SERVICE_ANSWERS].name,
                            (const struct label[LABELS_MAX]){{"service", config->services[i].name},
                                                             {"site", site < config->site_count ? config->sites[site].name : "none"}},
                            numbers->services[i * columns + site]);
}

void write_sites(struct page *page, const struct numbers *numbers)
{
    write_endpoints(page, numbers);
    write_by_site(page, numbers);
    write_moves(page, numbers);
    write_services(page, numbers);
}
