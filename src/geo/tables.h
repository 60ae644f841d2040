/* Two hash tables the compilation is made of: a map between 32-bit numbers, and a pool that keeps each distinct row
 * of octets once and numbers them in the order they came.
 * Thread: the owner's. Released by the owner. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot {
    uint32_t key, value; /* value + 1; 0: the slot is free */
};

struct map {
    struct map_slot *slots;
    size_t slot_count, count; /* slot_count: a power of two, or 0 at the start */
};

bool map_get(const struct map *map, uint32_t key, uint32_t *ret_value);
/* Adds a key that is not there yet. value is below UINT32_MAX. */
void map_add(struct map *map, uint32_t key, uint32_t value);
void map_release(struct map *map);

struct pool {
    uint8_t *rows; /* count * width octets */
    size_t width, count, room;
    uint32_t *slots; /* row number + 1, or 0 */
    size_t slot_count;
};

void pool_init(struct pool *pool, size_t width);
/* The number of the row equal to this one; added when there is none. */
uint32_t pool_add(struct pool *pool, const void *row);
void pool_release(struct pool *pool);
/* Gives up the index and keeps the rows: nothing can be added any more. */
void pool_freeze(struct pool *pool);

static inline const void *pool_row(const struct pool *pool, uint32_t number)
{
    return pool->rows + (size_t)number * pool->width;
}
