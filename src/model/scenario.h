/* A scenario of `sipsteer simulate` as plain data: who calls, through which resolvers, with which user agents, and what happens to the sites.
 * Made whole by scenario_load(), never changed afterwards. All texts and arrays belong to the struct scenario that holds them.
 * Thread: any (immutable). */
#pragma once

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Callers of one place. */
struct scenario_place {
    char *name;
    struct prefix network; /* their addresses */
    double share;          /* of all calls, in relation to the other places */
    double latitude, longitude;
    bool located; /* latitude and longitude are given; else the geo data has them */
};

/* Resolvers of a kind, in every place. */
struct scenario_resolver {
    char *name, *place;
    double share;      /* of the callers of each place */
    bool ecs;          /* sends the client's network (RFC 7871), so each network has an answer of its own */
    unsigned networks; /* in each place: resolvers with networks of their own, or with ecs client networks */
    unsigned caches;   /* behind each network */
    uint32_t keep_ms;  /* answers are kept so long, whatever their TTL */
    int at;            /* index of the place where all of them are, for callers of all places; or -1 */
};

/* How phones of a kind behave. */
struct scenario_agent {
    char *name;
    double share;
    bool failover;        /* tries the next target of the answer; else it redials */
    uint32_t timeout_ms;  /* waits so long for a target that is silent */
    uint32_t graylist_ms; /* and then leaves it alone for so long */
    uint32_t register_ms; /* registers that often, and calls where it is registered; 0: no registration */
};

/* How the sites' load comes to us. */
struct scenario_reports {
    uint32_t interval_ms, delay_ms;
    unsigned loss; /* percent */
};

enum event_kind {
    EVENT_FAIL,      /* no answers and no calls any more; calls that there are end */
    EVENT_FLAP,      /* fails and comes back every half period */
    EVENT_BROWN_OUT, /* sinks evenly to `to` percent of its capacity, and answers get slow */
    EVENT_SURGE,     /* `to` percent of the usual calls */
    EVENT_SILENCE,   /* no load reports */
    EVENT_KINDS
};

struct scenario_event {
    enum event_kind kind;
    uint32_t at_ms, for_ms; /* for_ms 0: to the end */
    uint32_t period_ms, slow_ms;
    unsigned to; /* percent */
    uint8_t *sites;
    size_t site_count;
    char *host;
    int endpoint; /* of host, or -1 */
};

struct scenario {
    char *path, *title, *service_name;
    int service; /* index into the configuration's services */
    uint32_t length_ms;
    double start_h;     /* UTC */
    double calls;       /* that there are at once at the start, were nobody refused */
    uint32_t hold_ms;   /* mean length of a call */
    double growth;      /* percent an hour */
    double peak_h;      /* local hour of most calls */
    unsigned night;     /* percent of the peak that is left twelve hours from it */
    uint32_t redial_ms; /* a caller without success tries again after so long, */
    unsigned redials;   /* so often */
    struct scenario_place *places;
    size_t place_count;
    struct scenario_resolver *resolvers;
    size_t resolver_count;
    struct scenario_agent *agents;
    size_t agent_count;
    struct scenario_reports reports;
    struct scenario_event *events;
    size_t event_count;
};

/* NULL is allowed. */
void scenario_free(struct scenario *scenario);
