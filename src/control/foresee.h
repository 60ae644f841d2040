/* What if sites fail, are drained, or can take more or less: where callers would be by the law of steering, predicted on a copy of what is known.
 * Thread: made in the owner's of the setup, run in any one, read after that. Fields of the JSON: README.md. */
#pragma once

#include "control/held.h"
#include "policy/predict.h"

#include <jansson.h>

/* FORESEE_NOTHING: all as it is, once steering has come to rest. FORESEE_ORDERS: other orders, see foresight_of_orders(). */
enum foreseen { FORESEE_NOTHING, FORESEE_FAIL, FORESEE_DRAIN, FORESEE_CAPACITY, FORESEEN, FORESEE_ORDERS = FORESEEN };
const char *foreseen_text(enum foreseen what);
bool foreseen_parse(const char *text, enum foreseen *ret_what);

/* What happens to which sites. */
struct supposition {
    enum foreseen what;
    size_t count;
    uint8_t sites[SITES_MAX];
    double capacities[SITES_MAX]; /* calls at a time; FORESEE_CAPACITY */
};

/* sites: names with spaces between, NULL for none; with FORESEE_CAPACITY each as NAME=CALLS. False: why. */
bool supposition_read(const struct config *config, enum foreseen what, const char *sites, struct supposition *ret_supposition,
                      struct error *err);

/* What clients there are. */
struct clientele {
    const struct flow *flows; /* by services and classes of the setup; what was measured. None: by address space, all services alike */
    size_t flow_count;
    double calls;                      /* at a time in all; 0: as many as all sites want together (their targets) */
    bool by_demand;                    /* the flows are of clients who have asked, not of addresses */
    bool measured;                     /* the calls are those that there are: the prices in force are theirs */
    const struct site_balance *report; /* what is measured at sites; NULL: nothing */
};

/* "500": how many calls are meant. NULL leaves *ret_calls. */
bool clientele_calls(const char *text, double *ret_calls, struct error *err);

struct foresight;

/* Copies what it needs. assume_up: nothing is probed, and prices are those that it would come to. NULL when nothing can be told: why. */
struct foresight *foresight_new(const struct setup *setup, const struct supposition *supposition, const struct clientele *clientele,
                                bool assume_up, struct error *err);

/* Orders as they are and as they would be, both for this place, which is the setup's or one that tells more clients apart. */
struct reordering {
    struct place *place;
    const struct effects *now, *then;
};
/* The same for other orders. Where no capacity is known it tells shares all the same. clientele: by the classes of the place. */
struct foresight *foresight_of_orders(const struct setup *setup, const struct reordering *reordering, const struct clientele *clientele,
                                      struct error *err);
/* After the run, of other orders: false with the figures where somebody would be past his max who is not now, or calls would find no site. */
bool foresight_allows(const struct foresight *foresight, struct error *err);
void foresight_free(struct foresight *foresight);

/* Takes as long as steps of the balancer do: up to seconds. */
void foresight_run(struct foresight *foresight);
json_t *foresight_json(const struct foresight *foresight);
