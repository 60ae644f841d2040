/* The heavy client prefixes whose bucket is drawn for each query instead of hashed: a big resolver speaks for so many callers that it must be
 * spread over its class's buckets as all clients together are. Immutable once its snapshot is published. Thread: any. Owned by its snapshot. */
#pragma once

#include "base/addr.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>

enum { LOTTERY_MAX = 256, LOTTERY_SLOTS = 1024 };

struct lottery {
    size_t count;
    struct prefix slots[LOTTERY_SLOTS]; /* open addressing; free: FAMILY_NONE */
};

/* NULL for none. More than LOTTERY_MAX are left out. */
struct lottery *lottery_new(const struct prefix *prefixes, size_t count);

static inline size_t lottery_home(const struct addr *cut)
{
    return hash_bytes(cut->bytes, addr_octets(cut->family), 0) % LOTTERY_SLOTS;
}

/* Whether the client, cut to len bits, is one of them. Never two lengths of one service: so scopes of len bits stay sound. */
static inline bool lottery_has(const struct lottery *lottery, const struct addr *client, unsigned len)
{
    struct addr cut = *client;
    addr_mask(&cut, len);
    for (size_t i = lottery_home(&cut);; i = (i + 1) % LOTTERY_SLOTS) {
        const struct prefix *slot = &lottery->slots[i];
        if (slot->addr.family == FAMILY_NONE)
            return false;
        if (slot->len == len && addr_equal(&slot->addr, &cut))
            return true;
    }
}
