#include "geo/marks.h"

#include "base/memory.h"
#include "geo/database.h"

#include <stdlib.h>
#include <string.h>

/* While the tree grows a child is 0 (none) or a node's number, and each node has the areas that begin with it. */
struct shoot {
    uint32_t child[2], areas;
};

struct hedge {
    struct shoot *items;
    size_t count, room;
};

static uint32_t shoot_new(struct hedge *hedge)
{
    hedge->items = mem_grow(hedge->items, &hedge->room, hedge->count + 1, sizeof *hedge->items);
    hedge->items[hedge->count] = (struct shoot){0};
    return (uint32_t)hedge->count++;
}

static void plant(struct hedge *hedge, uint32_t root, const struct prefix *prefix, uint32_t area)
{
    uint32_t at = root;
    for (unsigned depth = 0; depth < prefix->len; depth++) {
        const unsigned bit = addr_bit(&prefix->addr, depth);
        if (hedge->items[at].child[bit] == 0) {
            const uint32_t child = shoot_new(hedge);
            hedge->items[at].child[bit] = child;
        }
        at = hedge->items[at].child[bit];
    }
    hedge->items[at].areas |= area;
}

static uint32_t leaf_of(struct marks *marks, uint32_t mask)
{
    return CURSOR_DONE | pool_add(&marks->masks, &mask);
}

/* Whoever is in a prefix is in those that hold it, too. */
static uint32_t ripen(struct marks *marks, const struct hedge *hedge, uint32_t at, uint32_t inherited)
{
    const struct shoot *shoot = &hedge->items[at];
    const uint32_t here = shoot->areas | inherited;
    if (!shoot->child[0] && !shoot->child[1])
        return leaf_of(marks, here);
    struct nets_node node;
    for (unsigned bit = 0; bit < 2; bit++)
        node.child[bit] = shoot->child[bit] ? ripen(marks, hedge, shoot->child[bit], here) : leaf_of(marks, here);
    marks->nodes = mem_grow(marks->nodes, &marks->node_room, marks->node_count + 1, sizeof *marks->nodes);
    marks->nodes[marks->node_count] = node;
    return (uint32_t)marks->node_count++;
}

void marks_init(struct marks *marks, const struct areas *areas)
{
    *marks = (struct marks){.areas = areas};
    pool_init(&marks->masks, sizeof(uint32_t));
    if (areas == NULL)
        return;
    struct hedge hedge = {0};
    const uint32_t v4 = shoot_new(&hedge), v6 = shoot_new(&hedge);
    uint32_t everywhere = 0; /* areas that no prefix narrows */
    for (size_t i = 0; i < areas->count; i++) {
        const struct area *area = &areas->of[i];
        everywhere |= area->prefix_count ? 0 : UINT32_C(1) << i;
        for (size_t k = 0; k < area->prefix_count; k++)
            plant(&hedge, area->prefixes[k].addr.family == FAMILY_V4 ? v4 : v6, &area->prefixes[k], UINT32_C(1) << i);
    }
    pool_add(&marks->masks, &everywhere);
    marks->root_v4 = ripen(marks, &hedge, v4, everywhere);
    marks->root_v6 = ripen(marks, &hedge, v6, everywhere);
    free(hedge.items);
}

void marks_release(struct marks *marks)
{
    free(marks->nodes);
    pool_release(&marks->masks);
    *marks = (struct marks){0};
}

static bool is_one_of(const char (*codes)[2], size_t count, const char code[2])
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(codes[i], code, 2) == 0)
            return true;
    return count == 0;
}

uint32_t marks_of(const struct marks *marks, uint32_t mask, const struct record *said)
{
    struct record placed = *said;
    record_place(&placed);
    uint32_t mark = *(const uint32_t *)pool_row(&marks->masks, mask);
    for (size_t i = 0; i < marks->areas->count; i++) {
        const struct area *area = &marks->areas->of[i];
        if (!is_one_of(area->countries, area->country_count, placed.country) ||
            !is_one_of(area->continents, area->continent_count, placed.continent))
            mark &= ~(UINT32_C(1) << i);
    }
    return mark;
}
