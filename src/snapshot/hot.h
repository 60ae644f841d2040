/* The layout that the query path reads. For snapshot/ and answer/ only.
 * Thread: any, immutable once the world (or the snapshot) is made. Everything belongs to the world's arena. */
#pragma once

#include "base/hash.h"
#include "snapshot/body.h"
#include "snapshot/snapshot.h"

#define NONE UINT32_MAX

enum slot_kind { SLOT_BODY, SLOT_STEERED, SLOT_ALIAS };

/* How one type at one name is answered. */
struct slot {
    uint16_t type;
    uint8_t kind; /* enum slot_kind */
    union {
        const struct body *body;
        uint32_t index; /* of world.steered or .aliases */
    };
};

struct name {
    const uint8_t *octets; /* wire format, lower case */
    uint32_t zone;
    uint32_t cut;      /* the delegation at or above, as a name; NONE */
    uint32_t wildcard; /* its child "*"; NONE */
    uint32_t referral; /* body, for a cut itself; NONE */
    uint32_t other;    /* body for the types it lacks: NODATA, or where its CNAME leads */
    uint32_t first_slot;
    uint16_t slot_count;
    uint8_t len;
};

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
    uint32_t service, spec, zone;
    uint32_t ttl_s, doubt_ttl_s;
    const struct offer *offer; /* NULL for NAPTR */
    const uint32_t *ends;      /* A, AAAA, SRV: by place; NAPTR: by transport, and last those that always go. Ends in octets */
    const uint8_t *octets;
    const uint8_t *whole; /* the RRset in the order of the file; only with on_all_down = "static" */
    size_t whole_len;
};

enum { NAPTR_ALWAYS = TRANSPORT_COUNT, NAPTR_PLACES };

/* The addresses of an endpoint's host, as additional records without their owner. */
struct glue {
    const uint8_t *octets; /* records of type .. RDATA */
    uint16_t len, count;
};

/* A CNAME chain that leads to a steered name. */
struct alias {
    const struct body *chain;
    uint32_t steered;
    uint16_t target; /* offset of the steered name in the message, for the base name's length */
};

struct zone_answers {
    const uint8_t *apex;
    uint32_t nodata, nxdomain; /* bodies with the SOA */
    uint8_t apex_len;
};

struct name_entry {
    uint32_t tag;  /* upper half of the hash */
    uint32_t name; /* index + 1, 0 = free */
};

struct world {
    _Atomic unsigned refs;
    struct arena arena;
    struct config *config;
    struct zone **zones;
    struct name *names;
    size_t name_count, name_room;
    struct name_entry *table; /* open addressing */
    size_t table_mask;
    unsigned labels_max; /* of any name */
    struct slot *slots;
    size_t slot_count, slot_room;
    const struct body **bodies;
    size_t body_count, body_room;
    struct steered *steered;
    size_t steered_count, steered_room;
    struct alias *aliases;
    size_t alias_count, alias_room;
    struct plan_spec *specs;
    size_t spec_count, spec_room;
    struct zone_answers *zone_answers; /* by zone */
    struct glue *glue;                 /* by endpoint */
    struct addr **addresses;           /* by endpoint, address_counts of them */
    size_t *address_counts;
    const struct body *any; /* RFC 8482 */
};

enum { NAME_SEED = 0x5e7 };

static inline uint64_t name_hash(const uint8_t *octets, size_t len)
{
    return hash_bytes(octets, len, NAME_SEED);
}

/* The name, or NULL. */
static inline const struct name *world_name(const struct world *world, const uint8_t *octets, size_t len)
{
    const uint64_t hash = name_hash(octets, len);
    size_t i = hash & world->table_mask;
    for (const struct name_entry *entry; (entry = &world->table[i])->name; i = (i + 1) & world->table_mask) {
        const struct name *name = &world->names[entry->name - 1];
        if (entry->tag == (uint32_t)(hash >> 32) && name->len == len && memcmp(name->octets, octets, len) == 0)
            return name;
    }
    return NULL;
}

static inline const struct slot *world_slot(const struct world *world, const struct name *name, uint16_t type)
{
    for (const struct slot *slot = world->slots + name->first_slot, *end = slot + name->slot_count; slot < end; slot++)
        if (slot->type == type)
            return slot;
    return NULL;
}
