/* Names -> nodes: a hash table of node numbers beside an array of nodes. Thread: the loader's, then read by all. */
#pragma once

#include "zone/zone.h"

#define INDEX_NONE UINT32_MAX

struct index {
    uint32_t *slots; /* node numbers or INDEX_NONE */
    uint32_t room;   /* a power of two, or 0 */
    uint32_t count;
};

/* Takes in node number of nodes, whose name is not there yet. */
void index_put(struct index *index, const struct zone_node *nodes, uint32_t number);
uint32_t index_find(const struct index *index, const struct zone_node *nodes, const uint8_t *name, size_t len);
