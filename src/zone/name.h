/* Domain names of master files: text to wire, order, relation. Owned by nobody: plain values. Thread: any. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAME_MAX_OCTETS = 255, NAME_MAX_LABEL = 63, NAME_TEXT = 4 * NAME_MAX_OCTETS + 1 };

struct name {
    uint8_t len; /* the root's zero octet included */
    uint8_t octets[NAME_MAX_OCTETS];
};

/* The name of this text; relative names (no final dot) get the origin behind them, "@" is the origin itself. The case stays.
 * Returns NULL, or what is wrong. */
const char *name_parse(const char *text, const struct name *origin, struct name *ret_name);

/* Writes the text form, with the final dot, and returns out. name is sound. */
const char *name_format(const uint8_t *name, char out[NAME_TEXT]);

/* Octets of the uncompressed name that starts here, the root's included; 0 when it is not sound. Reads no more than 255 octets. */
size_t name_length(const uint8_t *name);

/* A to Z become a to z (RFC 4343). Length octets are below 'A' and stay. */
void name_lower(uint8_t *octets, size_t len);

/* Canonical order (RFC 4034 6.1) of two sound lower-case names: negative, 0, positive. */
int name_compare(const uint8_t *a, const uint8_t *b);

/* Equal to apex or below it; both sound and lower case. */
bool name_within(const uint8_t *name, size_t len, const uint8_t *apex, size_t apex_len);

/* The octet after \ at text: \DDD or \X (RFC 1035 5.1). Returns the characters taken after the backslash, 0 when malformed. */
unsigned escape_read(const char *text, uint8_t *ret_octet);
