/* Name servers as sets, and what the zone file wants of the parent. */
#include "delegation/delegation.h"

#include "base/memory.h"
#include "dnssec/folder.h"

#include <stdlib.h>
#include <string.h>

struct ns *ns_find(struct ns_set *set, const uint8_t *name, size_t len)
{
    for (unsigned i = 0; i < set->count; i++)
        if (set->items[i].name_len == len && memcmp(set->items[i].name, name, len) == 0)
            return &set->items[i];
    return NULL;
}

struct ns *ns_put(struct ns_set *set, const uint8_t *name, size_t len)
{
    struct ns *ns = ns_find(set, name, len);
    if (ns || set->count == NS_MAX)
        return ns;
    ns = &set->items[set->count++];
    *ns = (struct ns){.name_len = (uint8_t)len};
    memcpy(ns->name, name, len);
    return ns;
}

bool ns_has_addr(const struct ns *ns, const struct addr *addr)
{
    for (unsigned i = 0; i < ns->addr_count; i++)
        if (addr_equal(&ns->addrs[i], addr))
            return true;
    return false;
}

void ns_put_addr(struct ns *ns, const struct addr *addr)
{
    if (ns->addr_count < NS_ADDRS_MAX && !ns_has_addr(ns, addr))
        ns->addrs[ns->addr_count++] = *addr;
}

static void put_addrs(struct ns *ns, const struct rrset *set, enum family family)
{
    for (unsigned i = 0; set && i < set->count; i++) {
        struct addr addr = {.family = (uint8_t)family};
        memcpy(addr.bytes, set->rdatas[i].octets, addr_octets(family));
        ns_put_addr(ns, &addr);
    }
}

static bool put_server(const struct zone *zone, const struct rdata *target, struct ns_set *ret)
{
    uint8_t name[NAME_OCTETS];
    memcpy(name, target->octets, target->len);
    name_fold(name, target->len);
    struct ns *ns = ns_put(ret, name, target->len);
    if (!ns)
        return false;
    ns->inside = name_below(name, target->len, zone->apex, zone->apex_len, NULL);
    const struct zone_node *node = ns->inside ? zone_find(zone, name, target->len) : NULL;
    if (node) {
        put_addrs(ns, zone_rrset(node, TYPE_A), FAMILY_V4);
        put_addrs(ns, zone_rrset(node, TYPE_AAAA), FAMILY_V6);
    }
    return true;
}

bool delegation_wanted(const struct zone *zone, struct delegation *ret, struct error *err)
{
    const struct rrset *set = zone_rrset(&zone->nodes[0], TYPE_NS);
    *ret = (struct delegation){.ns.count = 0};
    for (unsigned i = 0; i < set->count; i++)
        if (!put_server(zone, &set->rdatas[i], &ret->ns))
            return error_set(err, "the zone has %u name servers; more than %d cannot be delegated to", set->count, NS_MAX);
    return true;
}

static bool for_parent(const struct key *key, bool entries_only, int64_t now_s)
{
    if (entries_only && !(key->flags & KEY_FLAG_SEP))
        return false;
    return key->times[KEY_SYNC_PUBLISH] != KEY_NEVER ? key_synced(key, now_s) : key_published(key, now_s) && key_active(key, now_s);
}

bool delegation_wanted_keys(const struct zone *zone, const char *folder, int64_t now_s, struct delegation *ret, struct report *report)
{
    struct keys *keys = mem_new(1, sizeof *keys);
    const bool sound = keys_read(keys, folder, zone->apex, zone->apex_len, report);
    bool entries = false;
    for (size_t i = 0; sound && i < keys->count; i++)
        entries |= keys->items[i].flags & KEY_FLAG_SEP;
    for (size_t i = 0; sound && i < keys->count && ret->ds.count < DS_MAX; i++) {
        struct ds *ds = &ret->ds.items[ret->ds.count];
        if (!for_parent(&keys->items[i], entries, now_s))
            continue;
        ds->len = (uint8_t)ds_of_key(zone->apex, zone->apex_len, &keys->items[i], DIGEST_SHA256, ds->octets);
        ret->ds.count += ds->len > 0;
    }
    if (sound)
        keys_release(keys);
    free(keys);
    return sound;
}

char *station_text(const struct station *station)
{
    char name[NAME_TEXT], at[HOSTPORT_TEXT];
    if (station->at.port == 53)
        addr_format(&station->at.addr, at);
    else
        hostport_format(&station->at, at);
    return station->name[0] ? mem_format("%s (%s)", name_to_text(station->name, name), at) : mem_text(at);
}
