/* Smoothed rates by key: a bounded table that keeps the largest. Inside this folder only. Thread: the owner's. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { RATE_KEY = 20 };

struct rate {
    uint8_t key[RATE_KEY];
    double rate;  /* smoothed, a second */
    double fresh; /* since the last interval ended */
};

struct rates {
    struct rate *items;
    size_t count, room, most;
    uint32_t *slots; /* open addressing over items: index + 1 */
    size_t slot_count;
    struct rate rest; /* of all that is not kept */
};

/* most: kept from one interval to the next; within one there may be twice as many. */
void rates_init(struct rates *rates, size_t most);
void rates_release(struct rates *rates);

/* The item of the key, made if need be; where there is no room, the rest. */
struct rate *rates_item(struct rates *rates, const uint8_t key[RATE_KEY]);

/* Ends an interval: alpha is the weight of what is fresh. The smallest beyond most, and those next to nothing, go to the rest. */
void rates_close(struct rates *rates, double alpha, double seconds);

double rates_sum(const struct rates *rates);
