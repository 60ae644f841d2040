/* What replies say, read into views. Inside this folder only. Thread: the caller's. */
#pragma once

#include "delegation/delegation.h"

/* How the exchange went: header and OPT. */
struct heard hear(const struct exchange *exchange);

/* The NS records of this zone, wherever the reply has them, with the addresses that stand beside them. */
void hear_servers(const struct exchange *exchange, const uint8_t *zone, size_t zone_len, struct ns_set *ret);
/* Addresses in the answer, whoever's: behind a CNAME they are another's, and ns->alias is set. */
void hear_addresses(const struct exchange *exchange, struct ns *ns);
void hear_ds(const struct exchange *exchange, struct ds_set *ret);
/* SOA and its signatures; DNSKEY and its signatures. */
void hear_soa(const struct exchange *exchange, struct server_view *view);
void hear_keys(const struct exchange *exchange, struct server_view *view);
