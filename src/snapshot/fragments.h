/* Steered RRsets as the query path reads them: prepared records by endpoint. For snapshot/ and answer/ only.
 * Thread: any, immutable once the world is made. Everything belongs to the world's arena. */
#pragma once

#include "model/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NONE UINT32_MAX

/* Who offers which records: endpoint -> position in the fragments of an RRset. Shared by the RRsets with the same endpoints in the same order. */
struct offer {
    uint64_t *endpoints;   /* bit by endpoint, for plan_spec.offered */
    uint16_t *places;      /* by endpoint, from first on; only where its bit is set */
    uint16_t first, count; /* count: of places */
};

static inline unsigned offer_place(const struct offer *offer, unsigned endpoint)
{
    return offer->places[endpoint - offer->first];
}

/* A record set whose answer depends on the client. Its records stand as fragments, complete but for owner, TTL and (SRV) priority and weight. */
struct steered {
    uint16_t type;
    uint8_t sticky_v4, sticky_v6;
    bool spread_query;
    bool shared_addresses; /* two endpoints have the same address: a record may come up twice */
    bool is_signed;
    uint8_t owner_len;
    uint32_t name; /* the owner */
    uint32_t service, spec, zone;
    uint32_t ttl_s, doubt_ttl_s;
    const struct offer *offer; /* NULL for NAPTR */
    const uint32_t *ends;      /* A, AAAA, SRV: by place; NAPTR: by transport, and last those that always go. Ends in octets */
    const uint8_t *octets;
    const uint8_t *whole; /* the RRset in the order of the file; only with on_all_down = "static" */
    size_t whole_len;
    uint32_t sheet;   /* in a signed zone: of snapshot.sheets */
    uint32_t emptied; /* bodies: NODATA for when nobody is to be answered with; proven in a signed zone */
};

enum { NAPTR_ALWAYS = TRANSPORT_COUNT, NAPTR_PLACES };

/* The addresses of an endpoint's host, as additional records without their owner. */
struct glue {
    const uint8_t *octets; /* records of type .. RDATA */
    uint16_t len, count;
};

/* The same with their signatures, for DO; in an unsigned zone without them. */
struct glue_pair {
    struct glue of[2];
};
