/* What the parent's servers say, held against the zone file: names, glue, and DS against the keys that the zone's servers show. */
#include "delegation/faults.h"

#include <stdio.h>
#include <string.h>

struct texts {
    char zone[NAME_TEXT], name[NAME_TEXT], addr[ADDR_TEXT];
};

static const char *zone_text(const struct survey *survey, struct texts *texts)
{
    return name_to_text(survey->zone, texts->zone);
}

/* Whether there is an answer to judge. */
static bool parent_speaks(const struct survey *survey, const struct parent_view *parent, struct faults *faults)
{
    struct texts texts;
    const char *zone = zone_text(survey, &texts);
    if (parent->ns.outcome != OUTCOME_ANSWERED)
        fault_add(faults, "parent-silent", true, &parent->station, "a name server of the parent zone does not answer");
    else if (parent->ns.rcode == RCODE_REFUSED || parent->ns.rcode == RCODE_SERVFAIL)
        fault_add(faults, "parent-lame", true, &parent->station,
                  "a name server of the parent zone answers questions about %s with an error (%s): it does not serve the parent zone", zone,
                  parent->ns.rcode == RCODE_REFUSED ? "REFUSED" : "SERVFAIL");
    else if (parent->says.ns.count == 0)
        fault_add(faults, "not-delegated", true, &parent->station,
                  "the parent zone does not delegate %s (no NS records): nobody finds it. Have the records entered that sipsteer "
                  "delegation prints",
                  zone);
    return parent->ns.outcome == OUTCOME_ANSWERED && parent->says.ns.count > 0;
}

static void judge_names(struct survey *survey, struct parent_view *parent, struct faults *faults)
{
    struct ns_set *wanted = &survey->wanted.ns, *said = &parent->says.ns;
    struct texts texts;
    for (unsigned i = 0; i < wanted->count; i++)
        if (!ns_find(said, wanted->items[i].name, wanted->items[i].name_len))
            fault_add(faults, "ns-missing", false, &parent->station,
                      "the parent does not name %s, which the zone file does: that server gets few queries and is no spare",
                      name_to_text(wanted->items[i].name, texts.name));
    for (unsigned i = 0; i < said->count; i++)
        if (!ns_find(wanted, said->items[i].name, said->items[i].name_len))
            fault_add(faults, "ns-extra", true, &parent->station,
                      "the parent names %s, which the zone file does not: queries go to a server that may know nothing of the zone",
                      name_to_text(said->items[i].name, texts.name));
}

static void judge_glue_of(const struct ns *wanted, const struct ns *said, const struct station *station, struct faults *faults)
{
    struct texts texts;
    const char *name = name_to_text(wanted->name, texts.name);
    if (said->addr_count == 0) {
        fault_add(faults, "glue-missing", true, station,
                  "the parent gives no address of %s (no glue). The name lies inside the zone, so it can be found in no other way", name);
        return;
    }
    for (unsigned i = 0; i < wanted->addr_count; i++)
        if (!ns_has_addr(said, &wanted->addrs[i]))
            fault_add(faults, "glue-incomplete", false, station, "the parent lacks the address %s of %s (glue)",
                      addr_format(&wanted->addrs[i], texts.addr), name);
    for (unsigned i = 0; i < said->addr_count; i++)
        if (!ns_has_addr(wanted, &said->addrs[i]))
            fault_add(faults, "glue-stale", true, station,
                      "the parent says that %s is at %s (glue); the zone file does not: queries go to the wrong machine", name,
                      addr_format(&said->addrs[i], texts.addr));
}

static void judge_glue(struct survey *survey, struct parent_view *parent, struct faults *faults)
{
    for (unsigned i = 0; i < parent->says.ns.count; i++) {
        const struct ns *said = &parent->says.ns.items[i];
        const struct ns *wanted = ns_find(&survey->wanted.ns, said->name, said->name_len);
        if (wanted && wanted->inside)
            judge_glue_of(wanted, said, &parent->station, faults);
    }
}

void judge_parents(struct survey *survey, struct faults *faults)
{
    for (unsigned i = 0; i < survey->parent_count; i++) {
        struct parent_view *parent = &survey->parents[i];
        if (!parent_speaks(survey, parent, faults))
            continue;
        judge_names(survey, parent, faults);
        judge_glue(survey, parent, faults);
    }
}

