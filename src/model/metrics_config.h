/* How much is told to Prometheus, as the configuration says it. Part of struct config; see there. Thread: any (immutable). */
#pragma once

#include <stddef.h>

/* With more of them than that, there are no series of each. */
struct metrics_config {
    size_t endpoints, services;
    size_t zones; /* those behind are left out */
};
