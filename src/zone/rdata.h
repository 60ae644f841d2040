/* RDATA: tokens -> octets, and octets -> a record that ldns takes. ldns knows which fields a type has and reads the rare ones; names,
 * numbers and strings are read here, because ldns 1.8 takes 99999 for a port and cuts it to 16 bits without a word.
 * Thread: the loader's. Owns nothing. */
#pragma once

#include "base/addr.h"
#include "base/cursor.h"
#include "base/error.h"
#include "zone/lexer.h"
#include "zone/name.h"

#include <ldns/ldns.h>

enum { RDATA_MAX = 65535 };

/* The RDATA in the entry's tokens from first on, appended to out. */
bool rdata_read(uint16_t type, const struct entry *entry, size_t first, const struct name *origin, struct writer *out, struct error *err);

/* A record of these octets, to be freed with ldns_rr_free(), or NULL when they are not sound RDATA of this type (names compressed, fields
 * cut, octets left over). owner is wire format. */
ldns_rr *rdata_record(const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata, uint16_t len);

/* "30", "1h30m", "2w": seconds as in TTLs. False when it is none, or longer than 32 bits. */
bool period_parse(const char *text, uint32_t *ret_seconds);

/* Not data: OPT, TSIG, ANY and the other meta types and question types (RFC 6895 3.1). */
bool type_is_meta(uint16_t type);
