#include "dnssec/coding.h"

#include "base/memory.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* OpenSSL's decoder takes padding anywhere, blanks at the ends and counts padding as octets: what goes in is checked before. */
static bool well_formed(const char *letters, size_t len, size_t *ret_padding)
{
    const size_t body = strspn(letters, alphabet);
    *ret_padding = len - body;
    return len % 4 == 0 && len > 0 && *ret_padding <= 2 && strspn(letters + body, "=") == *ret_padding;
}

bool base64_read(const char *text, size_t len, uint8_t *out, size_t room, size_t *ret_len)
{
    char *letters = mem_new(len + 1, 1);
    uint8_t *octets = mem_new(len + 4, 1);
    size_t count = 0, padding;
    for (size_t i = 0; i < len; i++)
        if (text[i] != ' ' && text[i] != '\t')
            letters[count++] = text[i];
    bool sound = well_formed(letters, count, &padding);
    const int made = sound ? EVP_DecodeBlock(octets, (const unsigned char *)letters, (int)count) : -1;
    *ret_len = made > 0 ? (size_t)made - padding : 0;
    sound = made > 0 && *ret_len <= room;
    if (sound)
        memcpy(out, octets, *ret_len);
    OPENSSL_cleanse(letters, len); /* may have been a private key */
    OPENSSL_cleanse(octets, len);
    free(letters);
    free(octets);
    return sound;
}

char *base64_text(const uint8_t *octets, size_t len)
{
    char *text = mem_new((len + 2) / 3 * 4 + 1, 1);
    EVP_EncodeBlock((unsigned char *)text, octets, (int)len);
    return text;
}

void base32_hash(const uint8_t hash[20], uint8_t ret[BASE32_HASH])
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuv";
    for (unsigned i = 0; i < BASE32_HASH; i++) {
        const unsigned bit = i * 5, at = bit / 8;
        const unsigned pair = (unsigned)hash[at] << 8 | (at + 1 < 20 ? hash[at + 1] : 0);
        ret[i] = (uint8_t)letters[pair >> (11 - bit % 8) & 31];
    }
}

char *hex_text(const uint8_t *octets, size_t len)
{
    char *text = mem_new(2 * len + 1, 1);
    for (size_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02X", octets[i]);
    return text;
}
