/* The regular expression of a NAPTR record (RFC 3402 3.2). Thread: any. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Is this NAPTR RDATA's expression empty, or DELIMITER ERE DELIMITER REPLACEMENT DELIMITER [i]? rdata has six sound fields.
 * Clients drop a record that is not, and BIND refuses the zone. */
bool naptr_check(const uint8_t *rdata, struct error *err);
