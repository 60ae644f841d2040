/* What is worth an alert and who is told, as the configuration says it. Parts of struct config; see there. Thread: any (immutable). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HOOKS_MAX = 16, HOOK_WORDS_MAX = 32 };

enum alert_severity { ALERT_INFO, ALERT_WARNING, ALERT_CRITICAL };

/* Conditions, which begin and end; behind them what just happens. */
enum alert_kind {
    ALERT_VERDICT,     /* an endpoint or a named check is not up */
    ALERT_SITE_LOST,   /* a site takes no new callers, and nobody has ordered it */
    ALERT_PAST_TARGET, /* of a site's capacity */
    ALERT_PAST_MAX,
    ALERT_BUSY,    /* a site was past alerts.busy on each of so many days */
    ALERT_QUERIES, /* far fewer or more than usual */
    ALERT_CALLS,
    ALERT_ALL_AT_ONCE, /* every endpoint fell at the same moment */
    ALERT_SAFETY,      /* more fell than probes may take out */
    ALERT_PROBES,      /* the engine is behind, or stopped */
    ALERT_PUBLISH,     /* answers cannot be published */
    ALERT_RELOAD,      /* the last one failed */
    ALERT_STALE,       /* load, geo data, a zone of a primary */
    ALERT_EXPIRY,      /* a certificate ends soon, or cannot be used */
    ALERT_SIGNING,     /* zones cannot be signed anew */
    ALERT_STATE,       /* what must survive a restart cannot be written, or was lost */
    ALERT_CLOCK,       /* the wall clock has jumped */
    ALERT_ORDERS,      /* an order's target is not in the configuration */
    ALERT_OVERLOAD,    /* more queries than can be answered */
    ALERT_HOOKS,       /* a hook cannot be told */
    ALERT_CONDITIONS,
    ALERT_ORDER = ALERT_CONDITIONS, /* given, changed, lifted, ended */
    ALERT_DRILL,
    ALERT_LOGIN,
    ALERT_START,
    ALERT_STOP,
    ALERT_TEST, /* sipsteer test-hook; not in the configuration */
    ALERT_KINDS
};

/* A command or a URL to be told. Texts that are not given are NULL. */
struct hook_config {
    char *name;
    uint8_t *on; /* enum alert_kind; none: all */
    size_t on_count;
    enum alert_severity severity; /* at least */
    char **command;
    size_t command_count;
    char *url;
    char **headers; /* "Name: value" */
    size_t header_count;
    char *secret_file; /* of the signature over what is posted */
    char *ca;
    bool verify;
    uint32_t timeout_ms;
    unsigned retries;
    uint32_t quiet_s, repeat_s; /* the same is not raised again within; is told again after; 0: never */
};

struct alert_config {
    unsigned busy, busy_days; /* percent of a site's capacity; in a row */
    unsigned drop, spike;     /* percent below, above what is usual; 0: never */
    uint32_t geo_age_s;       /* of a database file; 0: it may be as old as it is */
};

const char *alert_kind_text(enum alert_kind kind);
const char *alert_severity_text(enum alert_severity severity);
