#include "dns/cookie.h"

#include "base/cursor.h"

enum { VERSION = 1, VERSION_AT = COOKIE_CLIENT, TIME_AT = VERSION_AT + 4, HASH_AT = TIME_AT + 4, HASHED_MAX = HASH_AT + 16 };

bool cookie_length_sound(size_t len)
{
    return len == COOKIE_CLIENT || (len >= COOKIE_CLIENT + COOKIE_SERVER_MIN && len <= COOKIE_CLIENT + COOKIE_SERVER_MAX);
}

/* RFC 9018 4.4: over client cookie, version, reserved and timestamp, as they stand in the option, and the client's address. */
static void hash(const struct siphash_key *secret, const uint8_t *option, const struct addr *client, uint8_t out[SIPHASH_OCTETS])
{
    uint8_t data[HASHED_MAX];
    const size_t octets = addr_octets(client->family);
    memcpy(data, option, HASH_AT);
    memcpy(data + HASH_AT, client->bytes, octets);
    const uint64_t value = siphash(secret, data, HASH_AT + octets);
    for (unsigned i = 0; i < SIPHASH_OCTETS; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

/* The same time wherever the first difference stands, so that a guess learns nothing. */
static bool same_hash(const uint8_t *a, const uint8_t *b)
{
    uint8_t different = 0;
    for (unsigned i = 0; i < SIPHASH_OCTETS; i++)
        different |= a[i] ^ b[i];
    return different == 0;
}

enum cookie cookie_judge(const struct siphash_keys *secrets, const uint8_t *option, size_t len, const struct addr *client, uint32_t now_s)
{
    if (len == COOKIE_CLIENT)
        return COOKIE_CLIENT_ONLY;
    if (len != COOKIE_WHOLE || option[VERSION_AT] != VERSION)
        return COOKIE_WRONG;
    const int32_t age_s = (int32_t)(now_s - get_u32(option + TIME_AT)); /* serial number arithmetic (RFC 1982) */
    if (age_s > COOKIE_PAST_S || age_s < -COOKIE_FUTURE_S)
        return COOKIE_WRONG;
    for (unsigned i = 0; i < secrets->count; i++) {
        uint8_t expected[SIPHASH_OCTETS];
        hash(&secrets->keys[i], option, client, expected);
        if (same_hash(expected, option + HASH_AT))
            return i == 0 && age_s <= COOKIE_RENEW_S ? COOKIE_GOOD : COOKIE_OLD; /* one of an older secret outlives it so */
    }
    return COOKIE_WRONG;
}

void cookie_make(const struct siphash_keys *secrets, const uint8_t client_part[COOKIE_CLIENT], const struct addr *client, uint32_t now_s,
                 uint8_t out[COOKIE_WHOLE])
{
    memcpy(out, client_part, COOKIE_CLIENT);
    put_u32(out + VERSION_AT, (uint32_t)VERSION << 24);
    put_u32(out + TIME_AT, now_s);
    hash(&secrets->keys[0], out, client, out + HASH_AT);
}
