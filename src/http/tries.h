/* How often somebody has come with a wrong token: a bounded table of addresses, pure. Thread: the HTTP loop's. */
#pragma once

#include "base/addr.h"

enum {
    TRIES_MAX = 10,         /* wrong tokens in a row; then one more for each */
    TRIES_REFILL_MS = 6000, /* of these that has passed */
    TRIES_TOLD_MS = 60000,  /* failures of one address are told at most so often */
    TRIES_TABLE = 1024,     /* addresses; further ones take the places of those that have failed the longest ago */
};

struct tries;

/* seed: so that nobody can choose addresses that share a place. */
struct tries *tries_new(uint64_t seed);
void tries_free(struct tries *tries);

/* Whether the address (of IPv6, its /64) must wait; then for how many seconds at most. */
bool tries_blocked(struct tries *tries, const struct addr *addr, uint64_t now_ms, unsigned *ret_wait_s);
/* One failure more. True: it is to be told now, with this number of failures since it was told last. */
bool tries_fail(struct tries *tries, const struct addr *addr, uint64_t now_ms, unsigned *ret_count);
