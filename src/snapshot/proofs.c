#include "snapshot/proofs.h"

#include "dnssec/signer.h"

static size_t key_of(const struct proofs *proofs, const uint8_t *name, size_t len, uint8_t ret_key[NAME_SORT_KEY])
{
    if (proofs->kind == DENIAL_NSEC)
        return name_sort_key(name, ret_key);
    nsec3_hash(name, len, ret_key);
    return PROOF_HASH_OCTETS;
}

static int compare(const struct proof *proof, const uint8_t *key, size_t len)
{
    const int order = memcmp(proof->key, key, proof->key_len < len ? proof->key_len : len);
    return order ? order : (int)proof->key_len - (int)len;
}

/* Index of the last one not after the key; count when there is none. */
static size_t last_not_after(const struct proofs *proofs, const uint8_t *key, size_t len)
{
    size_t low = 0, high = proofs->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (compare(&proofs->all[middle], key, len) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? low - 1 : proofs->count;
}

const struct proof *proofs_match(const struct proofs *proofs, const uint8_t *name, size_t len)
{
    uint8_t key[NAME_SORT_KEY];
    const size_t key_len = key_of(proofs, name, len, key), at = last_not_after(proofs, key, key_len);
    return at < proofs->count && compare(&proofs->all[at], key, key_len) == 0 ? &proofs->all[at] : NULL;
}

const struct proof *proofs_cover(const struct proofs *proofs, const uint8_t *name, size_t len)
{
    uint8_t key[NAME_SORT_KEY];
    const size_t key_len = key_of(proofs, name, len, key), at = last_not_after(proofs, key, key_len);
    return &proofs->all[at < proofs->count ? at : proofs->count - 1]; /* before the first comes the last: the chain is a ring */
}
