/* The OPT record of an answer (RFC 6891), option by option: added as soon as it is known, so that everything else can count on its size; written
 * last. Thread: any. Owns nothing: the octets of an option live until opt_write(). */
#pragma once

#include "base/cursor.h"

enum edns_option { OPTION_NSID = 3, OPTION_ECS = 8, OPTION_COOKIE = 10, OPTION_KEEPALIVE = 11, OPTION_PADDING = 12, OPTION_EDE = 15 };

enum { OPT_LEN = 11, OPTION_HEADER = 4, OPT_OPTIONS_MAX = 8 };

struct opt_option {
    uint16_t code, len;
    const uint8_t *octets;
};

struct opt {
    bool present; /* the query had one: so has the answer, and else none */
    uint8_t count;
    struct opt_option options[OPT_OPTIONS_MAX];
};

/* Octets of the whole record, 0 without one. */
size_t opt_len(const struct opt *opt);

/* Appends an option; nothing happens without OPT. */
void opt_add(struct opt *opt, uint16_t code, const uint8_t *octets, size_t len);

/* Version 0, DO copied (RFC 3225), all other flags clear. rcode: the whole extended one. size: what the server takes over UDP. */
void opt_write(struct writer *w, const struct opt *opt, unsigned rcode, uint16_t size, bool dnssec_ok);
