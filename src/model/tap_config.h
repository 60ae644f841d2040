/* Where queries and answers are shown to people and programs, as the configuration has it. Parts of struct config; see there.
 * Thread: any (immutable). */
#pragma once

#include "base/addr.h"

#include <stdbool.h>
#include <stdint.h>

/* A file that is begun anew when it is full. */
struct rotation {
    uint32_t max_mib; /* octets it may have, in MiB */
    unsigned keep;    /* full ones that are kept */
};

/* dnstap in Frame Streams: to a file, to who listens on a UNIX socket, or to who listens on a TCP port. All three unset: off. */
struct dnstap_config {
    char *file, *socket;
    struct hostport address; /* FAMILY_NONE: not set */
    uint32_t sample;         /* one of so many queries */
    bool queries, responses;
    char *identity, *version; /* "": those of server */
    struct rotation rotation;
};

/* One line of JSON for each query. file NULL: off. */
struct query_log_config {
    char *file;
    uint32_t sample;
    struct rotation rotation;
};
