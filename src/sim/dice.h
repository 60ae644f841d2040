/* Random numbers that are the same in every run with the same seed (xorshift64*, seeded through hash_mix). Not for secrets. Thread: the owner's. */
#pragma once

#include "base/hash.h"

#include <math.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline struct dice dice_new(uint64_t seed, uint64_t what_for)
{
    return (struct dice){hash_mix(hash_mix(seed + 1) ^ (what_for * 0x9e3779b97f4a7c15ULL)) | 1};
}

static inline uint64_t dice_next(struct dice *dice)
{
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return dice->state * 0x2545f4914f6cdd1dULL;
}

/* Uniform in [0, 1). */
static inline double dice_unit(struct dice *dice)
{
    return (double)(dice_next(dice) >> 11) * 0x1p-53;
}

static inline uint32_t dice_below(struct dice *dice, uint32_t limit)
{
    return (uint32_t)(dice_unit(dice) * limit);
}

/* How many of rare things happen when mean are expected (Poisson); by the normal distribution where they are many. */
static inline uint32_t dice_count(struct dice *dice, double mean)
{
    enum { MANY = 50 };
    if (mean >= MANY) {
        const double radius = sqrt(-2 * log(1 - dice_unit(dice))), angle = 6.283185307179586 * dice_unit(dice);
        const double count = mean + sqrt(mean) * radius * cos(angle) + 0.5;
        return count > 0 ? (uint32_t)count : 0;
    }
    const double limit = exp(-mean);
    uint32_t count = 0;
    for (double product = dice_unit(dice); product > limit; product *= dice_unit(dice))
        count++;
    return count;
}
