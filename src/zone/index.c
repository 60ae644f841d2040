#include "zone/index.h"

#include "base/hash.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static uint32_t first_slot(const struct index *index, const uint8_t *name, size_t len)
{
    return (uint32_t)hash_bytes(name, len, 0) & (index->room - 1);
}

static void place(struct index *index, const struct zone_node *nodes, uint32_t number)
{
    uint32_t slot = first_slot(index, nodes[number].name, nodes[number].name_len);
    while (index->slots[slot] != INDEX_NONE)
        slot = (slot + 1) & (index->room - 1);
    index->slots[slot] = number;
}

static void grow(struct index *index, const struct zone_node *nodes)
{
    const struct index before = *index;
    index->room = before.room ? before.room * 2 : 64;
    index->slots = mem_new(index->room, sizeof *index->slots);
    memset(index->slots, 0xff, index->room * sizeof *index->slots);
    for (uint32_t i = 0; i < before.room; i++)
        if (before.slots[i] != INDEX_NONE)
            place(index, nodes, before.slots[i]);
    free(before.slots);
}

void index_put(struct index *index, const struct zone_node *nodes, uint32_t number)
{
    if (index->count + 1 > index->room / 4 * 3)
        grow(index, nodes);
    place(index, nodes, number);
    index->count++;
}

uint32_t index_find(const struct index *index, const struct zone_node *nodes, const uint8_t *name, size_t len)
{
    if (index->room == 0)
        return INDEX_NONE;
    for (uint32_t slot = first_slot(index, name, len);; slot = (slot + 1) & (index->room - 1)) {
        const uint32_t number = index->slots[slot];
        if (number == INDEX_NONE)
            return INDEX_NONE;
        if (nodes[number].name_len == len && memcmp(nodes[number].name, name, len) == 0)
            return number;
    }
}
