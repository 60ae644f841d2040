/* Why a client gets the answer it gets: the very functions that make plans and answers, run once more with their reasons kept. Thread: the owner's of the
 * view; the sources of geo data are read from disk. */
#pragma once

#include "control/setup.h"

#include <jansson.h>

/* client: ADDR or ADDR/LEN. NULL when the question makes no sense. Fields: README.md. */
json_t *explain(const struct view *view, const char *name, const char *type, const char *client, struct error *err);
