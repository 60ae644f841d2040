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

/* Whether the server has told its keys, or that it has none. */
static bool tells_keys(const struct server_view *server)
{
    return server->keys.outcome == OUTCOME_ANSWERED && server->keys.rcode == RCODE_NOERROR && server->keys.authoritative;
}

static enum match match_server(const struct survey *survey, const struct ds *ds, const struct server_view *server)
{
    enum match best = MATCH_NONE;
    for (unsigned i = 0; i < server->dnskey_count; i++) {
        const enum match match = match_key(survey, ds, &server->dnskeys[i]);
        best = match > best ? match : best;
    }
    return best;
}

/* A key of the configuration, which the servers may not show yet. Its DS is by SHA-256; of other digests tag and algorithm must do. */
static bool is_wanted(const struct survey *survey, const struct ds *ds)
{
    for (unsigned i = 0; i < survey->wanted.ds.count; i++) {
        const struct ds *wanted = &survey->wanted.ds.items[i];
        const size_t len = ds->octets[3] == wanted->octets[3] ? wanted->len : 3;
        if (ds->len >= len && memcmp(ds->octets, wanted->octets, len) == 0)
            return true;
    }
    return false;
}

/* The best match of a DS among the keys that any server of the zone shows. */
static enum match match_ds(const struct survey *survey, const struct ds *ds)
{
    enum match best = MATCH_NONE;
    for (unsigned s = 0; s < survey->server_count; s++) {
        const enum match match = match_server(survey, ds, &survey->servers[s]);
        best = match > best ? match : best;
    }
    return best;
}

static void judge_each_ds(const struct survey *survey, const struct parent_view *parent, struct faults *faults)
{
    for (unsigned i = 0; i < parent->says.ds.count; i++) {
        const struct ds *ds = &parent->says.ds.items[i];
        const enum match match = match_ds(survey, ds);
        if (match == MATCH_TAG)
            fault_add(faults, "ds-digest", true, &parent->station,
                      "the DS record with key tag %u, digest type %u has a digest that is not that of the key: it was mistyped or cut",
                      get_u16(ds->octets), ds->octets[3]);
        else if (match == MATCH_NONE && !is_wanted(survey, ds))
            fault_add(faults, "ds-without-key", false, &parent->station,
                      "the DS record with key tag %u, algorithm %u belongs to no key that the zone's servers have: have it removed",
                      get_u16(ds->octets), ds->octets[2]);
    }
}

enum chain { CHAIN_NO_KEY, CHAIN_NO_SIGNATURE, CHAIN_WHOLE };

/* Whether a signature over DNSKEY that holds now is by this DS record's key, or with ds NULL by any key. */
static bool signs_keys(const struct server_view *server, const struct ds *ds, int64_t now_s)
{
    for (unsigned i = 0; i < server->rrsig_count; i++) {
        const struct rrsig_seen *seen = &server->rrsigs[i];
        if (seen->covered == TYPE_DNSKEY && !signature_past(seen, now_s) && !signature_future(seen, now_s) &&
            (ds == NULL || (seen->tag == get_u16(ds->octets) && seen->algorithm == ds->octets[2])))
            return true;
    }
    return false;
}

/* A DS record holds for a server whose own set has the key, and that signs the set (RFC 4035 5.2). Where no signature at all holds now,
 * judge_servers() has said so. */
static enum chain chain_to(const struct survey *survey, const struct parent_view *parent, const struct server_view *server, int64_t now_s)
{
    enum chain best = CHAIN_NO_KEY;
    for (unsigned i = 0; i < parent->says.ds.count; i++) {
        const struct ds *ds = &parent->says.ds.items[i];
        if (match_server(survey, ds, server) != MATCH_KEY)
            continue;
        if (signs_keys(server, ds, now_s) || !signs_keys(server, NULL, now_s))
            return CHAIN_WHOLE;
        best = CHAIN_NO_SIGNATURE;
    }
    return best;
}

static void judge_chains(const struct survey *survey, const struct parent_view *parent, int64_t now_s, struct faults *faults)
{
    struct texts texts;
    enum chain chains[SERVERS_MAX], best = CHAIN_NO_KEY;
    for (unsigned s = 0; s < survey->server_count; s++) {
        chains[s] = chain_to(survey, parent, &survey->servers[s], now_s);
        best = chains[s] > best ? chains[s] : best;
    }
    if (best == CHAIN_NO_KEY) {
        fault_add(faults, "bogus", true, &parent->station,
                  "no DS record fits a key of %s: resolvers that validate take the whole zone for forged and turn all callers away",
                  zone_text(survey, &texts));
        return;
    }
    for (unsigned s = 0; s < survey->server_count; s++) {
        const struct server_view *server = &survey->servers[s];
        if (!tells_keys(server) || server->dnskey_count == 0 || chains[s] == CHAIN_WHOLE)
            continue;
        fault_add(faults, "bogus", true, &server->station,
                  chains[s] == CHAIN_NO_KEY
                      ? "no DS record of the parent fits a key of this server: resolvers that validate take its answers for forged"
                      : "the key that the parent's DS record fits does not sign this server's keys (DNSKEY): resolvers that validate "
                        "take its answers for forged");
    }
}

/* DS records by digests that nobody knows are as good as none (RFC 4035 5.2). */
static bool any_known_digest(const struct ds_set *set)
{
    for (unsigned i = 0; i < set->count; i++) {
        const uint8_t digest = set->items[i].octets[3];
        if (digest == DIGEST_SHA1 || digest == DIGEST_SHA256 || digest == DIGEST_SHA384)
            return true;
    }
    return false;
}

/* Nothing is known against a DS while no server has told its keys. */
static void judge_ds(const struct survey *survey, const struct parent_view *parent, int64_t now_s, struct faults *faults)
{
    bool told = false;
    for (unsigned s = 0; s < survey->server_count; s++)
        told |= tells_keys(&survey->servers[s]);
    if (!told || parent->says.ds.count == 0)
        return;
    judge_each_ds(survey, parent, faults);
    if (any_known_digest(&parent->says.ds))
        judge_chains(survey, parent, now_s, faults);
    else
        fault_add(faults, "ds-unknown-digest", false, &parent->station,
                  "all DS records have digest types that resolvers do not know: nobody validates the signatures");
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

void judge_keys(struct survey *survey, int64_t now_s, struct faults *faults)
{
    for (unsigned i = 0; i < survey->parent_count; i++) {
        const struct parent_view *parent = &survey->parents[i];
        if (parent->ds.outcome != OUTCOME_ANSWERED || parent->ds.rcode != RCODE_NOERROR || parent->says.ns.count == 0)
            continue;
        judge_ds(survey, parent, now_s, faults);
        if (parent->says.ds.count > 0)
            judge_wanted_ds(survey, parent, faults);
        else if (survey->wanted.ds.count > 0 || any_secure_entry(survey))
            fault_add(faults, "key-without-ds", false, &parent->station,
                      "the zone is signed, but the parent has no DS record of it: nobody validates the signatures");
    }
}
