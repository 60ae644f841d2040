/* Questions to a resolver: which zone is the parent, and where name servers are. Inside this folder only. Thread: the caller's. */
#pragma once

#include "delegation/delegation.h"

/* The first name server in a resolv.conf(5) text, port 53; false: none. */
bool resolver_read(const char *text, struct hostport *ret);

/* The resolver of the plan, or the system's. */
bool resolver_of(const struct survey_plan *plan, struct hostport *ret, struct error *err);

/* Walks up from the zone to the next name that has name servers: the parent zone. False: the resolver does not tell. */
bool resolve_parent(const struct hostport *resolver, const uint8_t *zone, uint64_t deadline_ms, uint8_t ret_parent[NAME_OCTETS],
                    struct ns_set *ret_servers, struct error *err);

/* Adds the addresses of those that have none yet. False: some could not be asked for. */
bool resolve_addresses(const struct hostport *resolver, struct ns_set *servers, uint64_t deadline_ms);
