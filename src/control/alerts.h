/* What is wrong at the moment, each thing under a key that stays the same, and what each hook has been told of it. Every pass tells all that is wrong; what
 * is not told any more is over. Pure: time is an argument (milliseconds, monotonic). Thread: the owner's (the director's). */
#pragma once

#include "model/alert_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ALERTS_MOST = 20000, ALERT_TEXT = 600 };

struct alert {
    enum alert_kind kind;
    enum alert_severity severity;
    bool alarm;   /* wrong with the daemon itself, or what it is fed: shown by status */
    char *target; /* "": there is but one of the kind */
    char *text;
    bool raised;       /* it has lasted as long as its kind must */
    uint64_t since_ms; /* it began, or, once over, ended */
    int64_t since_wall_ms;
    unsigned flaps; /* how often it was raised */

    /* The registry's. */
    uint64_t pass, order;
    uint64_t seen_ms; /* told last */
    struct alert *next;
    struct told {
        bool raised;
        uint64_t raised_ms; /* told last; 0: never */
    } told[HOOKS_MAX];
};

struct alerts;
struct alerts *alerts_new(void);
void alerts_free(struct alerts *alerts);

typedef void alert_fn(void *context, const struct alert *alert);

/* One pass: begin, tell each thing that is wrong, end. */
void alerts_begin(struct alerts *alerts, uint64_t now_ms, int64_t wall_ms);
/* The alert of this kind on this target (may be ""); its text is to be set when it is "" or has changed. NULL: there are too many. */
struct alert *alerts_tell(struct alerts *alerts, enum alert_kind kind, const char *target, enum alert_severity severity);
void alert_say(struct alert *alert, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* on_change: called for each that is raised or over (alert->raised tells). */
void alerts_end(struct alerts *alerts, alert_fn *on_change, void *context);

/* Those raised, in the order in which they were told. */
void alerts_walk(const struct alerts *alerts, alert_fn *fn, void *context);
size_t alerts_count(const struct alerts *alerts);

/* What hook number `hook` is to be told now, and is taken to have been told: what is raised and fits, once in `quiet` at most, again after `repeat`; and
 * the end of what it was told of, always. */
void alerts_due(struct alerts *alerts, size_t hook, const struct hook_config *of, uint64_t now_ms, alert_fn *fn, void *context);
/* Whether the hook wants this. */
bool hook_wants(const struct hook_config *hook, enum alert_kind kind, enum alert_severity severity);
/* After a reload: what hook number i was told, number from[i] is taken to have been told before (HOOKS_MAX: none). */
void alerts_renumber(struct alerts *alerts, const size_t from[HOOKS_MAX]);
