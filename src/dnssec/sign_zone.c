#include "base/cursor.h"
#include "base/memory.h"
#include "dns/name.h"
#include "dnssec/internal.h"
#include "dnssec/types.h"

#include <stdlib.h>

enum { ADDED_AT_APEX = 5, /* DNSKEY, CDS, CDNSKEY, NSEC3PARAM, NSEC */ ADDED = 1, /* NSEC */ TOLD_MAX = 10 };

static bool is_ours(uint16_t type)
{
    return type == TYPE_RRSIG || type == TYPE_NSEC || type == TYPE_DNSKEY || type == TYPE_NSEC3 || type == TYPE_NSEC3PARAM ||
           type == TYPE_CDS || type == TYPE_CDNSKEY;
}

static bool check_plain(const struct zone *plain, struct report *report)
{
    const size_t before = report->errors;
    for (size_t i = 0; i < plain->node_count; i++)
        for (unsigned s = 0; s < plain->nodes[i].rrset_count && report->errors < before + TOLD_MAX; s++) {
            char name[NAME_TEXT], type[16];
            if (is_ours(plain->nodes[i].rrsets[s].type))
                report_error(report, plain->file, "%s %s: sipsteer signs this zone; remove the record from the file",
                             name_to_text(plain->nodes[i].name, name), zone_type_text(plain->nodes[i].rrsets[s].type, type));
        }
    return report->errors == before;
}

void node_add(struct zone_node *node, const struct rrset *set)
{
    struct rrset *sets = (struct rrset *)node->rrsets; /* our own, by copy_nodes() */
    unsigned at = node->rrset_count++;
    for (; at > 0 && sets[at - 1].type > set->type; at--)
        sets[at] = sets[at - 1];
    sets[at] = *set;
}

static void copy_nodes(struct signing *signing)
{
    const struct zone *plain = signing->plain;
    signing->nodes = arena_new(&signing->arena, plain->node_count * sizeof *signing->nodes);
    for (size_t i = 0; i < plain->node_count; i++) {
        const struct zone_node *node = &plain->nodes[i];
        struct rrset *sets = NULL;
        if (node->rrset_count)
            sets = arena_new(&signing->arena, (node->rrset_count + (i == 0 ? ADDED_AT_APEX : ADDED)) * sizeof *sets);
        for (unsigned s = 0; s < node->rrset_count; s++)
            sets[s] = node->rrsets[s];
        signing->nodes[i] = *node;
        signing->nodes[i].rrsets = sets;
    }
}

/* The signer may go before the zone does. */
static void add_copy(struct signing *signing, const struct rrset *set)
{
    if (set->count == 0)
        return;
    struct rdata *rdatas = arena_new(&signing->arena, set->count * sizeof *rdatas);
    struct rrset copy = *set;
    copy.rdatas = rdatas;
    for (unsigned i = 0; i < set->count; i++)
        rdatas[i] = (struct rdata){arena_copy(&signing->arena, set->rdatas[i].octets, set->rdatas[i].len), set->rdatas[i].len};
    node_add(&signing->nodes[0], &copy);
}

static struct rrset *apex_soa(struct signing *signing)
{
    struct rrset *sets = (struct rrset *)signing->nodes[0].rrsets;
    while (sets->type != TYPE_SOA)
        sets++; /* a zone has one */
    return sets;
}

/* The SOA with the new serial; what is not there lasts the smaller of its TTL and MINIMUM (RFC 9077 3.1). */
static void change_soa(struct signing *signing)
{
    struct rrset *soa = apex_soa(signing);
    const struct rdata *old = soa->rdatas;
    uint8_t *octets = arena_copy(&signing->arena, old->octets, old->len);
    put_u32(octets + old->len - 20, signing->serial);
    const uint32_t minimum_s = get_u32(octets + old->len - 4);
    signing->denial_ttl_s = minimum_s < soa->ttl_s ? minimum_s : soa->ttl_s;
    struct rdata *changed = arena_new(&signing->arena, sizeof *changed);
    *changed = (struct rdata){.octets = octets, .len = old->len};
    soa->rdatas = changed;
}

static void sign_set(struct signing *signing, const struct zone_node *node, struct rrset *set)
{
    struct rrsig made[SIGNING_KEYS_MAX];
    int64_t renew_s;
    const unsigned count = signer_sign(signing->signer, node->name, set, signing->now_s, made, &renew_s);
    struct rdata *rrsigs = arena_new(&signing->arena, count * sizeof *rrsigs);
    for (unsigned i = 0; i < count; i++)
        rrsigs[i] = (struct rdata){.octets = arena_copy(&signing->arena, made[i].octets, made[i].len), .len = made[i].len};
    set->rrsigs = rrsigs;
    set->rrsig_count = (uint16_t)count;
    if (renew_s < signing->renew_s)
        signing->renew_s = renew_s;
}

/* At a cut DS and NSEC are ours, NS and glue the child's (RFC 4035 2.2). */
static void sign_node(struct signing *signing, const struct zone_node *node, enum standing standing)
{
    struct rrset *sets = (struct rrset *)node->rrsets;
    for (unsigned i = 0; i < node->rrset_count; i++)
        if (standing == STANDING_OWN || (standing == STANDING_CUT && (sets[i].type == TYPE_DS || sets[i].type == TYPE_NSEC)))
            sign_set(signing, node, &sets[i]);
}

static struct zone *finish(struct signing *signing, struct zone *plain)
{
    struct zone *zone = zone_signed(plain, signing->nodes, &signing->arena);
    zone->serial = signing->serial;
    zone->denial = signing->signer->denial;
    zone->nsec3_nodes = signing->nsec3_nodes;
    zone->nsec3_count = signing->nsec3_count;
    return zone;
}

static bool make_records(struct signing *signing, struct report *report)
{
    copy_nodes(signing);
    change_soa(signing);
    add_copy(signing, &signing->signer->dnskey);
    add_copy(signing, &signing->signer->cds);
    add_copy(signing, &signing->signer->cdnskey);
    denial_stand(signing);
    return denial_add(signing, report);
}

struct zone *signer_sign_zone(struct signer *signer, struct zone *plain, uint32_t serial, int64_t now_s, int64_t *ret_renew_s,
                              struct report *report)
{
    if (!check_plain(plain, report))
        return NULL;
    struct signing signing = {.signer = signer, .plain = plain, .now_s = now_s, .renew_s = INT64_MAX, .serial = serial};
    arena_init(&signing.arena);
    signing.standings = mem_new(plain->node_count, sizeof *signing.standings);
    struct zone *zone = NULL;
    if (make_records(&signing, report)) {
        for (size_t i = 0; i < plain->node_count; i++)
            sign_node(&signing, &signing.nodes[i], signing.standings[i]);
        for (size_t i = 0; i < signing.nsec3_count; i++)
            sign_node(&signing, &signing.nsec3_nodes[i], STANDING_OWN);
        *ret_renew_s = signing.renew_s;
        zone = finish(&signing, plain);
    }
    arena_release(&signing.arena);
    free(signing.standings);
    return zone;
}
