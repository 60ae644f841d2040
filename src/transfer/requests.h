/* What is answered to requests that concern a zone as a whole: AXFR (RFC 5936), IXFR (RFC 1995), NOTIFY (RFC 1996). Who may: zones[].transfer and
 * zones[].primary of the configuration.
 * Thread: any, inside RCU. Nothing waits and nothing is logged; the ledger is told. */
#pragma once

#include "dns/stream.h"
#include "snapshot/world.h"
#include "transfer/ledger.h"
#include "transfer/tsig.h"

struct zone_request {
    const struct world *world;
    const struct query *query;
    const uint8_t *message; /* the query's octets, without TSIG */
    size_t len;
    const struct addr *peer;
    const struct tsig *tsig; /* as it was taken, or NULL: not signed */
    struct ledger *ledger;
    int64_t (*wall_s)(void);
};

/* Whether the query is one of these. */
bool zone_request_is(const struct query *query);

/* The answer, unsigned; or 0 and a stream of signed messages. ret_stream NULL: the client came by UDP, which has none. */
size_t zone_request_answer(const struct zone_request *request, uint8_t *out, size_t room, struct stream **ret_stream);

/* An answer without records: the query's question, these flags (AA, TC, rcode). */
size_t bare_answer(const struct query *query, unsigned flags, uint8_t *out, size_t room);