enum match { MATCH_NONE, MATCH_UNKNOWN_DIGEST, MATCH_TAG, MATCH_KEY };

static enum match match_key(const struct survey *survey, const struct ds *ds, const struct dnskey_seen *key)
{
    uint8_t made[DS_OCTETS_MAX];
    const size_t len = ds_of_dnskey(survey->zone, survey->zone_len, key->octets, key->len, ds->octets[3], made);
    uint8_t sha256[DS_OCTETS_MAX];
    if (ds_of_dnskey(survey->zone, survey->zone_len, key->octets, key->len, DIGEST_SHA256, sha256) == 0 ||
        memcmp(sha256, ds->octets, 3) != 0)
        return MATCH_NONE;
    if (len == 0)
        return MATCH_UNKNOWN_DIGEST;
    return len == ds->len && memcmp(made, ds->octets, len) == 0 ? MATCH_KEY : MATCH_TAG;
}

/* The best match of a DS among the keys that any server of the zone shows, and those that the configuration holds. */
static enum match match_ds(const struct survey *survey, const struct ds *ds)
{
    enum match best = MATCH_NONE;
    for (unsigned s = 0; s < survey->server_count; s++)
        for (unsigned i = 0; i < survey->servers[s].dnskey_count; i++) {
            const enum match match = match_key(survey, ds, &survey->servers[s].dnskeys[i]);
            best = match > best ? match : best;
        }
    return best;
}

static void judge_ds(const struct survey *survey, const struct parent_view *parent, struct faults *faults)
{
    unsigned good = 0;
    for (unsigned i = 0; i < parent->says.ds.count; i++) {
        const struct ds *ds = &parent->says.ds.items[i];
        const enum match match = match_ds(survey, ds);
        good += match >= MATCH_KEY;
        if (match == MATCH_TAG)
            fault_add(faults, "ds-digest", true, &parent->station,
                      "the DS record with key tag %u, digest type %u has a digest that is not that of the key: it was mistyped or cut",
                      get_u16(ds->octets), ds->octets[3]);
        else if (match == MATCH_NONE)
            fault_add(faults, "ds-without-key", false, &parent->station,
                      "the DS record with key tag %u, algorithm %u belongs to no key that the zone's servers have: have it removed",
                      get_u16(ds->octets), ds->octets[2]);
    }
    if (parent->says.ds.count > 0 && good == 0) {
        struct texts texts;
        fault_add(faults, "bogus", true, &parent->station,
                  "no DS record fits a key of %s: resolvers that validate take the whole zone for forged and turn all callers away",
                  zone_text(survey, &texts));
    }
}

static bool any_secure_entry(const struct survey *survey)
{
    for (unsigned s = 0; s < survey->server_count; s++)
        for (unsigned i = 0; i < survey->servers[s].dnskey_count; i++)
            if (survey->servers[s].dnskeys[i].flags & 1)
                return true;
    return false;
}

/* A DS of the configuration's keys that the parent lacks. */
static void judge_wanted_ds(const struct survey *survey, const struct parent_view *parent, struct faults *faults)
{
    for (unsigned i = 0; i < survey->wanted.ds.count; i++) {
        const struct ds *wanted = &survey->wanted.ds.items[i];
        bool there = false;
        for (unsigned k = 0; k < parent->says.ds.count; k++)
            there |= memcmp(parent->says.ds.items[k].octets, wanted->octets, 3) == 0;
        if (!there)
            fault_add(faults, "ds-missing", false, &parent->station, "the parent has no DS record of the key with tag %u",
                      get_u16(wanted->octets));
    }
}

void judge_keys(struct survey *survey, struct faults *faults)
{
    for (unsigned i = 0; i < survey->parent_count; i++) {
        const struct parent_view *parent = &survey->parents[i];
        if (parent->ds.outcome != OUTCOME_ANSWERED || parent->ds.rcode != RCODE_NOERROR || parent->says.ns.count == 0)
            continue;
        judge_ds(survey, parent, faults);
        if (parent->says.ds.count > 0)
            judge_wanted_ds(survey, parent, faults);
        else if (survey->wanted.ds.count > 0 || any_secure_entry(survey))
            fault_add(faults, "key-without-ds", false, &parent->station,
                      "the zone is signed, but the parent has no DS record of it: nobody validates the signatures");
    }
}
