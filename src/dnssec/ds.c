#include "dnssec/ds.h"

#include "base/cursor.h"

#include <openssl/evp.h>

enum { OWNER_MOST = 255, DNSKEY_HEAD = 4, DNSKEY_MOST = DNSKEY_HEAD + 1024 };

static const EVP_MD *method_of(unsigned digest)
{
    switch (digest) {
    case DIGEST_SHA1: return EVP_sha1();
    case DIGEST_SHA256: return EVP_sha256();
    case DIGEST_SHA384: return EVP_sha384();
    default: return NULL;
    }
}

size_t ds_of_dnskey(const uint8_t *apex, size_t apex_len, const uint8_t *dnskey, size_t dnskey_len, unsigned digest,
                    uint8_t ret[DS_OCTETS_MAX])
{
    const EVP_MD *method = method_of(digest);
    uint8_t whole[OWNER_MOST + DNSKEY_MOST];
    unsigned digest_len = 0;
    if (!method || apex_len > OWNER_MOST || dnskey_len <= DNSKEY_HEAD || dnskey_len > DNSKEY_MOST)
        return 0;
    memcpy(whole, apex, apex_len);
    memcpy(whole + apex_len, dnskey, dnskey_len);
    put_u16(ret, key_tag(dnskey, dnskey_len));
    ret[2] = dnskey[3];
    ret[3] = (uint8_t)digest;
    return EVP_Digest(whole, apex_len + dnskey_len, ret + 4, &digest_len, method, NULL) == 1 ? 4 + digest_len : 0;
}

size_t ds_of_key(const uint8_t *apex, size_t apex_len, const struct key *key, unsigned digest, uint8_t ret[DS_OCTETS_MAX])
{
    return ds_of_dnskey(apex, apex_len, key->dnskey, key->dnskey_len, digest, ret);
}
