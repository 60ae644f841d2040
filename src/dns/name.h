/* Domain names in wire format (RFC 1035 3.1): length-prefixed labels ending with the empty one, at most 255 octets.
 * Thread: any (values). */
#pragma once

#include "base/cursor.h"

enum { NAME_OCTETS = 255, LABEL_OCTETS = 63, NAME_TEXT = 1025 };

/* Reads an uncompressed name, as questions hold it (a pointer or a label type 01/10 is an error). Writes the lower-case form to out and returns
 * its length, the final empty label included; 0 when malformed or longer than 255 octets. */
size_t name_read(struct reader *r, uint8_t out[NAME_OCTETS]);

/* Goes over a name that may end in a pointer (RFC 1035 4.1.4): only where it ends matters, whatever the pointer leads to. */
void name_skip(struct reader *r);

/* Text ("sip.example.com." or without the final dot, with \. and \DDD escapes, RFC 1035 5.1) to lower-case wire format. Returns the length, 0 when
 * it is no name. */
size_t name_from_text(const char *text, uint8_t out[NAME_OCTETS]);

/* Wire format to text with a final dot; escapes what a master file would. Returns out. */
const char *name_to_text(const uint8_t *name, char out[NAME_TEXT]);

/* Length of a sound wire-format name, the final empty label included. */
size_t name_len(const uint8_t *name);

/* Labels, not counting the empty one. */
unsigned name_labels(const uint8_t *name);

/* A name's place in canonical order (RFC 4034 6.1) as octets: memcmp() of two keys, then their lengths, orders the names. name: lower case.
 * Returns the key's length. */
enum { NAME_SORT_KEY = 2 * NAME_OCTETS };
size_t name_sort_key(const uint8_t *name, uint8_t out[NAME_SORT_KEY]);

/* Whether name equals or lies below parent (both lower case); if so, how many octets stand before parent in *ret_before. */
bool name_below(const uint8_t *name, size_t len, const uint8_t *parent, size_t parent_len, size_t *ret_before);
