#include "geo/grow.h"

#include "base/hash.h"
#include "base/invariant.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { RECENT = 1 << 12 }; /* measured on city data: four times as many find a tenth more twins, and cost as much as they save */

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
    struct trie_recent *recent = &grow->recent[hash_mix((uint64_t)left << 32 | right) % RECENT];
    if (recent->node && recent->child[0] == left && recent->child[1] == right)
        return recent->node - 1;
    invariant(grow->count < TRIE_LEAF - 1);
    grow->nodes = mem_grow(grow->nodes, &grow->room, grow->count + 1, sizeof *grow->nodes);
    grow->nodes[grow->count] = (struct trie_node){.child = {left, right}};
    *recent = (struct trie_recent){{left, right}, (uint32_t)++grow->count};
    return recent->node - 1;
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

/* Children stand before their parents. */
static void finish_nodes(struct trie_grow *grow, const uint32_t *class_of)
{
    for (size_t i = 0; i < grow->count; i++) {
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
}

/* The first class with the same order, by class. */
static uint32_t *order_starts(const struct classes *classes, uint32_t *ret_orders)
{
    uint32_t *starts = mem_new(classes->count, sizeof *starts);
    *ret_orders = 1;
    for (uint32_t i = 1; i < classes->count; i++) {
        const bool same = class_mark(classes, i - 1) == class_mark(classes, i) &&
                          memcmp(class_order(classes, i - 1), class_order(classes, i), classes->site_count) == 0;
        starts[i] = same ? starts[i - 1] : i;
        *ret_orders += !same;
    }
    return starts;
}

/* By node: where a walk that does not mind bands gets to. There orders differ, or did above. */
static bool *mark_seen(const struct trie_grow *grow, const uint32_t *starts)
{
    bool *seen = mem_new(grow->count, sizeof *seen);
    for (size_t i = 0; i < grow->count; i++) {
        const struct trie_node *node = &grow->nodes[i];
        if (starts[node->low] == starts[node->high])
            continue;
        seen[i] = true;
        for (unsigned bit = 0; bit < 2; bit++)
            if (!(node->child[bit] & TRIE_LEAF))
                seen[node->child[bit]] = true;
    }
    return seen;
}

/* Each node's new place: what is not seen first, else in the order that there is. */
static uint32_t *new_places(const struct trie_grow *grow, const bool *seen)
{
    uint32_t *to = mem_new(grow->count, sizeof *to), next = 0;
    for (unsigned turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < grow->count; i++)
            if (seen[i] == turn)
                to[i] = next++;
    return to;
}

static uint32_t moved(uint32_t at, const uint32_t *to)
{
    return at & TRIE_LEAF ? at : to[at];
}

/* In place, for it is here that a compilation takes most memory; uses to up. */
static void permute(struct trie_node *nodes, uint32_t *to, size_t count)
{
    for (uint32_t i = 0; i < count; i++)
        while (to[i] != i) {
            const uint32_t at = to[i];
            const struct trie_node node = nodes[at];
            nodes[at] = nodes[i];
            nodes[i] = node;
            to[i] = to[at];
            to[at] = at;
        }
}

/* Puts the nodes that a walk reaches only for the sake of bands apart, so that the others stand close together: mostly no plan minds bands.
 * With many sites there is little to part. */
static void part_nodes(struct trie_grow *grow, const struct classes *classes, struct trie *trie)
{
    uint32_t orders;
    uint32_t *starts = order_starts(classes, &orders);
    if (orders <= classes->count / 2) {
        bool *seen = mark_seen(grow, starts);
        uint32_t *to = new_places(grow, seen);
        free(seen);
        for (size_t i = 0; i < grow->count; i++)
            for (unsigned bit = 0; bit < 2; bit++)
                grow->nodes[i].child[bit] = moved(grow->nodes[i].child[bit], to);
        trie->root_v4 = moved(trie->root_v4, to);
        trie->root_v6 = moved(trie->root_v6, to);
        permute(grow->nodes, to, grow->count);
        free(to);
    }
    free(starts);
}

/* Gives back what is not needed, and asks for huge pages: a walk's time is mostly misses of the caches and of the page tables. */
static void fit_nodes(struct trie_grow *grow)
{
    enum { HUGE = 2 << 20 };
    struct trie_node *fitted = realloc(grow->nodes, grow->count * sizeof *fitted);
    grow->nodes = fitted ? fitted : grow->nodes;
    const uintptr_t from = ((uintptr_t)grow->nodes + HUGE - 1) & ~(uintptr_t)(HUGE - 1);
    const uintptr_t to = (uintptr_t)(grow->nodes + grow->count) & ~(uintptr_t)(HUGE - 1);
    if (from >= to)
        return;
    madvise((void *)from, to - from, MADV_HUGEPAGE); /* advice: works as well without */
#ifdef MADV_COLLAPSE
    madvise((void *)from, to - from, MADV_COLLAPSE);
#endif
}

static void fill_top(uint32_t *top, const struct trie_grow *grow, uint32_t at, unsigned depth)
{
    if (depth == TRIE_TOP) {
        *top = at;
        return;
    }
    const size_t half = (size_t)1 << (TRIE_TOP - 1 - depth);
    for (unsigned bit = 0; bit < 2; bit++)
        fill_top(top + bit * half, grow, at & TRIE_LEAF ? at : grow->nodes[at].child[bit], depth + 1);
}

void trie_grow_finish(struct trie_grow *grow, const uint32_t *class_of, const struct classes *classes, struct trie *trie)
{
    finish_nodes(grow, class_of);
    trie->root_v4 = final_leaf(trie->root_v4, class_of);
    trie->root_v6 = final_leaf(trie->root_v6, class_of);
    if (grow->count) {
        part_nodes(grow, classes, trie);
        fit_nodes(grow);
    }
    uint32_t *top = mem_new((size_t)1 << TRIE_TOP, sizeof *top);
    fill_top(top, grow, trie->root_v4, 0);
    trie->top = top;
    trie->nodes = grow->nodes;
    trie->node_count = (uint32_t)grow->count;
    grow->nodes = NULL;
    trie_grow_release(grow);
}
