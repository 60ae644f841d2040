/* Makes a trie from the bottom up: children first, then trie_grow_join(). Equal leaves melt into one on the way.
 * Thread: the owner's; the nodes and the top of the finished trie are the caller's to free. */
#pragma once

#include "geo/trie.h"
#include "model/classes.h"

#include <stddef.h>

/* A node made lately. */
struct trie_recent {
    uint32_t child[2], node; /* node + 1 */
};

struct trie_grow {
    struct trie_node *nodes;
    size_t count, room;
    struct trie_recent *recent; /* by hash of its children */
};

void trie_grow_init(struct trie_grow *grow);
void trie_grow_release(struct trie_grow *grow);

/* The node with these children: a leaf where both are the same leaf, an earlier node where one is at hand. */
uint32_t trie_grow_join(struct trie_grow *grow, uint32_t left, uint32_t right);

/* Gives the leaves their final classes and the nodes what lies below them. class_of: final class by leaf so far. */
void trie_grow_finish(struct trie_grow *grow, const uint32_t *class_of, const struct classes *classes, struct trie *trie);
