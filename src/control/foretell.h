/* What would happen if sites failed, were drained or could take less, reckoned from what is known at this moment by the loader's thread. For control/ only.
 * Thread: the director's. */
#pragma once

#include "control/foresee.h"

#include <jansson.h>

struct director;

/* The clients that there are now; with calls given (not 0), so many of them. The caller frees the flows, which *ret points to. Not while a step of the balancer
 * is running. */
struct flow *clientele_now(const struct director *director, double calls, struct clientele *ret);

/* told: foresight_json() (taken), or NULL and why not. */
typedef void foretold_fn(void *context, json_t *told, const char *error);

/* what, sites, calls: as in the admin protocol's what-if; sites may be NULL, calls 0. done is called once, perhaps before this returns, also when the
 * daemon stops. */
void foretell(struct director *director, const char *what, const char *sites, double calls, foretold_fn *done, void *context);
/* The same of the calls that there are: where demand is not measured well enough to weigh them, as many as load tells at all sites together, if every one
 * tells; else as many as they want. */
void foretell_present(struct director *director, const char *what, const char *sites, foretold_fn *done, void *context);
