#include "geo/pairs.h"

#include "base/memory.h"
#include "geo/tables.h"

#include <math.h>
#include <stdlib.h>

struct weighing {
    const struct trie *before, *after;
    struct pool keys; /* class before, class after */
    struct class_pair *pairs;
    size_t room;
    uint32_t last; /* index of the pair found last */
    bool v6;
};

static struct class_pair *pair_of(struct weighing *weighing, uint32_t before, uint32_t after)
{
    if (weighing->keys.count > 0) {
        struct class_pair *last = &weighing->pairs[weighing->last];
        if (last->before == before && last->after == after)
            return last;
    }
    const size_t known = weighing->keys.count;
    weighing->last = pool_add(&weighing->keys, (const uint32_t[2]){before, after});
    if (weighing->last == known) {
        weighing->pairs = mem_grow(weighing->pairs, &weighing->room, known + 1, sizeof *weighing->pairs);
        weighing->pairs[known] = (struct class_pair){.before = before, .after = after};
    }
    return &weighing->pairs[weighing->last];
}

static uint32_t child_of(const struct trie *trie, uint32_t at, unsigned side)
{
    return at & TRIE_LEAF ? at : trie->nodes[at].child[side];
}

/* addresses: of the network that both stand at. */
static void walk_both(struct weighing *weighing, uint32_t before, uint32_t after, double addresses)
{
    if (before & after & TRIE_LEAF) {
        struct class_pair *pair = pair_of(weighing, before & ~TRIE_LEAF, after & ~TRIE_LEAF);
        *(weighing->v6 ? &pair->v6 : &pair->v4) += addresses;
        return;
    }
    for (unsigned side = 0; side < 2; side++)
        walk_both(weighing, child_of(weighing->before, before, side), child_of(weighing->after, after, side), addresses / 2);
}

/* Of the addresses in the class of unknown places those that a source speaks of: its share of all that are spoken of, in addresses. */
static double known_of_unknown(const struct geo *geo, const struct class_pair *pairs, size_t count, bool is_before)
{
    const struct classes *classes = geo_classes(geo);
    double located = 0, rest = 0;
    for (size_t i = 0; i < count; i++)
        *((is_before ? pairs[i].before : pairs[i].after) == classes->unknown ? &rest : &located) += pairs[i].v4 + pairs[i].v6;
    const double share = classes->places ? classes->places[classes->unknown].weight : located == 0;
    return share < 1 ? fmin(rest, located * share / (1 - share)) : rest;
}

static void count_known(const struct geo *before, const struct geo *after, struct class_pair *pairs, size_t count)
{
    const double known = fmin(known_of_unknown(before, pairs, count, true), known_of_unknown(after, pairs, count, false));
    for (size_t i = 0; i < count; i++) {
        struct class_pair *pair = &pairs[i];
        const bool unknown = pair->before == geo_classes(before)->unknown && pair->after == geo_classes(after)->unknown;
        pair->known = unknown ? fmin(known, pair->v4 + pair->v6) : pair->v4 + pair->v6;
    }
}

static int by_classes(const void *a, const void *b)
{
    const struct class_pair *x = a, *y = b;
    if (x->before != y->before)
        return x->before < y->before ? -1 : 1;
    return x->after < y->after ? -1 : x->after > y->after;
}

struct class_pair *geo_pairs(const struct geo *before, const struct geo *after, size_t *ret_count)
{
    struct weighing weighing = {.before = geo_trie(before), .after = geo_trie(after)};
    pool_init(&weighing.keys, 2 * sizeof(uint32_t));
    walk_both(&weighing, weighing.before->root_v4, weighing.after->root_v4, ldexp(1, 32));
    weighing.v6 = true;
    walk_both(&weighing, weighing.before->root_v6, weighing.after->root_v6, ldexp(1, ADDRESS_V6));
    *ret_count = weighing.keys.count;
    pool_release(&weighing.keys);
    qsort(weighing.pairs, *ret_count, sizeof *weighing.pairs, by_classes);
    count_known(before, after, weighing.pairs, *ret_count);
    return weighing.pairs;
}
