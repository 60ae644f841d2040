/* DNS cookies: server cookies that every server with the same secret makes and verifies alike (RFC 7873, 9018).
 * Thread: any. Pure: the time is an argument. */
#pragma once

#include "base/addr.h"
#include "base/siphash.h"

enum {
    COOKIE_CLIENT = 8,
    COOKIE_SERVER = 16, /* ours: version, 3 reserved, timestamp, hash (RFC 9018 4) */
    COOKIE_WHOLE = COOKIE_CLIENT + COOKIE_SERVER,
    COOKIE_SERVER_MIN = 8, /* anybody's (RFC 7873 4) */
    COOKIE_SERVER_MAX = 32,
    COOKIE_PAST_S = 3600, /* RFC 9018 4.3 */
    COOKIE_FUTURE_S = 300,
    COOKIE_RENEW_S = 1800,
};

enum cookie {
    COOKIE_NONE, /* none sent, or cookies are switched off */
    COOKIE_CLIENT_ONLY,
    COOKIE_WRONG, /* a server part that is not ours, not this client's, or too old */
    COOKIE_OLD,   /* valid; a fresh one is due */
    COOKIE_GOOD,
};

/* Whether an option of this length is one at all (RFC 7873 4). */
bool cookie_length_sound(size_t len);

/* Judges the option of a query from this client. len is sound. The hash is compared in constant time. */
enum cookie cookie_judge(const struct siphash_keys *secrets, const uint8_t *option, size_t len, const struct addr *client, uint32_t now_s);

/* The option of the answer: the client's part and a server part of now, made with the first secret (there is one). */
void cookie_make(const struct siphash_keys *secrets, const uint8_t client_part[COOKIE_CLIENT], const struct addr *client, uint32_t now_s,
                 uint8_t out[COOKIE_WHOLE]);
