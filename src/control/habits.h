/* What is usual: queries a second and calls by the time of day and week, and how often sites were nearly full; looked at once a minute, kept over a restart.
 * Thread: the director's. */
#pragma once

#include "base/error.h"
#include "load/usual.h"
#include "model/config.h"

#include <jansson.h>

struct director;

struct habit {
    struct usual usual;
    enum unusual state;
};

struct site_habit {
    char *site;
    struct busy busy;
    bool seen; /* it is in the configuration */
};

struct habits {
    struct habit queries, calls;
    struct site_habit *sites;
    size_t site_count, site_room;
    uint64_t looked_ms, counted; /* at the last look: queries since the start */
    char old_file[256];          /* a geo database that is older than alerts.geo_age; "": none */
    unsigned old_days;
    bool unsaved, writing;
    uint64_t saved_ms;
};

void habits_release(struct habits *habits);
/* Each second; looks when a minute is over. */
void habits_pass(struct director *director, uint64_t now_ms);
/* Days in a row, of this site. */
unsigned habits_busy_days(const struct habits *habits, const char *site);

/* For the state folder; the caller frees. */
char *habits_text(const struct habits *habits);
/* False: unsound, nothing is taken. */
bool habits_read(struct habits *habits, const char *text, struct error *err);
