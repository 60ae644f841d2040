/* Figures of series: how often they turn, when they come to rest. Pure. Thread: any. */
#pragma once

#include <stddef.h>

/* The most turns within `window` samples: from up to down or back, by more than `least` since the last turn. Samples below 0 are no part of the series:
 * what stands before such a gap and behind it is not compared. */
unsigned swing_turns(const float *samples, size_t count, float least, size_t window);

/* The first sample, from `from` on, after which the series stays within `most` over any `span` samples. count: it never comes to rest. */
size_t swing_settled(const float *samples, size_t count, size_t from, float most, size_t span);
