/* What the probes of one configuration need for TLS, read from their files. Reading is for a thread that may wait; the rest is quick.
 * For control/ only. Thread: any, one owner at a time. */
#pragma once

#include "base/report.h"
#include "model/config.h"
#include "probe/tls_client.h"

struct trust;

/* NULL: a file cannot be used; everything wrong is reported, each with the key that names it. */
struct trust *trust_load(const struct config *config, struct report *report);
void trust_free(struct trust *trust); /* NULL is allowed */

/* For the probe of that number in the configuration; NULL where it speaks no TLS. Stays the owner's. */
struct tls_client *trust_of(const struct trust *trust, size_t probe);
