/* What a reload would do to clients, before it is made. For control/ only. Thread: the director's. */
#pragma once

#include "control/comparison.h"
#include "control/director.h"

/* path NULL: the daemon's configuration as its file is now. Replies. */
void plan_begin(struct director *director, struct client *client, const char *path);

/* What is in force against what a reload of these would put in its place (references are taken); to be run in the loader's thread. */
struct comparison *plan_comparison(struct director *director, struct world *world, struct place *place);
