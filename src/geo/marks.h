/* In which of the areas asked for a network is: a binary tree of the areas' prefixes, walked beside the sources, and what a record says of countries.
 * Thread: the owner's. Released by the owner. */
#pragma once

#include "geo/nets.h"
#include "geo/record.h"
#include "geo/tables.h"
#include "model/area.h"

struct marks {
    const struct areas *areas; /* the caller's; NULL: nobody asks */
    struct nets_node *nodes;   /* a child is a node, or CURSOR_DONE | number of a mask */
    size_t node_count, node_room;
    uint32_t root_v4, root_v6;
    struct pool masks; /* of areas that a network is not outside of by its prefix; number 0 is that of networks of which no area speaks */
};

void marks_init(struct marks *marks, const struct areas *areas);
void marks_release(struct marks *marks);

/* The mark (model/classes.h) of a network of which a source says this, and the tree this mask. */
uint32_t marks_of(const struct marks *marks, uint32_t mask, const struct record *said);
