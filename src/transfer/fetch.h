/* Fetches a zone from its primary over TCP or TLS (RFC 9103): asks for the SOA and, when its serial is newer, for the whole zone, which is written to a master
 * file. Blocks until done or until the time is up.
 * Thread: any; one call at a time for a file. */
#pragma once

#include "base/error.h"
#include "model/config.h"

#include <stdatomic.h>

struct fetch {
    const char *zone; /* name, as in the configuration */
    const struct primary_config *primary;
    const struct tsig_key *key; /* or NULL */
    const struct addr *source;  /* or NULL: the kernel's choice */
    bool has_serial;            /* a copy is there already */
    uint32_t serial;            /* its serial */
    const char *path;           /* file to be written, replaced if it is there */
    const _Atomic bool *stop;   /* set from elsewhere: give up soon */
};

enum fetched { FETCH_FAILED, FETCH_CURRENT, FETCH_NEW };

struct fetch_result {
    uint32_t serial; /* the primary's */
    uint64_t records, octets, messages;
};

/* FETCH_NEW: the file is whole and on disk, but nobody has looked whether it is a sound zone. FETCH_FAILED: err says why, the file is gone. */
enum fetched fetch_zone(const struct fetch *fetch, struct fetch_result *ret_result, struct error *err);
