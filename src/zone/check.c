#include "zone/check.h"

#include <ldns/ldns.h>
#include <string.h>

struct check {
    const struct store *store;
    const struct zone *zone;
    struct complaints *complaints;
};

static struct place set_place(const struct check *c, const struct rrset *set)
{
    return store_place(c->store, set->rdatas);
}

static bool is_apex(const struct check *c, const struct zone_node *node)
{
    return node->name_len == c->zone->apex_len;
}

static bool below(const struct zone_node *node, const struct zone_node *above)
{
    return node->name_len > above->name_len && name_within(node->name, node->name_len, above->name, above->name_len);
}

/* RFC 1034 3.6.2; the records of DNSSEC may stand beside a CNAME (RFC 4035 2.5). */
static bool beside_cname(uint16_t type)
{
    return type == LDNS_RR_TYPE_CNAME || type == LDNS_RR_TYPE_RRSIG || type == LDNS_RR_TYPE_NSEC || type == LDNS_RR_TYPE_KEY;
}

static void check_cname(const struct check *c, const struct zone_node *node)
{
    char name[NAME_TEXT], type[16];
    const struct rrset *cname = zone_rrset(node, LDNS_RR_TYPE_CNAME);
    if (cname == NULL)
        return;
    if (cname->count > 1)
        complain(c->complaints, store_place(c->store, &cname->rdatas[1]), "%s: more than one CNAME (RFC 2181 10.1)",
                 name_format(node->name, name));
    for (unsigned i = 0; i < node->rrset_count; i++)
        if (!beside_cname(node->rrsets[i].type)) {
            complain(c->complaints, set_place(c, &node->rrsets[i]), "%s %s: stands beside a CNAME, which must be alone (RFC 1034 3.6.2)",
                     name_format(node->name, name), zone_type_text(node->rrsets[i].type, type));
            return;
        }
}

static void check_below_dname(const struct check *c, const struct zone_node *node, const struct zone_node *dname)
{
    char name[NAME_TEXT], above[NAME_TEXT];
    if (node->rrset_count)
        complain(c->complaints, set_place(c, node->rrsets), "%s: stands below the DNAME of %s, which hides it (RFC 6672 2.4)",
                 name_format(node->name, name), name_format(dname->name, above));
}

static bool belongs_at_cut(uint16_t type)
{
    return type == LDNS_RR_TYPE_NS || type == LDNS_RR_TYPE_DS || type == LDNS_RR_TYPE_NSEC || type == LDNS_RR_TYPE_RRSIG;
}

static bool is_address(uint16_t type)
{
    return type == LDNS_RR_TYPE_A || type == LDNS_RR_TYPE_AAAA;
}

/* node is at or below the delegation cut. */
static void check_hidden(const struct check *c, const struct zone_node *node, const struct zone_node *cut)
{
    char name[NAME_TEXT], above[NAME_TEXT], type[16];
    for (unsigned i = 0; i < node->rrset_count; i++) {
        const struct rrset *set = &node->rrsets[i];
        if (is_address(set->type) || (node == cut && belongs_at_cut(set->type)))
            continue;
        complain_mildly(c->complaints, set_place(c, set), "%s %s: is never answered, %s is delegated to other servers",
                        name_format(node->name, name), zone_type_text(set->type, type), name_format(cut->name, above));
    }
}

/* In canonical order all that is below a node comes right behind it, so that one pass with the last cut and DNAME in hand is enough. */
void check_conflicts(const struct store *store, const struct zone *zone, struct complaints *complaints)
{
    const struct check c = {.store = store, .zone = zone, .complaints = complaints};
    const struct zone_node *cut = NULL, *dname = NULL;
    for (size_t i = 0; i < zone->node_count && !complaints_full(complaints); i++) {
        const struct zone_node *node = &zone->nodes[i];
        check_cname(&c, node);
        if (dname && below(node, dname))
            check_below_dname(&c, node, dname);
        else if (zone_rrset(node, LDNS_RR_TYPE_DNAME))
            dname = node;
        const struct rrset *own = zone_rrset(node, LDNS_RR_TYPE_DNAME);
        if (own && own->count > 1) {
            char name[NAME_TEXT];
            complain(complaints, store_place(store, &own->rdatas[1]), "%s: more than one DNAME (RFC 6672 2.4)",
                     name_format(node->name, name));
        }
        if (!(cut && below(node, cut)))
            cut = !is_apex(&c, node) && zone_rrset(node, LDNS_RR_TYPE_NS) ? node : NULL;
        if (cut)
            check_hidden(&c, node, cut);
    }
}

/* What a name leads to. */
enum lead {
    LEAD_OUTSIDE,   /* not of this zone: nothing can be said */
    LEAD_DELEGATED, /* at or below a cut: the child's, glue apart */
    LEAD_ADDRESS,
    LEAD_CNAME,
    LEAD_NO_ADDRESS, /* the name is there, an address is not */
    LEAD_NOTHING,
};

static enum lead lead_of_node(const struct zone_node *node)
{
    if (zone_rrset(node, LDNS_RR_TYPE_CNAME))
        return LEAD_CNAME;
    return zone_rrset(node, LDNS_RR_TYPE_A) || zone_rrset(node, LDNS_RR_TYPE_AAAA) ? LEAD_ADDRESS : LEAD_NO_ADDRESS;
}

/* The node itself, or the nearest one above it (the closest encloser of RFC 4592 3.3.1). name lies in the zone. */
static const struct zone_node *enclosing(const struct zone *zone, const uint8_t *name, size_t len)
{
    const struct zone_node *node = zone_find(zone, name, len);
    while (node == NULL) {
        len -= *name + 1u;
        name += *name + 1u;
        node = zone_find(zone, name, len);
    }
    return node;
}

