/* The reports of drills in STATE/drills/ID.json. Thread: any; one at a time for each folder. */
#pragma once

#include "base/error.h"
#include "base/report.h"

#include <jansson.h>

/* All sound reports, oldest first, as a new array; at most the last `most`. Unsound files are warned of and left. state: the state folder. */
json_t *drill_files_read(const char *state, size_t most, struct report *report);

/* Writes the report of this id whole, and removes the oldest files beyond `keep`. */
bool drill_file_write(const char *state, const char *id, const char *text, size_t keep, struct error *err);
