/* What the server does against forged and excessive queries, as the configuration has it. Parts of struct config; see there.
 * Thread: any (immutable). */
#pragma once

#include "base/addr.h"
#include "base/siphash.h"

/* DNS cookies (RFC 7873, 9018). */
struct cookies_config {
    bool enabled;
    char *file;                 /* of secrets that servers share, or NULL: the daemon makes its own */
    struct siphash_keys shared; /* what the file held when the configuration was loaded (control/load.c) */
};

/* Answers over UDP to who has no valid cookie. */
struct rate_limit_config {
    uint32_t rate;        /* a second, for one network and one name, zone or error; 0: no limit at all */
    uint32_t subnet_rate; /* the same of steered answers to queries with a client subnet; 0: no limit for them */
    uint32_t window_s;    /* so much of the rate may come at once */
    unsigned slip;        /* each slip-th answer held back becomes TC or BADCOOKIE; 0: none */
    uint8_t ipv4_prefix, ipv6_prefix;
    struct prefix *allow; /* never limited */
    size_t allow_count;
};
