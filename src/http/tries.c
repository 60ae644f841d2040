#include "http/tries.h"

#include "base/hash.h"
#include "base/memory.h"

#include <stdlib.h>

enum { WAYS = 8, ROWS = TRIES_TABLE / WAYS, V6_BITS = 64 };

struct trier {
    struct addr addr; /* masked; FAMILY_NONE: free */
    uint64_t failed_ms, told_ms;
    uint64_t debt_ms; /* of TRIES_REFILL_MS each, as it was at failed_ms */
    unsigned untold;
    bool told;
};

struct tries {
    uint64_t seed;
    struct trier table[ROWS][WAYS];
};

struct tries *tries_new(uint64_t seed)
{
    struct tries *tries = mem_new(1, sizeof *tries);
    tries->seed = seed;
    return tries;
}

void tries_free(struct tries *tries)
{
    free(tries);
}

static struct addr network_of(const struct addr *addr)
{
    struct addr network = *addr;
    addr_unmap(&network);
    addr_mask(&network, network.family == FAMILY_V6 ? V6_BITS : 32);
    return network;
}

static struct trier *row_of(struct tries *tries, const struct addr *network)
{
    return tries->table[hash_bytes(network->bytes, sizeof network->bytes, tries->seed + network->family) % ROWS];
}

static struct trier *find(struct tries *tries, const struct addr *network)
{
    struct trier *row = row_of(tries, network);
    for (size_t i = 0; i < WAYS; i++)
        if (addr_equal(&row[i].addr, network))
            return &row[i];
    return NULL;
}

/* The one of the row that has failed the longest ago gives way. */
static struct trier *enter(struct tries *tries, const struct addr *network)
{
    struct trier *row = row_of(tries, network), *oldest = row;
    for (size_t i = 1; i < WAYS; i++)
        if (row[i].failed_ms < oldest->failed_ms)
            oldest = &row[i];
    *oldest = (struct trier){.addr = *network};
    return oldest;
}

static uint64_t debt_at(const struct trier *trier, uint64_t now_ms)
{
    const uint64_t passed_ms = now_ms - trier->failed_ms;
    return trier->debt_ms > passed_ms ? trier->debt_ms - passed_ms : 0;
}

bool tries_blocked(struct tries *tries, const struct addr *addr, uint64_t now_ms, unsigned *ret_wait_s)
{
    const struct addr network = network_of(addr);
    const struct trier *trier = find(tries, &network);
    const uint64_t most_ms = (uint64_t)(TRIES_MAX - 1) * TRIES_REFILL_MS, debt_ms = trier ? debt_at(trier, now_ms) : 0;
    if (debt_ms <= most_ms)
        return false;
    *ret_wait_s = (unsigned)((debt_ms - most_ms + 999) / 1000);
    return true;
}

bool tries_fail(struct tries *tries, const struct addr *addr, uint64_t now_ms, unsigned *ret_count)
{
    const struct addr network = network_of(addr);
    struct trier *trier = find(tries, &network);
    if (!trier)
        trier = enter(tries, &network);
    trier->debt_ms = debt_at(trier, now_ms) + TRIES_REFILL_MS;
    trier->failed_ms = now_ms;
    trier->untold++;
    if (trier->told && now_ms - trier->told_ms < TRIES_TOLD_MS)
        return false;
    *ret_count = trier->untold;
    trier->untold = 0;
    trier->told = true;
    trier->told_ms = now_ms;
    return true;
}
