/* SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash that nobody without the key can aim at. For DNS cookies (RFC 9018 asks for it) and for
 * tables whose keys strangers choose. Our own because OpenSSL's EVP_MAC allocates for each use. Thread: any (values). */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { SIPHASH_KEY = 16, SIPHASH_OCTETS = 8, SIPHASH_KEYS_MAX = 3 };

struct siphash_key {
    uint8_t octets[SIPHASH_KEY];
};

/* A few of them, where the first makes and all verify. */
struct siphash_keys {
    unsigned count;
    struct siphash_key keys[SIPHASH_KEYS_MAX];
};

/* The hash; its octets on the wire are this number's in little-endian order. */
uint64_t siphash(const struct siphash_key *key, const void *data, size_t len);
