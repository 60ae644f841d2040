/* The load of each site over time as SVG: a panel for each site, a line for each policy, target, limit and events. Readable on light and on dark
 * ground. Thread: the caller's. */
#pragma once

#include "sim/sim.h"

/* The whole document; the caller frees. results: of one scenario, under one or several policies. */
char *chart_draw(const struct config *config, const struct scenario *scenario, const struct sim_result *results, size_t count);
