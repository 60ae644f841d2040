#include "sim/swing.h"

#include "base/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* Follows a series: the extremes since it turned last, and in which direction it goes. */
struct follower {
    float low, high;
    int direction; /* 1 up, -1 down, 0 not known */
};

/* Whether it turned: it went one way and has come back by more than least from the farthest point. */
static bool follow(struct follower *at, float value, float least)
{
    at->low = fminf(at->low, value);
    at->high = fmaxf(at->high, value);
    const int before = at->direction;
    if (before <= 0 && value > at->low + least)
        *at = (struct follower){.low = value, .high = value, .direction = 1};
    else if (before >= 0 && value < at->high - least)
        *at = (struct follower){.low = value, .high = value, .direction = -1};
    return before != 0 && at->direction != before;
}

static struct follower follow_from(float value)
{
    return (struct follower){.low = value, .high = value};
}

unsigned swing_turns(const float *samples, size_t count, float least, size_t window)
{
    size_t *turns = mem_new(count, sizeof *turns), known = 0, first = 0;
    unsigned most = 0;
    struct follower at = follow_from(0);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || samples[i] < 0 || samples[i - 1] < 0) {
            at = follow_from(samples[i]);
            continue;
        }
        if (!follow(&at, samples[i], least))
            continue;
        turns[known++] = i;
        while (turns[known - 1] - turns[first] >= window)
            first++;
        most = known - first > most ? (unsigned)(known - first) : most;
    }
    free(turns);
    return most;
}

static float range_of(const float *samples, size_t count)
{
    float low = samples[0], high = samples[0];
    for (size_t i = 1; i < count; i++) {
        low = fminf(low, samples[i]);
        high = fmaxf(high, samples[i]);
    }
    return high - low;
}

size_t swing_settled(const float *samples, size_t count, size_t from, float most, size_t span)
{
    if (count <= from + span)
        return count;
    const size_t last = count - span - 1; /* the last that has so many behind it */
    size_t at = last + 1;
    while (at > from && range_of(samples + at - 1, span + 1) <= most)
        at--;
    return at > last ? count : at == from ? from : at + span / 2;
}
