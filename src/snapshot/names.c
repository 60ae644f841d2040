#include "base/invariant.h"
#include "base/memory.h"
#include "snapshot/build.h"

static const uint8_t star[] = {1, '*'};

uint32_t build_find(const struct builder *b, const uint8_t *octets, size_t len)
{
    const struct name *name = world_name(b->world, octets, len);
    return name ? (uint32_t)(name - b->world->names) : NONE;
}

static size_t total_nodes(const struct world *world)
{
    size_t total = 0;
    for (size_t z = 0; z < world->config->zone_count; z++)
        total += world->zones[z]->node_count;
    return total;
}

static void make_table(struct world *world, size_t names)
{
    size_t size = 16;
    while (size < names * 2)
        size *= 2;
    world->table = mem_new(size, sizeof *world->table);
    world->tags = mem_new(size, sizeof *world->tags);
    world->table_mask = size - 1;
    world->names = mem_new(names, sizeof *world->names);
    world->name_room = names;
}

static uint32_t insert(struct builder *b, size_t zone, const struct zone_node *node)
{
    struct world *world = b->world;
    const uint64_t hash = name_hash(node->name, node->name_len);
    size_t i = hash & world->table_mask;
    while (world->table[i])
        i = (i + 1) & world->table_mask;
    const uint32_t index = (uint32_t)world->name_count++;
    world->table[i] = index + 1;
    world->tags[i] = (uint32_t)(hash >> 32);
    world->names[index] = (struct name){.octets = node->name, .len = node->name_len, .zone = (uint32_t)zone, .cut = NONE,
                                        .wildcard = NONE, .referral = NONE, .other = NONE};
    b->nodes[index] = node;
    return index;
}

/* Zones from the deepest apex to the highest, so that a child's names are there before its parent offers its own. */
static size_t *zones_deepest_first(const struct world *world)
{
    const size_t count = world->config->zone_count;
    size_t *order = mem_new(count, sizeof *order);
    for (size_t i = 0; i < count; i++) {
        const unsigned labels = name_labels(world->zones[i]->apex);
        size_t at = i;
        for (; at > 0 && name_labels(world->zones[order[at - 1]]->apex) < labels; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return order;
}

/* A parent's node that lies in a zone of its own here belongs to that zone; only the DS at the cut is the parent's (RFC 4035 3.1.4.1). */
static bool in_child_zone(const struct builder *b, size_t zone, const struct zone_node *node)
{
    const struct world *world = b->world;
    const struct zone *own = world->zones[zone];
    for (size_t z = 0; z < world->config->zone_count; z++) {
        const struct zone *other = world->zones[z];
        if (other->apex_len > own->apex_len && name_below(node->name, node->name_len, other->apex, other->apex_len, NULL)) {
            if (node->name_len == other->apex_len)
                b->ds[build_find(b, other->apex, other->apex_len)] = node;
            return true;
        }
    }
    return false;
}

/* Links a name with its parent: a delegation above it, the wildcard's place below it. Parents come first in canonical order. */
static void link_to_parent(struct builder *b, uint32_t index)
{
    struct name *name = &b->world->names[index];
    const struct zone *zone = b->world->zones[name->zone];
    if (name->len == zone->apex_len)
        return;
    const size_t label = name->octets[0] + 1u;
    const uint32_t parent = build_find(b, name->octets + label, name->len - label);
    invariant(parent != NONE);
    name->cut = b->world->names[parent].cut;
    if (name->cut == NONE && zone_rrset(b->nodes[index], TYPE_NS))
        name->cut = index;
    if (memcmp(name->octets, star, sizeof star) == 0)
        b->world->names[parent].wildcard = index;
}

void build_names(struct builder *b)
{
    struct world *world = b->world;
    const size_t total = total_nodes(world);
    make_table(world, total);
    b->nodes = mem_new(total, sizeof *b->nodes);
    b->ds = mem_new(total, sizeof *b->ds);
    size_t *order = zones_deepest_first(world);
    for (size_t i = 0; i < world->config->zone_count; i++) {
        const struct zone *zone = world->zones[order[i]];
        for (size_t n = 0; n < zone->node_count; n++)
            if (!in_child_zone(b, order[i], &zone->nodes[n]))
                link_to_parent(b, insert(b, order[i], &zone->nodes[n]));
    }
    free(order);
}
