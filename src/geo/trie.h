/* The one trie that says a client's class: two binary roots (IPv4, IPv6) over one array of nodes. Immutable after its
 * making; read by the workers. Each inner node knows the lowest and highest class number below it, so that a walk ends as
 * soon as everything below is in one run of the plan (see model/plan.h): the depth there is the ECS scope.
 * Thread: any. Owned by its struct geo. */
#pragma once

#include "base/addr.h"

#include <stdint.h>

#define TRIE_LEAF 0x80000000u /* a child with this bit is a leaf; the other bits are its class */

enum {
    TRIE_TOP = 16, /* levels of IPv4 that most walks skip (measured: a third less time with 6 sites and with 200) */
    /* An IPv6 network of this length counts as one IPv4 address. Providers get /29 to /32 and customers /48 to /64: counted as /48s, the located
     * networks of IPv6 would be many times all of IPv4; as /44s they are about a third of it, which is nearer to how queries come. */
    ADDRESS_V6 = 44
};

struct trie_node {
    uint32_t child[2];
    uint32_t low, high; /* class numbers below, inclusive */
};

struct trie {
    const struct trie_node *nodes;
    uint32_t node_count;
    uint32_t root_v4, root_v6; /* a node or a leaf */
    const uint32_t *top;       /* IPv4: by the first TRIE_TOP bits, where the walk from the root stands then; NULL for none */
};

struct trie_match {
    uint32_t run;   /* of the plan */
    unsigned depth; /* prefix length for which the run is certain */
};

/* Where the walk of an IPv4 address may start: beyond the top, unless the run is certain above it. */
static inline uint32_t trie_below_top(const struct trie *trie, const struct addr *addr, const uint32_t *run_of_class)
{
    const uint32_t at = trie->top[addr->bytes[0] << 8 | addr->bytes[1]];
    if (at & TRIE_LEAF)
        return TRIE_LEAF;
    const struct trie_node *node = &trie->nodes[at];
    return run_of_class[node->low] == run_of_class[node->high] ? TRIE_LEAF : at;
}

/* Walks until the run is certain. run_of_class: plan.run_of_class. The result holds for every address that shares the first
 * depth bits with addr. */
static inline struct trie_match trie_walk(const struct trie *trie, const struct addr *addr, const uint32_t *run_of_class)
{
    uint32_t at = addr->family == FAMILY_V4 ? trie->root_v4 : trie->root_v6;
    for (unsigned depth = 0;; depth++) {
        if (at & TRIE_LEAF)
            return (struct trie_match){run_of_class[at & ~TRIE_LEAF], depth};
        const struct trie_node *node = &trie->nodes[at];
        const uint32_t run = run_of_class[node->low];
        if (run == run_of_class[node->high])
            return (struct trie_match){run, depth};
        if (depth == 0 && addr->family == FAMILY_V4 && trie->top) {
            const uint32_t below = trie_below_top(trie, addr, run_of_class);
            if (below != TRIE_LEAF) {
                at = below;
                depth = TRIE_TOP;
                node = &trie->nodes[at]; /* not certain here: go on below it */
            }
        }
        at = node->child[addr_bit(addr, depth)];
    }
}

/* The client's class itself: a walk to the leaf. ret_depth may be NULL. */
uint32_t trie_class(const struct trie *trie, const struct addr *addr, unsigned *ret_depth);
