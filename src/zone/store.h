/* The records of a load, as they come, and the zone that is made of them: nodes with their record sets, empty non-terminals,
 * canonical order, the index. Octets go to the zone's arena at once; the rest lives while loading only.
 * Thread: the loader's. store_release() frees what store_finish() has not handed to the zone. */
#pragma once

#include "base/arena.h"
#include "zone/complaints.h"
#include "zone/index.h"
#include "zone/name.h"

/* What a zone holds on to: struct zone's private part. */
struct zone_memory {
    struct arena arena; /* names, RDATA octets, record sets */
    struct rdata *rdatas;
    struct zone_node *nodes;
    struct index index;
};

struct record {
    const uint8_t *rdata;
    uint32_t next; /* of the same owner */
    uint32_t ttl_s;
    struct place place;
    uint16_t type, len;
    bool repeated; /* the same RDATA came before */
};

struct chain {
    uint32_t first, last; /* records of a node, in the order of the file */
};

struct store {
    struct zone_memory *memory;
    struct name apex;
    struct record *records;
    size_t record_count, record_room;
    struct chain *chains; /* by node number while loading */
    size_t node_count, node_room, chain_room;
    uint32_t *record_of; /* by index in memory->rdatas, after store_finish() */
};

enum { RECORDS_MAX = 1 << 26 }; /* numbers are 32 bits, and 64 million records are none that this server is for */

void store_init(struct store *store, const struct name *apex);
void store_release(struct store *store);

/* owner is lower case and inside the zone. False when there are RECORDS_MAX already. */
bool store_add(struct store *store, const struct name *owner, const struct record *record);

/* Makes the nodes. Findings: differing TTLs in a set, a set too large. */
void store_finish(struct store *store, struct complaints *complaints);

/* Where this RDATA (a member of a record set of the nodes) stands. */
struct place store_place(const struct store *store, const struct rdata *rdata);
