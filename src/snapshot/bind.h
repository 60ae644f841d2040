/* Binding: what of the configuration stands where in the zones. For snapshot/ only, while a world is made.
 * Thread: the loader's. */
#pragma once

#include "snapshot/build.h"

/* One record of an RRset and the endpoint it is for. */
struct bound_record {
    uint16_t endpoint;
    uint16_t record; /* index in the RRset */
};

/* An address and whose it is, for the look-up of A and AAAA records. */
struct address_owner {
    struct addr addr;
    uint16_t endpoint;
};

struct binding {
    struct builder *b;
    uint16_t *endpoint_of_name;   /* by name; UINT16_MAX: none */
    struct address_owner *owners; /* sorted by address */
    size_t owner_count, owner_room;
    uint64_t **union_of;         /* by service: endpoints that any of its RRsets offers */
    uint64_t *in_service;        /* bit by endpoint, of the service at hand */
    const struct offer **offers; /* open addressing by content; room for one an RRset */
    uint32_t *specs, *shapes;    /* the same, of index + 1: specs; the first spec of each shape */
    size_t table_mask;
    struct bound_record *records; /* of the RRset at hand */
    size_t record_count, record_room;
};

/* endpoints.c: hosts to names, addresses and glue. */
bool bind_endpoints(struct binding *binding);

/* steered.c: one RRset of a service. transport: -1 for any. */
bool bind_rrset(struct binding *binding, uint32_t service, uint32_t name, const struct rrset *set, int transport);
/* Keeps what all of its RRsets together offer, for world_service_spec(). */
void bind_offer(struct binding *binding, uint32_t service);
bool bind_naptr(struct binding *binding, uint32_t service, uint32_t name, const struct rrset *set);
/* The transport that an SRV owner's first two labels speak of (RFC 3263, 7118), -1 for any other; false if they are no _service._proto. */
bool bind_srv_transport(const uint8_t *owner, int *ret_transport);

static inline size_t bind_words(const struct builder *b)
{
    return (b->world->config->endpoint_count + 63) / 64;
}
