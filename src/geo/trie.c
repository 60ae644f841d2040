#include "geo/trie.h"

uint32_t trie_class(const struct trie *trie, const struct addr *addr, unsigned *ret_depth)
{
    uint32_t at = addr->family == FAMILY_V4 ? trie->root_v4 : trie->root_v6;
    unsigned depth = 0;
    while (!(at & TRIE_LEAF))
        at = trie->nodes[at].child[addr_bit(addr, depth++)];
    if (ret_depth)
        *ret_depth = depth;
    return at & ~TRIE_LEAF;
}
