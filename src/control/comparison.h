/* What a new configuration would do to clients: the setup that is in force and the one that a reload would make of other files, compared.
 * Thread: made in the owner's of the setups, run in any one, read after that. Fields of the JSON: README.md. */
#pragma once

#include "control/held.h"
#include "model/room.h"
#include "policy/shift.h"

#include <jansson.h>

struct comparison;

enum assumption {
    ASSUME_NEW_UP, /* endpoints that were not there before and have not been probed will turn out to be up */
    ASSUME_ALL_UP, /* nothing is probed at all */
};

/* Copies what it needs of both. flows: demand as it is measured, by services and classes of before; none: clients are weighed by address space. */
struct comparison *comparison_new(const struct setup *before, const struct setup *after, const struct flow *flows, size_t flow_count,
                                  enum assumption assumption);
void comparison_free(struct comparison *comparison);

/* Takes up to seconds: geo tries are walked, plans made. */
void comparison_run(struct comparison *comparison);

/* Percent of all clients that move from one site to another. */
double comparison_moved(const struct comparison *comparison);
json_t *comparison_json(const struct comparison *comparison);
/* In one sentence, to be freed. */
char *comparison_text(const struct comparison *comparison);
