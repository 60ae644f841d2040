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
