/* What a parent zone must say of a zone, and what a survey found that it and the zone's servers say. Plain values.
 * Thread: any; survey_release() frees what a survey holds. */
#pragma once

#include "base/addr.h"
#include "base/error.h"
#include "base/report.h"
#include "delegation/exchange.h"
#include "dnssec/ds.h"
#include "zone/zone.h"

enum { NS_MAX = 16, NS_ADDRS_MAX = 8, DS_MAX = 16, ZONE_KEYS_MAX = 16, RRSIGS_MAX = 32, PARENTS_MAX = 32, SERVERS_MAX = 48 };

struct ns {
    uint8_t name[NAME_OCTETS], name_len; /* wire format, lower case */
    bool inside;                         /* at or below the zone's name: the parent must have its addresses (glue) */
    bool alias;                          /* the resolver says it is a CNAME */
    struct addr addrs[NS_ADDRS_MAX];
    unsigned addr_count;
};

struct ns_set {
    struct ns items[NS_MAX];
    unsigned count;
};

struct ds {
    uint8_t octets[4 + 64], len; /* RDATA */
};

struct ds_set {
    struct ds items[DS_MAX];
    unsigned count;
};

/* As the zone file and the keys want it, or as a server of the parent has it. */
struct delegation {
    struct ns_set ns;
    struct ds_set ds;
};

/* A name server at one of its addresses. */
struct station {
    uint8_t name[NAME_OCTETS];
    struct hostport at;
};

/* What came of a question. */
struct heard {
    enum outcome outcome;
    bool authoritative, edns; /* AA; an OPT record was there */
    unsigned rcode, passed_over;
};

struct parent_view {
    struct station station;
    struct heard ns, ds; /* the questions ZONE NS and ZONE DS */
    struct delegation says;
};

struct rrsig_seen {
    uint16_t covered, tag;
    uint32_t inception, expiration; /* as sent (RFC 4034 3.1.5) */
    uint8_t algorithm;
};

struct dnskey_seen {
    uint16_t flags, len;
    uint8_t octets[4 + 1024]; /* RDATA */
};

struct server_view {
    struct station station;
    struct heard soa, soa_plain, soa_tcp, ns, keys; /* with EDNS and DO; without EDNS; over TCP; ZONE NS; ZONE DNSKEY */
    uint32_t serial;                                /* if has_soa */
    bool has_soa;
    struct ns_set says;
    struct dnskey_seen dnskeys[ZONE_KEYS_MAX];
    unsigned dnskey_count;
    struct rrsig_seen rrsigs[RRSIGS_MAX]; /* over SOA and DNSKEY */
    unsigned rrsig_count;
};

struct survey {
    uint8_t zone[NAME_OCTETS], zone_len;
    uint8_t parent[NAME_OCTETS]; /* the parent zone's name, if has_parent */
    bool has_parent;
    uint32_t file_serial;
    bool resolver_failed; /* addresses of some servers could not be asked for */
    struct delegation wanted;
    struct ns_set named; /* all name servers that the file or the parent names, with the addresses to ask them at */
    struct parent_view *parents;
    struct server_view *servers;
    unsigned parent_count, server_count;
};

/* What the zone wants of its parent: its NS records and the addresses of those inside it. False: more than NS_MAX of them. */
bool delegation_wanted(const struct zone *zone, struct delegation *ret, struct error *err);

/* Adds the DS records, by SHA-256, of the keys in the folder that the parent is to know at now_s: those that are secure entry points (all where
 * none is) and whose SyncPublish and SyncDelete say so, or where those are not set, that sign now. False: as keys_read(). */
bool delegation_wanted_keys(const struct zone *zone, const char *folder, int64_t now_s, struct delegation *ret, struct report *report);

/* The item of this name, or NULL; the item, added if there is room; an address, added if it is new and there is room. */
struct ns *ns_find(struct ns_set *set, const uint8_t *name, size_t len);
struct ns *ns_put(struct ns_set *set, const uint8_t *name, size_t len);
void ns_put_addr(struct ns *ns, const struct addr *addr);
bool ns_has_addr(const struct ns *ns, const struct addr *addr);

/* Whom to ask. */
struct named_server {
    const char *name; /* in any letters */
    struct hostport at;
};

struct survey_plan {
    struct hostport resolver; /* FAMILY_NONE: of /etc/resolv.conf */
    const struct hostport *parents;
    size_t parent_count;                /* 0: found by the resolver */
    const struct named_server *servers; /* these names are asked here, whatever their addresses say */
    size_t server_count;
    uint64_t deadline_ms; /* clock_ms() at which all is over */
};

/* Asks. False: nothing could be found out at all, err says why. */
bool survey_make(const struct zone *zone, const struct delegation *wanted, const struct survey_plan *plan, struct survey *ret,
                 struct error *err);
void survey_release(struct survey *survey);

/* What is wrong, in words. Pure: now_s is the wall clock's. */
struct fault {
    const char *code; /* "glue-missing" */
    bool grave;       /* callers may be turned away; else it works for now */
    char *text;       /* owned */
    char *at;         /* "ns1.example.com. (192.0.2.1), ...", or NULL; owned */
};

struct faults {
    struct fault *items;
    size_t count, room;
};

void survey_judge(struct survey *survey, int64_t now_s, struct faults *ret);
void faults_release(struct faults *faults);

/* "ns1.example.com. (192.0.2.1)", with the port where it is not 53. To be freed. */
char *station_text(const struct station *station);