/* The cut at or above the name, or NULL. */
static const struct zone_node *cut_above(const struct check *c, const uint8_t *name, size_t len)
{
    const struct zone_node *cut = NULL;
    for (; len > c->zone->apex_len; len -= *name + 1u, name += *name + 1u) {
        const struct zone_node *node = zone_find(c->zone, name, len);
        if (node && zone_rrset(node, LDNS_RR_TYPE_NS))
            cut = node;
    }
    return cut;
}

static enum lead lead_of(const struct check *c, const struct name *target, const struct zone_node **ret_cut)
{
    *ret_cut = NULL;
    if (!name_within(target->octets, target->len, c->zone->apex, c->zone->apex_len))
        return LEAD_OUTSIDE;
    *ret_cut = cut_above(c, target->octets, target->len);
    const struct zone_node *node = enclosing(c->zone, target->octets, target->len);
    if (node->name_len == target->len && (lead_of_node(node) == LEAD_ADDRESS || *ret_cut == NULL))
        return lead_of_node(node);
    if (*ret_cut)
        return LEAD_DELEGATED;
    if (zone_rrset(node, LDNS_RR_TYPE_DNAME))
        return LEAD_CNAME; /* an alias as well */
    uint8_t wild[NAME_MAX_OCTETS + 2] = {1, '*'};
    memcpy(wild + 2, node->name, node->name_len);
    const struct zone_node *star = zone_find(c->zone, wild, node->name_len + 2u);
    return star ? lead_of_node(star) : LEAD_NOTHING;
}

/* The name in the RDATA from octet at on, in lower case. */
static struct name target_name(const struct rdata *rdata, size_t at)
{
    struct name target = {.len = (uint8_t)(rdata->len - at)};
    memcpy(target.octets, rdata->octets + at, target.len);
    name_lower(target.octets, target.len);
    return target;
}

static void check_name_server(const struct check *c, const struct zone_node *node, const struct rdata *rdata)
{
    char owner[NAME_TEXT], text[NAME_TEXT];
    const struct zone_node *cut;
    const struct name target = target_name(rdata, 0);
    const enum lead lead = lead_of(c, &target, &cut);
    const struct place place = store_place(c->store, rdata);
    name_format(node->name, owner);
    name_format(target.octets, text);
    if (lead == LEAD_CNAME)
        complain(c->complaints, place, "%s NS: %s is an alias (RFC 2181 10.3)", owner, text);
    else if (lead == LEAD_NOTHING || lead == LEAD_NO_ADDRESS)
        complain(c->complaints, place, "%s NS: %s is in this zone and has no address", owner, text);
    else if (lead == LEAD_DELEGATED && (cut == node || is_apex(c, node)))
        complain(c->complaints, place, "%s NS: %s is below a delegation and its address (glue) is missing", owner, text);
}

static void check_target(const struct check *c, const struct zone_node *node, uint16_t type, const struct rdata *rdata, size_t at)
{
    char owner[NAME_TEXT], text[NAME_TEXT], mnemonic[16];
    const struct zone_node *cut;
    const struct name target = target_name(rdata, at);
    const enum lead lead = lead_of(c, &target, &cut);
    const char *what = NULL;
    if (lead == LEAD_CNAME)
        what = type == LDNS_RR_TYPE_SRV ? "is an alias (RFC 2782)" : "is an alias (RFC 2181 10.3)";
    else if (lead == LEAD_NOTHING)
        what = "does not exist in this zone";
    else if (lead == LEAD_NO_ADDRESS)
        what = "has no address";
    /* "." says that there is no such service (RFC 2782) and that no mail is taken (RFC 7505). */
    if (what && target.len > 1)
        complain_mildly(c->complaints, store_place(c->store, rdata), "%s %s: the target %s %s", name_format(node->name, owner),
                        zone_type_text(type, mnemonic), name_format(target.octets, text), what);
}

static void check_targets(const struct check *c, const struct zone_node *node)
{
    const struct rrset *set = zone_rrset(node, LDNS_RR_TYPE_NS);
    for (unsigned i = 0; set && i < set->count; i++)
        check_name_server(c, node, &set->rdatas[i]);
    set = zone_rrset(node, LDNS_RR_TYPE_SRV);
    for (unsigned i = 0; set && i < set->count; i++)
        check_target(c, node, LDNS_RR_TYPE_SRV, &set->rdatas[i], 6);
    set = zone_rrset(node, LDNS_RR_TYPE_MX);
    for (unsigned i = 0; set && i < set->count; i++)
        check_target(c, node, LDNS_RR_TYPE_MX, &set->rdatas[i], 2);
}

void check_missing(const struct store *store, const struct zone *zone, struct complaints *complaints)
{
    const struct check c = {.store = store, .zone = zone, .complaints = complaints};
    const struct place whole = {0};
    char apex[NAME_TEXT];
    name_format(zone->apex, apex);
    if (store->record_count == 0) {
        complain(complaints, whole, "holds no record at all");
        return;
    }
    if (zone_rrset(zone->nodes, LDNS_RR_TYPE_SOA) == NULL)
        complain(complaints, whole, "no SOA record of %s", apex);
    if (zone_rrset(zone->nodes, LDNS_RR_TYPE_NS) == NULL)
        complain(complaints, whole, "no NS record of %s", apex);
    for (size_t i = 0; i < zone->node_count && !complaints_full(complaints); i++)
        check_targets(&c, &zone->nodes[i]);
}
