/* What policy knows of the world besides the configuration: the health of each endpoint and the operator's orders.
 * Plain values, one entry an endpoint or a site by its index in struct config. Thread: the owner's. */
#pragma once

#include "model/config.h"
#include "model/diversion.h"
#include "model/override.h"
#include "model/room.h"

/* The verdict for one address family and transport of an endpoint; probed is false where no probe speaks for it. */
struct facet {
    enum verdict verdict;
    bool probed;
    bool held;         /* down, but it answers: damping holds it down */
    uint64_t since_ms; /* monotonic: when the verdict became what it is */
};

struct endpoint_health {
    struct facet of[2][TRANSPORT_COUNT]; /* [0] IPv4, [1] IPv6 */
    enum verdict overall;                /* the best of the facets; VERDICT_UP where nothing is probed */
    enum reason reason;                  /* of the facet that decided overall */
    uint64_t since_ms;                   /* monotonic: when overall became what it is */
    bool held;                           /* as of the facet that decided overall */
    bool doubt;                          /* a probe has failed (or passed) and its confirmation is on the way: answers live shorter */
};

/* Whether verdicts, and what is held, are the same; doubt may differ. */
bool same_verdicts(const struct endpoint_health *a, const struct endpoint_health *b);

/* fail: taken for down, for a drill. */
enum order_state { ORDERED_NOTHING, ORDERED_DRAIN, ORDERED_FAIL, ORDERED_DISABLE };

/* How an endpoint stands for choosing, best first. */
enum standing { STANDING_UP, STANDING_UNKNOWN, STANDING_RESERVE, STANDING_LAST, STANDING_OUT };

/* What made it stand so; for explain. */
enum cause {
    CAUSE_VERDICT, /* its own verdict */
    CAUSE_ENDPOINT_DRAIN,
    CAUSE_ENDPOINT_DISABLE,
    CAUSE_SITE_DRAIN,
    CAUSE_SITE_DISABLE,
    CAUSE_SITE_SWITCH,    /* a planned switch takes these callers away from its site */
    CAUSE_DRILL,          /* its site is taken for failed */
    CAUSE_MIN_UP,         /* its site has fewer endpoints up than min_up */
    CAUSE_MIN_CAPACITY,   /* or less capacity than min_capacity */
    CAUSE_HELD,           /* it answers again, but damping holds it down */
    CAUSE_DEPENDS,        /* a check that its site depends on has failed */
    CAUSE_SUSPECT,        /* everything fell at once: its fall is not believed */
    CAUSE_SAFETY,         /* more fell than safety lets probes take out: its fall is not believed */
    CAUSE_NOT_OFFERED,    /* the zone file has no such record for it */
    CAUSE_NOT_IN_SERVICE, /* its site does not belong to the service */
    CAUSE_COUNT
};

const char *standing_text(enum standing standing);
const char *cause_text(enum cause cause);

/* The inputs of a plan that change. Arrays are the caller's: endpoints by endpoint index, orders by endpoint and site index. */
struct world_state {
    const struct endpoint_health *health;
    const struct endpoint_health *checks; /* by named check; NULL: nothing is known of them, so they take nothing */
    const uint8_t *kept;                  /* by endpoint: policy_safety() does not believe its fall; NULL: none */
    const uint8_t *endpoint_orders;       /* enum order_state */
    const uint8_t *site_orders;           /* enum order_state */
    bool suspect;                         /* set by policy_suspect(): endpoints that fell with the rest still count as up */
    uint64_t suspect_since_ms;            /* falls at or after this moment are not believed */
    const struct diversions *diversions;  /* the planned switches; NULL: none */
    struct room room;
};
