/* What is believed of the sites' load: reports that come late, and some of them never. Thread: the owner's. */
#pragma once

#include "load/reading.h"
#include "sim/ground.h"

/* A report on its way. */
struct report_sent {
    uint64_t at_ms;
    double value;
};

struct site_reports {
    struct load_source source; /* the configuration's, or percent */
    struct reading reading;
    double ratio; /* what the last report says of what it can take: 1 is full */
    bool known;
    uint64_t next_ms;
    struct report_sent *sent; /* oldest first */
    size_t count, room;
};

struct reports {
    const struct config *config;
    const struct scenario_reports *how;
    struct site_reports *sites;
    struct dice dice;
};

void reports_init(struct reports *reports, const struct config *config, const struct scenario *scenario, uint64_t seed, uint64_t now_ms);
void reports_release(struct reports *reports);

/* Sites report, and what was sent delay_ms before arrives. */
void reports_step(struct reports *reports, const struct ground *ground, uint64_t now_ms);

/* How full a site is believed to be by all that has been reported. */
struct utilisation reports_utilisation(const struct reports *reports, const struct ground *ground, unsigned site, uint64_t now_ms);
