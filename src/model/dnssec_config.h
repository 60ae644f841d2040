/* How one zone is signed, as the configuration says it. Plain data of struct zone_config. Thread: any (immutable). */
#pragma once

#include <stdint.h>

/* How a signed zone proves what is not there. */
enum denial { DENIAL_NONE, DENIAL_NSEC, DENIAL_NSEC3 };

/* What CDS and CDNSKEY tell the parent (RFC 7344): the keys' own timings, or to remove its DS records (RFC 8078 4). */
enum sync_mode { SYNC_KEYS, SYNC_DELETE };

struct dnssec_config {
    enum denial denial; /* DENIAL_NONE: the group is not there, the zone is not signed and nothing below counts */
    char *keys;         /* folder of the key files; NULL for DENIAL_NONE */
    enum sync_mode cds;
    uint32_t validity_s; /* of a new signature */
    uint32_t refresh_s;  /* a signature with less than this left is renewed; less than validity_s */
};
