/* Many deadlines, the earliest first: a binary heap of timers that live inside their owners. Pure: it knows no clock.
 * Setting and removing cost O(log n) steps, looking at the first one costs one.
 * Thread: the owner's. Timers belong to the caller and must be removed before they are freed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct timer {
    uint64_t due_us;
    size_t place; /* in the heap, counted from 1; 0 = not set */
};

struct timers {
    struct timer **heap;
    size_t count, room;
};

void timers_release(struct timers *timers);

/* Sets the timer, which may be set already, to this moment. */
void timers_set(struct timers *timers, struct timer *timer, uint64_t due_us);

/* Does nothing to a timer that is not set. */
void timers_remove(struct timers *timers, struct timer *timer);

/* The one that is due first, or NULL. */
static inline struct timer *timers_first(const struct timers *timers)
{
    return timers->count ? timers->heap[0] : NULL;
}
