/* Readers of RDATA fields, shared by the readers of types: tokens -> octets, every one bounded. For zone/ only.
 * Thread: the loader's. Owns nothing. */
#pragma once

#include "zone/rdata.h"

struct fields {
    const struct entry *entry;
    size_t at; /* the next token */
    const struct name *origin;
    struct writer *out;
    struct error *err;
};

static inline bool fields_left(const struct fields *f)
{
    return f->at < f->entry->count;
}

/* The next token, which is no quoted string; NULL (and the error) when there is none. */
const char *take_word(struct fields *f);

/* One field each, of this text. */
bool read_number(struct fields *f, const char *text, unsigned octets);
bool read_name(struct fields *f, const char *text);
bool read_string(struct fields *f, const char *text);
bool read_address(struct fields *f, const char *text, enum family family);
bool read_by_ldns(struct fields *f, ldns_rdf_type field, const char *text);

/* The octets of an even number of hexadecimal digits. */
bool read_hex_digits(struct fields *f, const char *text);
/* All tokens that are left, as one hexadecimal or base64 text; blanks between them do not count. */
bool read_hex(struct fields *f);
bool read_base64(struct fields *f);

/* The octets of a token without its escapes, appended. */
void write_unescaped(struct writer *out, const char *text);
