#include "geo/grow.h"

#include "base/hash.h"
#include "base/invariant.h"
#include "base/memory.h"

void trie_grow_init(struct trie_grow *grow)
{
    *grow = (struct trie_grow){.recent = mem_new(RECENT, sizeof *grow->recent)};
}

void trie_grow_release(struct trie_grow *grow)
{
    free(grow->nodes);
    free(grow->recent);
    *grow = (struct trie_grow){0};
}

/* Subtrees repeat (two halves of a network in the same two places), so nodes are shared; a small table of recent ones finds most
 * twins at a fraction of the memory and time of one that knows all. */
uint32_t trie_grow_join(struct trie_grow *grow, uint32_t left, uint32_t right)
{
    if (left == right && (left & TRIE_LEAF))
        return left;
    uint32_t *recent = &grow->recent[hash_mix((uint64_t)left << 32 | right) % RECENT];
    if (*recent) {
        const struct trie_node *twin = &grow->nodes[*recent - 1];
        if (twin->child[0] == left && twin->child[1] == right)
            return *recent - 1;
    }
    invariant(grow->count < TRIE_LEAF - 1);
    grow->nodes = mem_grow(grow->nodes, &grow->room, grow->count + 1, sizeof *grow->nodes);
    grow->nodes[grow->count] = (struct trie_node){.child = {left, right}};
    *recent = (uint32_t)++grow->count;
    return *recent - 1;
}

static uint32_t final_leaf(uint32_t at, const uint32_t *class_of)
{
    return at & TRIE_LEAF ? TRIE_LEAF | class_of[at & ~TRIE_LEAF] : at;
}

/* The lowest (or highest) class below a child whose own node is finished. */
static uint32_t child_low(const struct trie_grow *grow, uint32_t at)
{
    return at & TRIE_LEAF ? at & ~TRIE_LEAF : grow->nodes[at].low;
}

static uint32_t child_high(const struct trie_grow *grow, uint32_t at)
{
    return at & TRIE_LEAF ? at & ~TRIE_LEAF : grow->nodes[at].high;
}

void trie_grow_finish(struct trie_grow *grow, const uint32_t *class_of, struct trie *trie)
{
    for (size_t i = 0; i < grow->count; i++) { /* children stand before their parents */
        struct trie_node *node = &grow->nodes[i];
        uint32_t low[2], high[2];
        for (unsigned bit = 0; bit < 2; bit++) {
            node->child[bit] = final_leaf(node->child[bit], class_of);
            low[bit] = child_low(grow, node->child[bit]);
            high[bit] = child_high(grow, node->child[bit]);
        }
        node->low = low[0] < low[1] ? low[0] : low[1];
        node->high = high[0] > high[1] ? high[0] : high[1];
    }
    trie->root_v4 = final_leaf(trie->root_v4, class_of);
    trie->root_v6 = final_leaf(trie->root_v6, class_of);
    if (grow->count) {
        struct trie_node *fitted = realloc(grow->nodes, grow->count * sizeof *fitted);
        grow->nodes = fitted ? fitted : grow->nodes;
    }
    trie->nodes = grow->nodes;
    trie->node_count = (uint32_t)grow->count;
    grow->nodes = NULL;
    trie_grow_release(grow);
}
