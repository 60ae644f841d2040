#include "transfer/digest.h"

#include "base/cursor.h"
#include "base/invariant.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <pthread.h>

enum { MAC_ROOM = 64 };

static const struct {
    const char *hash;
    size_t len;
} hashes[] = {
    [TSIG_HMAC_SHA1] = {"SHA1", 20},     [TSIG_HMAC_SHA224] = {"SHA224", 28}, [TSIG_HMAC_SHA256] = {"SHA256", 32},
    [TSIG_HMAC_SHA384] = {"SHA384", 48}, [TSIG_HMAC_SHA512] = {"SHA512", 64},
};

static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_MAC *hmac; /* for the life of the process: fetching it takes locks */

static void fetch(void)
{
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    invariant(hmac != NULL);
}

/* OpenSSL fails here only without memory or without these hashes: then nothing that is signed can be trusted. */
struct digest *digest_begin(const struct tsig_key *key)
{
    pthread_once(&fetched, fetch);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(hmac);
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)hashes[key->algorithm].hash, 0),
                                     OSSL_PARAM_construct_end()};
    invariant(context && EVP_MAC_init(context, key->secret.octets, key->secret.len, parameters) == 1);
    return (struct digest *)context;
}

void digest_add(struct digest *digest, const void *octets, size_t len)
{
    invariant(EVP_MAC_update((EVP_MAC_CTX *)digest, octets, len) == 1);
}

void digest_add_u16(struct digest *digest, uint16_t value)
{
    uint8_t octets[2];
    put_u16(octets, value);
    digest_add(digest, octets, sizeof octets);
}

size_t digest_end(struct digest *digest, uint8_t *out)
{
    size_t len = 0;
    invariant(EVP_MAC_final((EVP_MAC_CTX *)digest, out, &len, MAC_ROOM) == 1);
    digest_drop(digest);
    return len;
}

void digest_drop(struct digest *digest)
{
    EVP_MAC_CTX_free((EVP_MAC_CTX *)digest);
}

size_t digest_len(enum tsig_algorithm algorithm)
{
    return hashes[algorithm].len;
}
