/* How much endpoints, sites and clusters can take, where their load is read, and how callers are moved by it, as the configuration says it.
 * Parts of struct config; see there. Thread: any (immutable). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOADS_MAX = 4 /* sources of one endpoint, site or cluster */, LOAD_WORDS_MAX = 32 /* of a command */ };

/* How it is asked. */
enum load_type { LOAD_PROMETHEUS, LOAD_JSON, LOAD_PUSH, LOAD_FILE, LOAD_EXEC };

/* What a source tells. */
enum load_unit {
    LOAD_CALLS,   /* calls (or channels) there are now */
    LOAD_CPS,     /* new calls a second */
    LOAD_PERCENT, /* of what it can take, 0 to 100 and beyond */
    LOAD_UNITS
};

/* What one can take; 0: not said. */
struct limits {
    uint32_t calls, cps;
};

/* Where load is read, for any number of endpoints, sites and clusters that name it. URL, body, file and command may hold placeholders (load_place.h).
 * Texts that are not given are NULL. */
struct load_source {
    char *name;
    enum load_type type;
    enum load_unit unit;
    uint32_t interval_ms, timeout_ms;
    char *url, *body;                        /* with a body: POST */
    char *metric;                            /* what is read of a Prometheus page (selector.h), */
    char *path;                              /* of a JSON one; neither: the text is a number */
    bool sum;                                /* all series that fit the metric together */
    bool rate;                               /* it counts up: its growth in a second is meant */
    double scale;                            /* times this, after the rate */
    char *user, *password_file, *token_file; /* basic or bearer authentication */
    char *ca;                                /* whom to trust; NULL: whom the system does */
    bool verify;
    char *file;
    char **command;
    size_t command_count;
};

/* Indices of struct load_source. */
struct loads {
    uint16_t of[LOADS_MAX];
    size_t count;
};

/* Endpoints, of any sites, that share one capacity: a trunk, a media relay, a licence. */
struct cluster {
    char *name;
    struct limits limits;
    uint16_t *endpoints; /* indices */
    size_t endpoint_count;
    struct loads loads;
};

/* How full a site shall become, in percent of its capacity. */
struct site_room {
    unsigned target; /* soft: past it callers go elsewhere, as long as there is room */
    unsigned max;    /* hard; at least target */
};

/* How callers are moved by load. */
struct balance_config {
    bool enabled;
    uint32_t interval_ms; /* between two looks */
    uint32_t hold_ms;     /* how long a call lasts, about */
    unsigned dead_band;   /* percent of capacity: nothing is moved back before so much room is there */
    unsigned step;        /* percent of a site's load that may be moved within one TTL */
    unsigned heavy;       /* percent of the smallest site's capacity from which one client prefix is spread by lottery */
};

/* "calls", "cps", "percent"; "prometheus", "json", ... */
const char *load_unit_text(enum load_unit unit);
const char *load_type_text(enum load_type type);
