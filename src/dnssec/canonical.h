/* RRsets in the form and order that signatures are made over (RFC 4034 6.2, 6.3; RFC 6840 5.1). Thread: any (values). */
#pragma once

#include "zone/zone.h"

/* All records of the set, complete, canonical and in order, each once, behind headroom octets that are the caller's to fill.
 * owner is wire format. *ret_len is the length of all. To be freed. */
uint8_t *canonical_set(const uint8_t *owner, const struct rrset *set, size_t headroom, size_t *ret_len);
