/* dnstap's payload (https://dnstap.info, schema of dnstap.proto; protocol buffers' wire format): one query or one answer in one frame.
 * Thread: any (pure). */
#pragma once

#include "tap/point.h"

enum {
    DNSTAP_LABEL = 255,                           /* of identity and version */
    DNSTAP_FRAME = 65535 + 2 * DNSTAP_LABEL + 256 /* octets that a frame can have */
};

/* Who writes. "" leaves a field out. */
struct dnstap_source {
    const char *identity, *version;
};

enum dnstap_type { DNSTAP_AUTH_QUERY = 1, DNSTAP_AUTH_RESPONSE = 2 };

/* Writes the frame to out and returns its length. record: with its octets behind it. clock_ns: what makes wall-clock time (since 1970) of its times. */
size_t dnstap_encode(const struct tap_record *record, enum dnstap_type type, const struct dnstap_source *source, int64_t clock_ns,
                     uint8_t out[DNSTAP_FRAME]);
