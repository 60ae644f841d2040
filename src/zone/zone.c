#include "zone/zone.h"

#include "zone/store.h"

#include <stdlib.h>

void zone_free(struct zone *zone)
{
    if (zone == NULL)
        return;
    arena_release(&zone->memory->arena);
    free(zone->memory->rdatas);
    free(zone->memory->nodes);
    free(zone->memory->index.slots);
    free(zone->memory);
    free(zone);
}

const struct zone_node *zone_find(const struct zone *zone, const uint8_t *name, size_t name_len)
{
    const uint32_t number = index_find(&zone->memory->index, zone->nodes, name, name_len);
    return number == INDEX_NONE ? NULL : &zone->nodes[number];
}

const struct rrset *zone_rrset(const struct zone_node *node, uint16_t type)
{
    for (unsigned i = 0; i < node->rrset_count; i++)
        if (node->rrsets[i].type >= type)
            return node->rrsets[i].type == type ? &node->rrsets[i] : NULL;
    return NULL;
}
