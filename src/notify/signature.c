/* Signatures by which a receiver knows who posts. */
#include "notify/hook.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum { SECRET_MOST = 4096 };

bool signature_make(const char *secret_file, const char *body, char out[SIGNATURE_TEXT], struct error *err)
{
    unsigned char secret[SECRET_MOST], digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    FILE *file = fopen(secret_file, "re");
    if (!file)
        return error_set(err, "%s: %s", secret_file, strerror(errno));
    setvbuf(file, NULL, _IONBF, 0); /* no copy of it stays behind */
    size_t len = fread(secret, 1, sizeof secret, file);
    fclose(file);
    while (len > 0 && (secret[len - 1] == '\n' || secret[len - 1] == '\r'))
        len--;
    const bool made = len > 0 && HMAC(EVP_sha256(), secret, (int)len, (const unsigned char *)body, strlen(body), digest, &digest_len);
    OPENSSL_cleanse(secret, sizeof secret);
    if (!made)
        return error_set(err, "%s holds no secret", secret_file);
    int at = snprintf(out, SIGNATURE_TEXT, "sha256=");
    for (unsigned i = 0; i < digest_len; i++)
        at += snprintf(out + at, SIGNATURE_TEXT - (size_t)at, "%02x", digest[i]);
    return true;
}
