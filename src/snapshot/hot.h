/* The layout that the query path reads. For snapshot/ and answer/ only.
 * Thread: any, immutable once the world (or the snapshot) is made. Everything belongs to the world's arena. */
#pragma once

#include "base/hash.h"
#include "snapshot/body.h"
#include "snapshot/fragments.h"
#include "snapshot/proofs.h"
#include "snapshot/snapshot.h"

enum slot_kind { SLOT_BODY, SLOT_STEERED, SLOT_ALIAS };

/* How one type at one name is answered. */
struct slot {
    uint16_t type;
    uint8_t kind; /* enum slot_kind */
    union {
        struct body_pair body;
        uint32_t index; /* of world.steered or .aliases */
    };
};

struct name {
    const uint8_t *octets; /* wire format, lower case */
    uint32_t zone;
    uint32_t cut;      /* the delegation at or above, as a name; NONE */
    uint32_t wildcard; /* its child "*"; NONE */
    uint32_t referral; /* bodies, for a cut itself; NONE */
    uint32_t other;    /* bodies for the types it lacks: NODATA, or where its CNAME leads */
    uint32_t dname;    /* of world.dnames, for the names below it; NONE */
    uint32_t returns;  /* of world.returns: the instance of this wildcard that its CNAME chain comes back to; NONE */
    /* In a signed zone, as bodies; else NONE. */
    uint32_t proof;       /* that it lacks a type, or (NSEC3) that it exists */
    uint32_t no_wildcard; /* that it has no child "*" */
    uint32_t first_slot;
    uint16_t slot_count;
    uint8_t len;
};

/* A CNAME chain that leads to a steered name. */
struct alias {
    struct body_pair chain;
    uint32_t steered;
    const uint32_t *proofs; /* bodies, behind the answer: of the wildcards that the chain goes through */
    unsigned proof_count;
    uint16_t targets[2]; /* offset of the steered name in the message behind a question of the base name; by DO as in chain */
};

/* The names below a DNAME's owner (RFC 6672). */
struct dname {
    struct body_pair body; /* the DNAME itself; its base is the owner */
    const uint8_t *target; /* lower case */
    uint32_t ttl_s;
    uint8_t target_len;
};

struct zone_answers {
    const uint8_t *apex;
    uint32_t nodata, nxdomain; /* bodies with the SOA; what proves them in a signed zone is appended */
    uint8_t apex_len;
    struct proofs proofs;
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
    struct signer **signers; /* by zone; NULL: not signed */
    int64_t renew_s;         /* when the first signature of what is not steered should be renewed, or a key's part changes; wall clock */
    int64_t event_s;         /* when a key's part changes */
    struct name *names;
    size_t name_count, name_room;
    struct name_entry *table; /* open addressing */
    size_t table_mask;
    unsigned labels_max; /* of any name */
    struct slot *slots;
    size_t slot_count, slot_room;
    struct body_pair *bodies;
    size_t body_count, body_room;
    struct steered *steered;
    size_t steered_count, steered_room, sheet_count;
    struct alias *aliases;
    size_t alias_count, alias_room;
    struct dname *dnames;
    size_t dname_count, dname_room;
    const uint8_t **returns;
    size_t return_count, return_room;
    struct plan_spec *specs;
    uint32_t *shapes; /* by spec: the first one that is the same but for the service */
    size_t spec_count, spec_room, shape_room;
    const uint64_t **service_offers;   /* by service: bit by endpoint, what its RRsets offer together; NULL: it is in no zone yet */
    uint32_t *service_sets;            /* by service: a steered set whose plan chooses endpoints; NONE: it is in no zone yet */
    struct zone_answers *zone_answers; /* by zone */
    struct glue_pair *glue;            /* by endpoint */
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
