/* From readings to how full endpoints, sites and clusters are. Nothing known is never taken for nothing to do. Pure. Thread: any (values). */
#pragma once

#include "load/reading.h"
#include "model/room.h"

#include <stddef.h>

/* The load in one unit. */
struct amount {
    double value; /* smoothed (struct reading) */
    double raw;   /* as measured last */
    double trust; /* 0: unknown, and value and raw mean nothing */
    uint64_t at_ms;
};

struct amounts {
    struct amount of[LOAD_UNITS];
};

/* The largest value in each unit among the readings that still count. */
void amounts_add(struct amounts *amounts, enum load_unit unit, const struct reading *reading, uint64_t now_ms);

/* One of those that a site or cluster consists of. */
struct part {
    struct amounts amounts;
    struct limits limits;
};

/* The whole from its parts: in calls and calls a second the sum, in percent the mean by capacity. A part of which nothing is known counts as full as
 * the known ones are on average, and lowers the trust by its share of the capacity. */
struct amounts amounts_of_parts(const struct part *parts, size_t count);
/* What is not said of the whole itself (0) is the sum of its parts'. Unless all parts have a capacity the sum says nothing, and is 0. */
struct limits limits_of_parts(struct limits own, const struct part *parts, size_t count);

/* What the whole's own sources tell, in each unit; where that is nothing, what its parts' do. */
struct amounts amounts_prefer(const struct amounts *own, const struct amounts *of_parts);

/* The largest ratio to what it can take, of all units that have both an amount and a limit. */
struct utilisation utilisation_of(const struct amounts *amounts, struct limits limits);
