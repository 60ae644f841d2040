/* Lineups: whom each of the 256 buckets gets, and which buckets get the same. Numbering what is distinct with small direct tables is what
 * makes a plan cheap: nothing is hashed or compared for each bucket. Inside this folder only. Thread: the owner's. */
#pragma once

#include "model/plan.h"

/* Which buckets are alike: equal numbers, dense from 0 in the order of their first bucket. */
struct pattern {
    unsigned count;         /* of distinct numbers, 1 to 256 */
    uint8_t of[BUCKETS];    /* by bucket */
    uint8_t first[BUCKETS]; /* by number: the first bucket that has it */
};

/* Room for numbering; zeroed once, and left zeroed by every use. */
struct numbering {
    uint16_t number_of[UINT16_MAX + 1];
};

/* The endpoints of each bucket in the order of choice, and the pattern of each prefix, made when asked for. */
struct lineup {
    uint16_t who[BUCKETS][TARGETS_MAX];
    struct pattern prefixes[TARGETS_MAX]; /* [n - 1]: of the first n places */
    unsigned known;                       /* prefixes that are made */
};

/* The pattern of the first places (1 to TARGETS_MAX) of each row. */
const struct pattern *lineup_pattern(struct lineup *lineup, unsigned places, struct numbering *numbering);

/* Buckets are alike in the result where they are in both. ret may be a. */
void pattern_combine(const struct pattern *a, const struct pattern *b, struct numbering *numbering, struct pattern *ret);
