/* Who has asked before there was too much to answer, and how much: who is served first when not all can be. A table of fixed size by address
 * (IPv4) or /64 (IPv6), which strangers cannot fill: in a full place the one that asks least gives way, and in overload nobody is added.
 * Thread: one UDP worker's; no lock. For serve/ only. */
#pragma once

#include "base/addr.h"

struct resolvers;

struct resolvers *resolvers_new(void);
void resolvers_free(struct resolvers *resolvers);

/* A resolver's number in the table. Its place is on its way into the cache from then on. */
uint64_t resolvers_number(const struct resolvers *resolvers, const struct addr *addr);

/* A query in calm. now_s: monotonic seconds. */
void resolvers_see(struct resolvers *resolvers, uint64_t number, uint32_t now_s);

/* How much more than in calm a resolver may ask in overload and still go first: times its rate, but at least so many a second. */
struct allowance {
    uint8_t times, least;
};

/* A query in overload that began at began_s: whether it is of a resolver seen before, within its allowance of this second; then it is taken from it. */
bool resolvers_take(struct resolvers *resolvers, uint64_t number, uint32_t now_s, uint32_t began_s, struct allowance allowance);
