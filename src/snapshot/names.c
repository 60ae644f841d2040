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
    world->table_mask = size - 1;
    world->names = mem_new(names, sizeof *world->names);
    world->name_room = names;
}

static uint32_t insert(struct builder *b, size_t zone, const struct zone_node *node)
{
    struct world *world = b->world;
    const uint64_t hash = name_hash(node->name, node->name_len);
    size_t i = hash & world->table_mask;
    while (world->table[i].name)
        i = (i + 1) & world->table_mask;
    const uint32_t index = (uint32_t)world->name_count++;
    world->table[i] = (struct name_entry){.tag = (uint32_t)(hash >> 32), .name = index + 1};
    world->names[index] = (struct name){.octets = node->name,
                                        .len = node->name_len,
                                        .zone = (uint32_t)zone,
                                        .cut = NONE,
                                        .wildcard = NONE,
                                        .referral = NONE,
                                        .other = NONE,
                                        .dname = NONE,
                                        .returns = NONE,
                                        .proof = NONE,
                                        .no_wildcard = NONE};
    b->nodes[index] = node;
    const unsigned labels = name_labels(node->name);
    world->labels_max = labels > world->labels_max ? labels : world->labels_max;
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

static bool is_apex(const struct world *world, uint32_t index)
{
    return world->names[index].len == world->zone_answers[world->names[index].zone].apex_len;
}

/* The nearest apex of another zone of ours at or above a name, below this zone's own apex; NONE. */
static uint32_t apex_above(const struct builder *b, size_t zone, const uint8_t *octets, size_t len)
{
    for (const size_t end = b->world->zone_answers[zone].apex_len; len > end; len -= *octets + 1u, octets += *octets + 1) {
        const uint32_t found = build_find(b, octets, len);
        if (found != NONE && is_apex(b->world, found) && b->world->names[found].zone != zone)
            return found;
    }
    return NONE;
}

/* Whether the zone delegates a name above this one away. */
static bool cut_above(const struct builder *b, size_t zone, const struct zone_node *node)
{
    const struct zone *of = b->world->zones[zone];
    const uint8_t *name = node->name;
    for (size_t len = node->name_len; len > of->apex_len;) {
        len -= *name + 1u;
        name += *name + 1;
        const struct zone_node *above = len > of->apex_len ? zone_find(of, name, len) : NULL;
        if (above && zone_rrset(above, TYPE_NS))
            return true;
    }
    return false;
}

/* A node that lies in a deeper zone of ours belongs to that zone; only the DS at the cut is its direct parent's (RFC 4035 3.1.4.1). */
static bool in_child_zone(struct builder *b, size_t zone, const struct zone_node *node)
{
    if (b->world->config->zone_count == 1)
        return false;
    const uint32_t apex = apex_above(b, zone, node->name, node->name_len);
    if (apex == NONE)
        return false;
    const size_t label = node->name[0] + 1u;
    if (b->world->names[apex].len == node->name_len && !cut_above(b, zone, node) &&
        apex_above(b, zone, node->name + label, node->name_len - label) == NONE) {
        b->parent_nodes[apex] = node;
        b->parent_zones[apex] = (uint32_t)zone;
    }
    return true;
}

/* Links a name with its parent: a delegation above it, the wildcard's place below it. Parents come first in canonical order. */
static void link_to_parent(struct builder *b, uint32_t index)
{
    struct name *name = &b->world->names[index];
    if (is_apex(b->world, index))
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

/* The zone of ours that is nearest above this one's apex, or NULL. */
static const struct zone *parent_zone(const struct builder *b, const struct zone *zone)
{
    const uint8_t *name = zone->apex;
    for (size_t len = zone->apex_len; len > 1;) {
        len -= *name + 1u;
        name += *name + 1;
        const uint32_t found = build_find(b, name, len);
        if (found != NONE && is_apex(b->world, found))
            return b->world->zones[b->world->names[found].zone];
    }
    return NULL;
}

/* A zone whose parent here does not delegate it: a signed parent would prove that it does not exist. */
static bool check_child(struct builder *b, const struct zone *zone)
{
    const struct zone *parent = parent_zone(b, zone);
    const struct zone_node *node = parent ? zone_find(parent, zone->apex, zone->apex_len) : NULL;
    char name[NAME_TEXT];
    if (parent == NULL || parent->absent || (node && zone_rrset(node, TYPE_NS)))
        return true;
    if (parent->denial != DENIAL_NONE)
        return report_error(b->report, parent->file,
                            "%s: a zone of its own here, but this signed one does not delegate it: add its NS records",
                            name_to_text(zone->apex, name));
    report_warning(b->report, parent->file, "%s: a zone of its own here, but this one does not delegate it: add its NS records",
                   name_to_text(zone->apex, name));
    return true;
}

static bool check_children(struct builder *b)
{
    bool good = true;
    for (size_t z = 0; z < b->world->config->zone_count; z++)
        good = check_child(b, b->world->zones[z]) && good;
    return good;
}

bool build_names(struct builder *b)
{
    struct world *world = b->world;
    const size_t total = total_nodes(world);
    make_table(world, total);
    b->nodes = mem_new(total, sizeof *b->nodes);
    b->parent_nodes = mem_new(total, sizeof *b->parent_nodes);
    b->parent_zones = mem_new(total, sizeof *b->parent_zones);
    size_t *order = zones_deepest_first(world);
    for (size_t i = 0; i < world->config->zone_count; i++) {
        const struct zone *zone = world->zones[order[i]];
        for (size_t n = 0; n < zone->node_count; n++)
            if (!in_child_zone(b, order[i], &zone->nodes[n]))
                link_to_parent(b, insert(b, order[i], &zone->nodes[n]));
    }
    free(order);
    return check_children(b);
}

bool build_in_absent_zone(const struct builder *b, const uint8_t *octets, size_t len)
{
    const struct found found = world_find(b->world, octets, len);
    return found.kind != FOUND_NOTHING && b->world->zones[found.name->zone]->absent;
}
