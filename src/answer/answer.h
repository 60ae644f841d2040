/* Query octets + snapshot -> answer octets. No I/O, no clock, no allocation, no lock, no decision: it looks up and copies.
 * The one entry for all transports. Thread: any, inside RCU or with a snapshot of its own. */
#pragma once

#include "dns/channel.h"
#include "dns/cookie.h"
#include "model/demand.h"
#include "snapshot/snapshot.h"

/* Where a query comes from, and what the answer to it may depend on beside its octets. */
struct asker {
    const struct addr *peer; /* the resolver */
    enum channel channel;
    uint32_t
        draw; /* any number that differs from query to query: services with spread = "query", and heavy clients, take their bucket from it */
    uint32_t now_s;   /* wall clock, for cookies */
    bool brief;       /* answer without records: BADCOOKIE to who sent a cookie that is not valid, TC to who sent none */
    uint16_t idle_ds; /* over TCP and TLS: how long a silent connection is kept, in tenths of a second (RFC 7828) */
    struct sample
        *sample; /* not NULL: filled where a service answers, for counts of demand and the query log; dearer than the rest of steering */
};

/* What of a query is counted; by the worker, without looking at the packet again. */
struct answered {
    uint8_t rcode; /* of the answer, low four bits */
    bool steered;  /* a service answered */
    bool truncated;
    bool badcookie;
    bool by_subnet; /* steered, for the client subnet of the query */
    uint8_t cookie; /* enum cookie, of the query */
    bool verified;  /* signed as it should be, by a key of ours */
    bool special; /* signed, NOTIFY or a transfer: this is what is said to a stranger, and serve/ may answer otherwise (serve/special.h) */
    uint32_t service; /* index, when steered */
    uint32_t subject; /* what the answers with this number are about: a name that there is, or all that a zone lacks; 0: neither */
};

/* Writes the answer to out (room: at least 512, for TCP 65535) and returns its length; 0: nothing is to be sent. */
size_t answer_query(const struct snapshot *snapshot, const uint8_t *packet, size_t len, const struct asker *asker, uint8_t *out,
                    size_t room, struct answered *ret_answered);

/* Whether the packet is a query with a valid cookie: who sent it is where it says. Much less work than an answer. */
bool answer_knows(const struct snapshot *snapshot, const uint8_t *packet, size_t len, const struct addr *peer, uint32_t now_s);
