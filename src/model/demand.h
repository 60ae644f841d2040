/* Demand as the workers count it. Plain values. */
#pragma once

#include "base/addr.h"

#include <stdbool.h>
#include <stdint.h>

/* One steered answer: who got it. place: of the geo data and configuration that service and class are numbers of (see place_number). */
struct sample {
    uint32_t place, service, class;
    uint8_t bucket;       /* by the client's hash, whatever bucket it got */
    struct prefix client; /* cut to the service's sticky length */
    /* What it got. */
    uint8_t got;       /* the bucket, drawn or not */
    uint8_t kind;      /* enum selection_kind */
    uint8_t scope;     /* as an answer to a client subnet is told */
    bool drawn, doubt; /* drawn: got was, not the client's hash */
    uint16_t winner;   /* the endpoint that comes first; NO_WINNER: none is chosen */
};
enum { NO_WINNER = UINT16_MAX };

/* What one thread has counted of one bucket of a class since the last look. The candidate is the only client that can have more than half of the
 * count (Boyer and Moore's vote): at least votes of it are its own. */
struct demand_cell {
    uint32_t place, service, class;
    uint8_t bucket;
    uint32_t count, votes;
    struct prefix candidate;
};
