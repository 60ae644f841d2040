#include "probe/timers.h"

#include "base/invariant.h"
#include "base/memory.h"

#include <stdlib.h>

void timers_release(struct timers *timers)
{
    free(timers->heap);
    *timers = (struct timers){0};
}

static void put(struct timers *timers, size_t place, struct timer *timer)
{
    timers->heap[place - 1] = timer;
    timer->place = place;
}

static void rise(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;
    for (; place > 1 && timers->heap[place / 2 - 1]->due_us > timer->due_us; place /= 2)
        put(timers, place, timers->heap[place / 2 - 1]);
    put(timers, place, timer);
}

static void sink(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;
    for (size_t child; (child = place * 2) <= timers->count; place = child) {
        if (child < timers->count && timers->heap[child]->due_us < timers->heap[child - 1]->due_us)
            child++;
        if (timers->heap[child - 1]->due_us >= timer->due_us)
            break;
        put(timers, place, timers->heap[child - 1]);
    }
    put(timers, place, timer);
}

void timers_set(struct timers *timers, struct timer *timer, uint64_t due_us)
{
    if (timer->place == 0) {
        timers->heap = mem_grow(timers->heap, &timers->room, timers->count + 1, sizeof(struct timer *));
        put(timers, ++timers->count, timer);
    }
    timer->due_us = due_us;
    rise(timers, timer);
    sink(timers, timer);
}

void timers_remove(struct timers *timers, struct timer *timer)
{
    if (timer->place == 0)
        return;
    invariant(timers->heap[timer->place - 1] == timer);
    struct timer *last = timers->heap[--timers->count];
    if (last != timer) {
        put(timers, timer->place, last);
        rise(timers, last);
        sink(timers, last);
    }
    timer->place = 0;
}
