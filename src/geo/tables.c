#include "geo/tables.h"

#include "base/hash.h"
#include "base/invariant.h"
#include "base/memory.h"

#include <string.h>

/* Keys that come one after the other, a record's length apart, shall find slots near each other (which saves the caches), yet
 * not all in one heap: so the low bits choose one of 32 stretches and the high bits the place in it. */
static size_t map_home(uint32_t key)
{
    return (key >> 5) + (key & 31) * 0x9e3779b1u;
}

static struct map_slot *map_find(const struct map *map, uint32_t key)
{
    const size_t mask = map->slot_count - 1;
    for (size_t i = map_home(key) & mask;; i = (i + 1) & mask) {
        struct map_slot *slot = &map->slots[i];
        if (slot->value == 0 || slot->key == key)
            return slot;
    }
}

static void map_double(struct map *map)
{
    const struct map old = *map;
    map->slot_count = old.slot_count ? old.slot_count * 2 : 256;
    map->slots = mem_new(map->slot_count, sizeof *map->slots);
    for (size_t i = 0; i < old.slot_count; i++) {
        if (old.slots[i].value)
            *map_find(map, old.slots[i].key) = old.slots[i];
    }
    free(old.slots);
}

bool map_get(const struct map *map, uint32_t key, uint32_t *ret_value)
{
    const struct map_slot *slot = map->slot_count ? map_find(map, key) : NULL;
    if (slot == NULL || slot->value == 0)
        return false;
    *ret_value = slot->value - 1;
    return true;
}

void map_add(struct map *map, uint32_t key, uint32_t value)
{
    if (map->count * 4 >= map->slot_count * 3)
        map_double(map);
    *map_find(map, key) = (struct map_slot){key, value + 1};
    map->count++;
}

void map_release(struct map *map)
{
    free(map->slots);
    *map = (struct map){0};
}

void pool_init(struct pool *pool, size_t width)
{
    *pool = (struct pool){.width = width};
}

/* The slot that holds the row, or the empty one where it belongs. */
static uint32_t *pool_find(const struct pool *pool, const void *row)
{
    const size_t mask = pool->slot_count - 1;
    for (size_t i = hash_bytes(row, pool->width, 0) & mask;; i = (i + 1) & mask) {
        uint32_t *slot = &pool->slots[i];
        if (*slot == 0 || memcmp(pool_row(pool, *slot - 1), row, pool->width) == 0)
            return slot;
    }
}

static void pool_double(struct pool *pool)
{
    free(pool->slots);
    pool->slot_count = pool->slot_count ? pool->slot_count * 2 : 256;
    pool->slots = mem_new(pool->slot_count, sizeof *pool->slots);
    for (uint32_t i = 0; i < pool->count; i++)
        *pool_find(pool, pool_row(pool, i)) = i + 1;
}

uint32_t pool_add(struct pool *pool, const void *row)
{
    if (pool->count * 4 >= pool->slot_count * 3)
        pool_double(pool);
    uint32_t *slot = pool_find(pool, row);
    if (*slot == 0) {
        invariant(pool->count < UINT32_MAX - 1);
        pool->rows = mem_grow(pool->rows, &pool->room, pool->count + 1, pool->width);
        memcpy(pool->rows + pool->count * pool->width, row, pool->width);
        *slot = (uint32_t)++pool->count;
    }
    return *slot - 1;
}

void pool_freeze(struct pool *pool)
{
    free(pool->slots);
    pool->slots = NULL;
    pool->slot_count = 0;
}

void pool_release(struct pool *pool)
{
    free(pool->rows);
    free(pool->slots);
    *pool = (struct pool){0};
}
