/* The rules that a zone must keep as a whole, checked on its finished nodes. Thread: the loader's. Owns nothing. */
#pragma once

#include "zone/store.h"

/* What contradicts itself: something beside a CNAME, data below a DNAME, data hidden by a delegation. */
void check_conflicts(const struct store *store, const struct zone *zone, struct complaints *complaints);

/* What is missing: the SOA and NS of the apex, addresses of name servers, targets of SRV and MX. Only sensible when every record could
 * be read. */
void check_missing(const struct store *store, const struct zone *zone, struct complaints *complaints);
