/* Master files (RFC 1035) -> record sets, by ldns. The only user of ldns is this folder.
 * A struct zone is immutable after loading, shared by reference count. Thread: any one loads; everyone may read. */
#pragma once

#include "base/arena.h"
#include "base/report.h"
#include "model/dnssec_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rdata {
    const uint8_t *octets; /* wire format, names not compressed, case as in the file */
    uint16_t len;
};

struct rrset {
    uint16_t type, count;
    uint32_t ttl_s;             /* one for the whole set (RFC 2181 5.2): the smallest */
    uint16_t rrsig_count;       /* 0 in an unsigned zone, and for what is not signed (glue, the NS of a delegation) */
    const struct rdata *rdatas; /* in the order of the file, without duplicates */
    const struct rdata *rrsigs; /* RRSIG records that cover this set, with its TTL (RFC 4035 2.2) */
};

struct zone_node {
    const uint8_t *name; /* wire format, lower case */
    uint8_t name_len;    /* 1 to 255 */
    uint16_t rrset_count;
    const struct rrset *rrsets; /* by type, ascending; none for an empty non-terminal */
};

struct zone {
    _Atomic unsigned more_refs; /* beside the one of its maker */
    const uint8_t *apex;        /* wire format, lower case */
    uint8_t apex_len;
    const char *file;
    uint32_t serial;
    bool absent;                   /* its data have not come yet, or are too old: nothing is known but its name (zone_absent()) */
    const struct zone_node *nodes; /* canonical order (RFC 4034 6.1), the apex first; empty non-terminals are there */
    size_t node_count;
    enum denial denial;                  /* DENIAL_NONE: not signed */
    const struct zone_node *nsec3_nodes; /* in the order of their hashes, which are their first labels (RFC 5155 3); DENIAL_NSEC3 only */
    size_t nsec3_count;
    struct zone *plain;         /* of a signed zone: the one that was signed, a reference; else NULL */
    struct zone_memory *memory; /* private: what holds all this, and the index of names */
};

/* Reads the file as the zone name ("sip.example.com."). NULL when unsound; all findings go to report as "file:line: ...".
 * Sound: one SOA, at the apex; NS at the apex, with addresses where they are in the zone; every owner inside the zone; CNAME alone at its
 * name (RFC 1034 3.6.2); nothing below a DNAME; no record set larger than a message. Warned of: differing TTLs in a set, data hidden by a
 * delegation, targets of SRV and MX that are missing or aliases. Class IN only. src/zone/README.md has the rest. */
struct zone *zone_load(const char *name, const char *file, struct report *report);
/* A zone whose names are there but cannot be told: an apex without records. file is where it will be. */
struct zone *zone_absent(const char *name, const char *file);
struct zone *zone_ref(struct zone *zone);
/* The last one frees. NULL is allowed. */
void zone_unref(struct zone *zone);

/* A zone with other record sets at the same names: plain's, signed. nodes: plain->node_count of them, in plain's order, in the arena, which is
 * taken over. The caller fills in denial, the NSEC3 nodes and the serial. Keeps a reference to plain, whose octets nodes may point to. */
struct zone *zone_signed(struct zone *plain, const struct zone_node *nodes, struct arena *arena);

/* The node of this name (wire format, lower case) or NULL. */
const struct zone_node *zone_find(const struct zone *zone, const uint8_t *name, size_t name_len);
const struct rrset *zone_rrset(const struct zone_node *node, uint16_t type);

/* One record as text, "owner TTL IN TYPE rdata"; to be freed. NULL when the octets are not sound. owner is wire format. */
char *zone_record_text(const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata, uint16_t len);
/* "SRV" -> 33, also "TYPE65280"; 0 when unknown. And back (static storage not used: out is filled and returned). */
uint16_t zone_type_number(const char *text);
const char *zone_type_text(uint16_t type, char out[16]);
