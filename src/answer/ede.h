/* What an answer tells about itself beside its rcode (RFC 8914): for people with dig, and for resolvers that log it. The octets are ready: nothing
 * is put together for a query. A new reason is a new name here and a new line in ede.c. For answer/ only. Thread: any. */
#pragma once

#include <stdint.h>

enum ede {
    EDE_NONE,
    EDE_NO_ZONE,          /* REFUSED */
    EDE_CLASS,            /* REFUSED */
    EDE_TRANSFER,         /* REFUSED */
    EDE_OPCODE,           /* NOTIMP */
    EDE_QTYPE,            /* FORMERR */
    EDE_SERVICE_DISABLED, /* a steered name without data */
    EDE_ALL_DOWN_EMPTY,   /* the same: on_all_down = "empty" */
    EDE_ALL_DOWN_STATIC,  /* a steered name, but all records of the zone file */
};

enum { EDE_CODE = 2 /* octets before the text */ };

struct ede_octets {
    const uint8_t *octets; /* INFO-CODE, then EXTRA-TEXT in UTF-8 without a NUL */
    uint8_t len;           /* 0: nothing to tell */
};

extern const struct ede_octets ede_table[];
