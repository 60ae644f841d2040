#include "load/rates.h"

#include "base/hash.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static const double nothing = 1e-4; /* a second: less is not worth a place */

void rates_init(struct rates *rates, size_t most)
{
    *rates = (struct rates){.most = most, .slot_count = 16};
    while (rates->slot_count < most * 4)
        rates->slot_count *= 2;
    rates->slots = mem_new(rates->slot_count, sizeof *rates->slots);
}

void rates_release(struct rates *rates)
{
    free(rates->items);
    free(rates->slots);
    *rates = (struct rates){0};
}

/* The key's slot, or the free one where it belongs. */
static uint32_t *slot_of(const struct rates *rates, const uint8_t key[RATE_KEY])
{
    const size_t mask = rates->slot_count - 1;
    for (size_t i = hash_bytes(key, RATE_KEY, 0) & mask;; i = (i + 1) & mask) {
        uint32_t *slot = &rates->slots[i];
        if (*slot == 0 || memcmp(rates->items[*slot - 1].key, key, RATE_KEY) == 0)
            return slot;
    }
}

struct rate *rates_item(struct rates *rates, const uint8_t key[RATE_KEY])
{
    uint32_t *slot = slot_of(rates, key);
    if (*slot)
        return &rates->items[*slot - 1];
    if (rates->count >= rates->most * 2)
        return &rates->rest;
    rates->items = mem_grow(rates->items, &rates->room, rates->count + 1, sizeof *rates->items);
    struct rate *item = &rates->items[rates->count++];
    *item = (struct rate){0};
    memcpy(item->key, key, RATE_KEY);
    *slot = (uint32_t)rates->count;
    return item;
}

static void smooth(struct rate *item, double alpha, double seconds)
{
    item->rate += alpha * (item->fresh / seconds - item->rate);
    item->fresh = 0;
}

static int by_rate(const void *left, const void *right)
{
    const struct rate *a = left, *b = right;
    if (a->rate != b->rate)
        return a->rate > b->rate ? -1 : 1;
    return memcmp(a->key, b->key, RATE_KEY);
}

/* Of those next to nothing, and of the smallest beyond the most, only the sum is kept. */
static void forget(struct rates *rates)
{
    size_t kept = 0;
    if (rates->count > rates->most)
        qsort(rates->items, rates->count, sizeof *rates->items, by_rate);
    for (size_t i = 0; i < rates->count; i++) {
        if (kept < rates->most && rates->items[i].rate > nothing)
            rates->items[kept++] = rates->items[i];
        else
            rates->rest.rate += rates->items[i].rate;
    }
    if (kept == rates->count)
        return;
    rates->count = kept;
    memset(rates->slots, 0, rates->slot_count * sizeof *rates->slots);
    for (size_t i = 0; i < kept; i++)
        *slot_of(rates, rates->items[i].key) = (uint32_t)i + 1;
}

void rates_close(struct rates *rates, double alpha, double seconds)
{
    for (size_t i = 0; i < rates->count; i++)
        smooth(&rates->items[i], alpha, seconds);
    smooth(&rates->rest, alpha, seconds);
    forget(rates);
}

double rates_sum(const struct rates *rates)
{
    double sum = rates->rest.rate;
    for (size_t i = 0; i < rates->count; i++)
        sum += rates->items[i].rate;
    return sum;
}
