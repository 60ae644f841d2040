/* Demand as the workers count it. Plain values. */
#pragma once

#include "base/addr.h"

#include <stdint.h>

/* One steered answer: who got it. place: of the geo data and configuration that service and class are numbers of (see place_number). */
struct sample {
    uint32_t place, service, class;
    uint8_t bucket;       /* by the client's hash, whatever bucket it got */
    struct prefix client; /* cut to the service's sticky length */
};

/* What one thread has counted of one bucket of a class since the last look. The candidate is the only client that can have more than half of the
 * count (Boyer and Moore's vote): at least votes of it are its own. */
struct demand_cell {
    uint32_t place, service, class;
    uint8_t bucket;
    uint32_t count, votes;
    struct prefix candidate;
};
