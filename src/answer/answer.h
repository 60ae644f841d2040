/* Query octets + snapshot -> answer octets. No I/O, no clock, no allocation, no lock, no decision: it looks up and copies.
 * The one entry for all transports. Thread: any, inside RCU or with a snapshot of its own. */
#pragma once

#include "snapshot/snapshot.h"

enum channel { CHANNEL_UDP, CHANNEL_TCP };

/* What of a query is counted; by the worker, without looking at the packet again. */
struct answered {
    uint8_t rcode; /* of the answer, low four bits */
    bool steered;  /* a service answered */
    bool truncated;
    uint32_t service; /* index, when steered */
};

/* Writes the answer to out (room: at least 512, for TCP 65535) and returns its length; 0: nothing is to be sent. draw: any number that differs
 * from query to query (services with spread = "query" take their bucket from it). peer: the resolver's address. */
size_t answer_query(const struct snapshot *snapshot, const uint8_t *packet, size_t len, const struct addr *peer, enum channel channel,
                    uint32_t draw, uint8_t *out, size_t room, struct answered *ret_answered);
