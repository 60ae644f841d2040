/* A fast, seeded 64-bit hash for tables and for choices that must be the same on every server and after every restart.
 * Not for secrets. The value is the same on every machine (octets are read in little-endian order). Thread: any. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Spreads all bits of x (the finaliser of MurmurHash3). */
static inline uint64_t hash_mix(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    x ^= x >> 33;
    return x;
}

static inline uint64_t hash_word(const uint8_t *from, size_t len)
{
    uint64_t word = 0;
    memcpy(&word, from, len);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Hash of len octets under a seed. */
static inline uint64_t hash_bytes(const void *data, size_t len, uint64_t seed)
{
    const uint8_t *at = data;
    uint64_t h = seed ^ (len * 0x9e3779b97f4a7c15ULL);
    for (; len >= 8; at += 8, len -= 8) {
        h = (h ^ hash_word(at, 8)) * 0x9fb21c651e98df25ULL;
        h ^= h >> 35;
    }
    if (len)
        h = (h ^ hash_word(at, len)) * 0x9fb21c651e98df25ULL;
    return hash_mix(h);
}
