/* Steering by load (rule 4): from demand and utilisation to a price for each site: how much farther it seems than it is. Prices are such that nobody is
 * past his target while another whom his callers may use has room, and those callers go elsewhere whom it harms least.
 * Pure: time is an argument, and everything is read from the input alone. Thread: one at a time; where a step takes long, give it a thread with copies
 * of what may change meanwhile. src/policy/README.md tells the law. */
#pragma once

#include "policy/policy.h"

/* Clients of one class of the services of one spec: so many calls there are of them at a time. */
struct calls {
    uint32_t spec, class_number;
    double calls;
};

struct demand {
    const struct policy *policy;
    const struct world_state *state; /* prices in it do not count */
    const struct plan_spec *specs;   /* for any transport and family; those that choose alike may be there many times */
    size_t spec_count;
    const struct calls *flows;
    size_t flow_count;
};

/* How much something can take, and how full it is. */
struct fullness {
    double capacity;         /* calls at a time, now; 0: not known */
    struct utilisation load; /* trust 0: not known */
};

struct balance_input {
    const struct policy *policy;
    const struct world_state *state;
    const struct plan_spec *specs;
    size_t spec_count;
    const uint32_t *spec_of_service; /* by service */
    const struct flow *flows;
    size_t flow_count;
    const struct fullness *sites;    /* by site */
    const struct fullness *clusters; /* by cluster; NULL where there are none */
    uint32_t ttl_ms;                 /* how long answers are kept, on the whole */
};

/* Why a site's price is what it is. */
enum price_reason {
    PRICE_ROOM, /* there is room: none */
    PRICE_UNKNOWN, /* its load or capacity is not known: it keeps what it has anyway, and takes what others shed as far as its capacity is known */
    PRICE_TARGET,    /* its callers ask for more than its target */
    PRICE_TOGETHER,  /* all that its callers may use are past their targets, which rise together */
    PRICE_HELD,      /* the room that is there again is within the dead band */
    PRICE_STEP,      /* more must move, but not within one TTL */
    PRICE_RETURNING, /* callers are being taken back, slowly */
    PRICE_CLUSTER,   /* not itself but what it shares with others is full */
    PRICE_REASONS
};
const char *price_reason_text(enum price_reason reason);

/* Of a site, after a step. Loads in calls at a time. */
struct site_balance {
    enum price_reason reason;
    uint32_t price_m, wanted_m; /* now; where it is going */
    double capacity, target;    /* target: at this price, less what cannot be told whose it is */
    double measured, trust;     /* trust 0: nothing is known */
    double expected;            /* to be there now, by demand and by where it was sent lately */
    double predicted;           /* to be there in the end, at this price */
    double foreign;             /* calls that are there and not expected: of nobody's demand */
    double moved_out, moved_in; /* by this step */
};

/* What is kept between steps: prices, and what a query of each class means in calls. */
struct balancer;
struct balancer *balancer_new(void);
void balancer_free(struct balancer *balancer);

/* Looks at the world; true if prices have changed so that somebody moves. now_ms: monotonic. Time goes by demand (flows x sites): bench-balance. */
bool balancer_step(struct balancer *balancer, const struct balance_input *input, uint64_t now_ms);

/* By site of the last step's configuration; NULL before the first. Good until the next step. */
const uint32_t *balancer_prices(const struct balancer *balancer);
const struct site_balance *balancer_report(const struct balancer *balancer);

/* Demand in calls, as the last step learned to weigh it: ret, by flow of the input. For predictions. */
void balancer_weigh(const struct balancer *balancer, const struct balance_input *input, struct calls *ret);

/* What outlives a restart, by name: the own price of a site or cluster (without what its clusters add), and what a query means in calls on the whole
 * (0: not learned yet). Taken before the first step; names that no longer exist are forgotten at it. */
size_t balancer_quotes(const struct balancer *balancer);
const char *balancer_quote(const struct balancer *balancer, size_t number, uint32_t *ret_price_m);
void balancer_restore(struct balancer *balancer, const char *name, uint32_t price_m);
double balancer_calls_per_query(const struct balancer *balancer);
void balancer_set_calls_per_query(struct balancer *balancer, double calls);

/* Calls at a time that a limit stands for: calls, or new calls a second for as long as they last. 0: no limit is said. */
double limits_calls(const struct limits *limits, uint32_t hold_ms);
/* What sites can take now: their own limit, or the sum of those of their endpoints that take calls; 0: not known. ret: by site. */
void balance_capacities(const struct policy *policy, const struct world_state *state, double *ret_calls);
