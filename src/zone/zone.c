#include "zone/zone.h"

#include "base/memory.h"
#include "zone/store.h"

#include <stdatomic.h>
#include <stdlib.h>

struct zone *zone_ref(struct zone *zone)
{
    atomic_fetch_add_explicit(&zone->more_refs, 1, memory_order_relaxed);
    return zone;
}

void zone_unref(struct zone *zone)
{
    if (zone == NULL || atomic_fetch_sub_explicit(&zone->more_refs, 1, memory_order_acq_rel) > 0)
        return;
    arena_release(&zone->memory->arena);
    free(zone->memory->rdatas);
    free(zone->memory->nodes);
    if (zone->plain == NULL) /* a signed zone has the index of the plain one */
        free(zone->memory->index.slots);
    free(zone->memory);
    zone_unref(zone->plain);
    free(zone);
}

struct zone *zone_signed(struct zone *plain, const struct zone_node *nodes, struct arena *arena)
{
    struct zone *zone = mem_new(1, sizeof *zone);
    *zone = (struct zone){.apex = plain->apex,
                          .apex_len = plain->apex_len,
                          .file = plain->file,
                          .serial = plain->serial,
                          .nodes = nodes,
                          .node_count = plain->node_count,
                          .plain = zone_ref(plain),
                          .memory = mem_new(1, sizeof *zone->memory)};
    zone->memory->arena = *arena;
    zone->memory->index = plain->memory->index;
    arena_init(arena);
    return zone;
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
