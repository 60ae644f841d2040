/* Scenario file -> struct scenario, by the same reader and with the same messages as the configuration.
 * Thread: any one; the result is the caller's, to be freed with scenario_free(). */
#pragma once

#include "base/report.h"
#include "model/config.h"
#include "model/scenario.h"

struct table;

/* The whole grammar, as that of the configuration (config/schema.h). */
extern const struct table *const scenario_tables[];
extern const size_t scenario_table_count;

/* Reads and checks the file; its sites, hosts and service are those of config. Everything wrong goes to report with its place. NULL when there was an
 * error. Touches no other file than the scenario (and its @includes). */
struct scenario *scenario_load(const char *path, const struct config *config, struct report *report);

/* The same of a text, as if it stood in the file path. */
struct scenario *scenario_from_text(const char *path, const char *text, size_t len, const struct config *config, struct report *report);
