/* The steps of making a world, in order: names, then services bound to record sets, then the octets of all that is not steered.
 * For snapshot/ only. Thread: the loader's. */
#pragma once

#include "snapshot/find.h"

struct builder {
    struct world *world;
    struct report *report;
    int64_t now_s;                  /* wall clock, for signatures */
    const struct zone_node **nodes; /* by name: where it comes from */
    size_t node_room;
    const struct zone_node **parent_nodes; /* by name, for an apex whose parent zone is here too: the node of the cut in that zone; NULL */
    uint32_t *parent_zones;                /* beside parent_nodes: that zone */
    uint32_t *service_of;                  /* by name: the service of that name, or NONE */
    uint32_t *steered_of;                  /* by name: its first steered set, or NONE; the next by steered_next */
    uint32_t *steered_next;                /* by steered set */
    size_t next_room;
    struct body_maker *maker;
};

/* The proofs that stand in a body already. */
struct proof_list {
    const struct proof *all[PROOFS_MAX];
    unsigned count;
};

/* names.c: every name of every zone into the table; delegations, wildcards. */
bool build_names(struct builder *b);
/* Index of the name or NONE. */
uint32_t build_find(const struct builder *b, const uint8_t *octets, size_t len);

/* Whether this would be a name of a zone whose data have not come. */
bool build_in_absent_zone(const struct builder *b, const uint8_t *octets, size_t len);

/* bind.c: endpoints to their addresses, services to their RRsets, specs. */
bool build_bindings(struct builder *b);
/* The steered set of this name and type, or NONE. */
uint32_t build_steered(const struct builder *b, uint32_t name, uint16_t type);

/* denial.c: the proofs of signed zones. */
void build_proofs(struct builder *b);
/* NULL in an unsigned zone. */
const struct proof *build_nodata_proof(const struct builder *b, uint32_t zone, const uint8_t *name, size_t len);
const struct proof *build_no_wildcard_proof(const struct builder *b, uint32_t zone, const uint8_t *name, size_t len);
/* Into the authority section of the body at hand, if that is the one for DO; each proof once. */
void build_add_proof(struct builder *b, struct proof_list *list, const struct proof *proof);
/* That a name is there by a wildcard only: nothing between it and the closest encloser exists (RFC 4035 3.1.3.3, RFC 5155 7.2.6). */
void build_add_expansion_proof(struct builder *b, struct proof_list *list, uint32_t zone, const uint8_t *name, size_t len,
                               size_t encloser_len);
/* That a name does not exist (RFC 4035 3.1.3.2, RFC 5155 7.2.2). encloser: its closest one, as a name. */
void build_add_missing_proofs(struct builder *b, struct proof_list *list, uint32_t encloser, const uint8_t *name, size_t len);

/* emptied.c: what is answered when a steered set is empty. */
void build_emptied(struct builder *b);

/* static.c: slots and bodies of every name. */
bool build_static(struct builder *b);
void build_add_body_slot(struct builder *b, uint16_t type, uint32_t bodies);
/* A steered set or an alias. */
void build_add_slot(struct builder *b, uint16_t type, enum slot_kind kind, uint32_t index);
uint32_t build_add_bodies(struct builder *b, struct body_pair bodies);
/* One answer in both variants, each written by write() into b->maker; index in world.bodies, or NONE if it is larger than a message. */
typedef void (*write_fn)(struct builder *b, const void *what);
uint32_t build_bodies(struct builder *b, uint32_t zone, write_fn write, const void *what, uint16_t flags, uint8_t bits);
bool build_too_large(struct builder *b, uint32_t name, uint16_t type);
void build_add_soa(struct builder *b, uint32_t zone);
void build_add_referral(struct builder *b, uint32_t cut, struct proof_list *proofs);
/* The slot for the type RRSIG, in a signed zone. */
bool build_add_signatures(struct builder *b, uint32_t index);
void build_add_additional(struct builder *b, const struct rrset *set);
/* Lower-case copy of a sound name; its length. */
size_t build_lower(const uint8_t *name, uint8_t out[NAME_OCTETS]);

static inline bool build_is_wildcard(const struct name *name)
{
    return name->octets[0] == 1 && name->octets[1] == '*';
}

static inline bool build_is_signed(const struct builder *b, uint32_t zone)
{
    return b->world->zones[zone]->denial != DENIAL_NONE;
}

/* One record of an RRset as a fragment begins behind its owner: type to RDATA. */
void build_write_record(struct writer *w, uint16_t type, uint32_t ttl_s, const struct rdata *rdata);

/* chain.c: slots and bodies of a name that holds a CNAME. */
bool build_chain(struct builder *b, uint32_t index);
