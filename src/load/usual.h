/* What is usual of a rate at this time of the day and the week, and whether it is far from that now. A measured rate is taken apart into a curve over the time
 * of day (or of the week, once one is known) and a level, the last hour's ratio to that curve. Now is unusual when the last minutes are far from curve times
 * level: so a daily curve, a holiday and growth raise nothing, and a sudden drop or rise does, within USUAL_RAISE_MIN minutes.
 * Pure: time is an argument (wall clock). Thread: the owner's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    USUAL_SLOT_MIN = 15,
    USUAL_DAY_SLOTS = 24 * 60 / USUAL_SLOT_MIN,
    USUAL_WEEK_SLOTS = 7 * USUAL_DAY_SLOTS,
    USUAL_NOW_MIN = 3,     /* minutes that count as now */
    USUAL_RAISE_MIN = 5,   /* a step is told of within so many */
    USUAL_WARM_MIN = 30,   /* nothing is said before */
    USUAL_ACCEPT_MIN = 120 /* what lasts so long is the usual from then on */
};

enum unusual { UNUSUAL_NOT, UNUSUAL_DROP, UNUSUAL_SPIKE };

/* Zeroed: nothing is known. Plain, so that it can be saved. */
struct usual {
    float week[USUAL_WEEK_SLOTS], day[USUAL_DAY_SLOTS]; /* the mean rate in the slot; negative or 0 with its bit unset: not known */
    uint8_t week_known[USUAL_WEEK_SLOTS], day_known[USUAL_DAY_SLOTS];
    double level; /* of the last hour: measured to curve */
    double noise; /* mean distance of a minute's ratio from 1 */
    double recent[USUAL_NOW_MIN];
    unsigned minutes;     /* seen since the start */
    unsigned far_minutes; /* in a row */
    enum unusual state;
    double slot_sum; /* of the slot that runs */
    unsigned slot_count;
    int64_t slot;    /* number of the slot that runs, since 1970 */
    int64_t minute;  /* number of the last one */
    double expected; /* for now, as it was reckoned last */
};

/* How far is far: percent below and above; 0: never. least: a rate below which nothing is unusual. */
struct usual_bounds {
    unsigned drop, spike;
    double least;
};

/* The mean rate of the minute that ended at wall_s; minutes that are left out are not known. Returns what is unusual now. */
enum unusual usual_add(struct usual *usual, double rate, int64_t wall_s, const struct usual_bounds *bounds);
/* The mean of the minutes that count as now, and what it would usually be; 0: not known. */
double usual_now(const struct usual *usual);

/* A site that is past a bound on days in a row. Zeroed: nothing is known. Days are of UTC. */
struct busy {
    int64_t day;
    bool today;    /* it was past it */
    unsigned days; /* in a row, today included once it was */
};
/* ratio: how full it is now; negative: not known. Returns the days in a row. */
unsigned busy_add(struct busy *busy, double ratio, double bound, int64_t wall_s);
