/* What the journal tells of a reload. Thread: the director's. */
#pragma once

#include "base/report.h"
#include "control/comparison.h"
#include "model/config.h"

enum { FINDINGS_NOTED = 20 };

/* How much there is: "generation" (of the answers), "zones", "services", "sites", "endpoints". */
json_t *reload_sizes(const struct config *config, uint64_t generation);
/* Adds "findings" (the first FINDINGS_NOTED, and how many "findings_left_out") and, where it is known, "moved_percent" (of the clients, to another site).
 * sizes may be NULL. comparison may be NULL. Takes and returns the object. */
json_t *reload_outcome(json_t *sizes, const struct report *report, const struct comparison *comparison);
