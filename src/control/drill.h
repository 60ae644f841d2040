/* One drill: a site is taken for failed by steering alone, for a time, and the rest is watched. What is seen of it, when it is over, and how it is judged.
 * Pure: time is an argument (monotonic milliseconds). Thread: the owner's. */
#pragma once

#include "model/drill_config.h"
#include "model/override.h"

enum { DRILL_ID_TEXT = 96, DRILL_SITE_TEXT = 64, DRILL_WHY_TEXT = 256 };

enum drill_result {
    DRILL_RUNNING,
    DRILL_PASSED,
    DRILL_FAILED,      /* a goal was missed */
    DRILL_STOPPED,     /* an operator ended it, or gave the site another order */
    DRILL_ABORTED,     /* it ended itself: something went wrong meanwhile */
    DRILL_INTERRUPTED, /* the daemon was not running when it ended */
    DRILL_RESULTS
};
const char *drill_result_text(enum drill_result result);
bool drill_result_parse(const char *text, enum drill_result *ret_result);

/* Not yet, or not known. */
enum { DRILL_NEVER = -1, DRILL_LONGEST_MS = 86400000 };

/* What is known of it before it begins. */
struct drill_start {
    char id[DRILL_ID_TEXT]; /* "20260131T093000Z-london" */
    char site[DRILL_SITE_TEXT];
    char who[WHO_TEXT], reason[REASON_TEXT];
    int64_t since_s; /* wall clock */
    uint64_t for_ms;
    struct drill_goals goals;
    int64_t detect_ms; /* reckoned from the probes' settings: the worst case; DRILL_NEVER: something of the site is not probed */
    uint32_t ttl_s;    /* of the answers that lead to it: so long a cache may keep them */
    bool measured;     /* calls and load are measured there */
    double calls;      /* at the site: measured, else predicted */
    double share;      /* percent of all callers, predicted */
    double peak;       /* percent of its capacity that the fullest other site was predicted to reach; negative: no capacity is known */
    char peak_site[DRILL_SITE_TEXT];
    double calls_past_max, calls_without_site; /* predicted */
};

/* What there is to see at one moment. */
struct drill_sight {
    bool ordered;      /* its order is in force */
    const char *wrong; /* why it must not go on; NULL: nothing */
    double calls;      /* at the site; counts with trust */
    double trust;      /* 0: not known */
    double peak;       /* percent, of the fullest other site; negative: not known */
    const char *peak_site;
    double calls_past_max; /* of all others */
};

struct drill {
    struct drill_start start;
    uint64_t began_ms, until_ms;
    int64_t published_ms;      /* after its begin, as the next three: no answer leads there any more; DRILL_NEVER: not yet */
    int64_t half_ms;           /* half of the calls have left, */
    int64_t most_ms;           /* nine of ten have */
    int64_t lasted_ms;         /* its end; DRILL_NEVER while it runs */
    double calls, least_calls; /* seen there last, at least; as at the begin where nothing is measured */
    double peak;               /* percent, the largest seen; negative: nothing measured */
    char peak_site[DRILL_SITE_TEXT];
    double calls_past_max; /* the most at a time */
    unsigned restarts;     /* of the daemon, meanwhile */
    enum drill_result result;
    char why[DRILL_WHY_TEXT]; /* it was not passed */
};

void drill_begin(struct drill *drill, const struct drill_start *start, uint64_t now_ms);

enum drill_turn {
    DRILL_GOES_ON,
    DRILL_CHANGED, /* something that a report tells of has been seen */
    DRILL_OVER,    /* it has its result: its order, if it is still there, must be taken back */
};
/* From now on no published answer leads to the site first. True: that is new. */
bool drill_gone(struct drill *drill, uint64_t now_ms);
/* One look, at the begin and about once a second. */
enum drill_turn drill_look(struct drill *drill, const struct drill_sight *sight, uint64_t now_ms);

/* Somebody ends it: who. */
void drill_stop(struct drill *drill, const char *who, uint64_t now_ms);
/* It was running when the daemon ended; its order has left_ms to go, or none is there any more (0). */
void drill_resume(struct drill *drill, uint64_t left_ms, uint64_t now_ms);

/* From a failure until every caller is sent elsewhere: detection, publishing, caches. DRILL_NEVER: it cannot be told. */
int64_t drill_moved_ms(const struct drill *drill);
double drill_calls_at_risk(const struct drill *drill);
/* The calls that have left, in percent of those at the begin; negative: not measured. */
double drill_calls_moved(const struct drill *drill);
/* Whether each goal is met, as far as is known now. */
struct drill_judgement {
    bool publish, moved, peak, calls_at_risk;
};
struct drill_judgement drill_judge(const struct drill *drill);
