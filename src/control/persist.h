/* Saving what must survive a restart. For control/ only. Thread: the director's. */
#pragma once

#include "base/report.h"
#include "control/serials.h"

#include <jansson.h>
#include <stdbool.h>

struct client;
struct director;

/* The orders have changed: they are written in the writer's thread, again and again until that succeeds. The client (or NULL) gets reply
 * once the first write has ended, with a warning if it failed, or took too long. */
void persist_overrides(struct director *director, struct client *client, json_t *reply);
/* At the start: what is usual, and prices. */
void persist_restore(struct director *director, struct report *report);
/* Writes what it is time for, or was not written. */
void persist_pass(struct director *director);
/* The serials are these now; written when they are not what they were. */
void keep_serials(struct director *director, const struct serials *serials);
void persist_serials(struct director *director);
/* At the stop: begins the last writes, */
void persist_last(struct director *director);
/* waits for them and frees the writer. False: its thread is still busy and is left behind. Orders that are not on disk make the exit a failure. */
bool persist_end(struct director *director);
