#include "cli/show_delegation.h"

#include "base/memory.h"
#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>

enum { NS_TTL_S = 86400, DS_TTL_S = 3600 /* a change of keys waits for it */ };

static char *hex_of(const uint8_t *octets, size_t len)
{
    char *text = mem_new(2 * len + 1, 1);
    for (size_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02X", octets[i]);
    return text;
}

static void add_line(json_t *lines, const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata, size_t len)
{
    char *text = zone_record_text(owner, type, ttl_s, rdata, (uint16_t)len);
    json_array_append_new(lines, json_string(text ? text : ""));
    free(text);
}

/* All NS records, then the glue, then DS. */
static json_t *record_lines(const struct zone *zone, const struct delegation *wanted)
{
    json_t *lines = json_array();
    for (unsigned i = 0; i < wanted->ns.count; i++)
        add_line(lines, zone->apex, TYPE_NS, NS_TTL_S, wanted->ns.items[i].name, wanted->ns.items[i].name_len);
    for (unsigned i = 0; i < wanted->ns.count; i++) {
        const struct ns *ns = &wanted->ns.items[i];
        for (unsigned k = 0; k < ns->addr_count; k++) {
            const enum family family = ns->addrs[k].family;
            add_line(lines, ns->name, family == FAMILY_V4 ? TYPE_A : TYPE_AAAA, NS_TTL_S, ns->addrs[k].bytes, addr_octets(family));
        }
    }
    for (unsigned i = 0; i < wanted->ds.count; i++)
        add_line(lines, zone->apex, TYPE_DS, DS_TTL_S, wanted->ds.items[i].octets, wanted->ds.items[i].len);
    return lines;
}

static const char *algorithm_text(unsigned number)
{
    switch (number) {
    case 8: return "RSA/SHA-256";
    case 10: return "RSA/SHA-512";
    case 13: return "ECDSA P-256/SHA-256";
    case 14: return "ECDSA P-384/SHA-384";
    case 15: return "Ed25519";
    case 16: return "Ed448";
    default: return "see the IANA registry";
    }
}

static const char *digest_text(unsigned type)
{
    return type == DIGEST_SHA1 ? "SHA-1" : type == DIGEST_SHA256 ? "SHA-256" : type == DIGEST_SHA384 ? "SHA-384" : "see the IANA registry";
}

static void show_form_server(const struct ns *ns)
{
    char name[NAME_TEXT], addr[ADDR_TEXT];
    printf(";   name server  %s  ", name_to_text(ns->name, name));
    for (unsigned i = 0; i < ns->addr_count; i++)
        printf("%s%s", i ? ", " : "", addr_format(&ns->addrs[i], addr));
    puts(ns->addr_count ? "" : "(no address: its name lies outside the zone)");
}

static void show_form_ds(const struct ds *ds)
{
    char *digest = hex_of(ds->octets + 4, ds->len - 4u);
    printf(";   DS  key tag %u, algorithm %u (%s), digest type %u (%s), digest\n;       %s\n", get_u16(ds->octets), ds->octets[2],
           algorithm_text(ds->octets[2]), ds->octets[3], digest_text(ds->octets[3]), digest);
    free(digest);
}

void show_wanted(const struct zone *zone, const struct delegation *wanted)
{
    char name[NAME_TEXT];
    json_t *lines = record_lines(zone, wanted), *line;
    size_t i;
    printf("; What the parent zone must hold of %s, to be pasted into its zone file:\n", name_to_text(zone->apex, name));
    json_array_foreach(lines, i, line) puts(json_string_value(line));
    puts(";\n; Where the parent is changed by a form (a registrar's), it asks for:");
    for (unsigned k = 0; k < wanted->ns.count; k++)
        show_form_server(&wanted->ns.items[k]);
    for (unsigned k = 0; k < wanted->ds.count; k++)
        show_form_ds(&wanted->ds.items[k]);
    if (wanted->ds.count == 0)
        puts(";   no DS record (\"DNSSEC\"): the zone is not signed, or none of its keys is ready for the parent");
    json_decref(lines);
}

static json_t *ns_json(const struct ns_set *set)
{
    json_t *list = json_array();
    char name[NAME_TEXT], addr[ADDR_TEXT];
    for (unsigned i = 0; i < set->count; i++) {
        json_t *addrs = json_array();
        for (unsigned k = 0; k < set->items[i].addr_count; k++)
            json_array_append_new(addrs, json_string(addr_format(&set->items[i].addrs[k], addr)));
        json_array_append_new(list, json_pack("{s:s, s:b, s:o}", "name", name_to_text(set->items[i].name, name), "inside",
                                              set->items[i].inside, "addresses", addrs));
    }
    return list;
}

static json_t *ds_json(const struct ds_set *set)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < set->count; i++) {
        const struct ds *ds = &set->items[i];
        char *digest = hex_of(ds->octets + 4, ds->len - 4u);
        json_array_append_new(list, json_pack("{s:i, s:i, s:i, s:s}", "key_tag", get_u16(ds->octets), "algorithm", ds->octets[2],
                                              "digest_type", ds->octets[3], "digest", digest));
        free(digest);
    }
    return list;
}

json_t *wanted_json(const struct zone *zone, const struct delegation *wanted)
{
    char name[NAME_TEXT];
    return json_pack("{s:s, s:o, s:o, s:o}", "zone", name_to_text(zone->apex, name), "ns", ns_json(&wanted->ns), "ds", ds_json(&wanted->ds),
                     "records", record_lines(zone, wanted));
}

/* One word for a table's cell. */
static const char *heard_text(const struct heard *heard)
{
    static const char *const outcomes[] = {"not asked", "", "silent", "closed", "unreachable", "nonsense"};
    static const char *const rcodes[] = {"ok", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
    if (heard->outcome != OUTCOME_ANSWERED)
        return outcomes[heard->outcome];
    return heard->rcode < 6 ? rcodes[heard->rcode] : "error";
}

static json_t *station_json(const struct station *station)
{
    char name[NAME_TEXT], at[HOSTPORT_TEXT];
    return json_pack("{s:s, s:s}", "name", station->name[0] ? name_to_text(station->name, name) : "", "address",
                     hostport_format(&station->at, at));
}

static json_t *server_json(const struct server_view *server)
{
    json_t *object = station_json(&server->station), *keys = json_array();
    for (unsigned i = 0; i < server->dnskey_count; i++)
        json_array_append_new(keys, json_pack("{s:i, s:i}", "flags", server->dnskeys[i].flags, "algorithm", server->dnskeys[i].octets[3]));
    json_object_update_new(object, json_pack("{s:s, s:s, s:s, s:b, s:b, s:o, s:o}", "udp", heard_text(&server->soa_plain), "tcp",
                                             heard_text(&server->soa_tcp), "udp_edns", heard_text(&server->soa), "edns", server->soa.edns,
                                             "authoritative", server->soa.authoritative || server->soa_plain.authoritative, "ns",
                                             ns_json(&server->says), "keys", keys));
    json_object_set_new(object, "serial", server->has_soa ? json_integer(server->serial) : json_null());
    return object;
}

json_t *survey_json(const struct survey *survey)
{
    char name[NAME_TEXT];
    json_t *parents = json_array(), *servers = json_array();
    for (unsigned i = 0; i < survey->parent_count; i++) {
        const struct parent_view *parent = &survey->parents[i];
        json_t *object = station_json(&parent->station);
        json_object_update_new(object, json_pack("{s:s, s:o, s:o}", "udp", heard_text(&parent->ns), "ns", ns_json(&parent->says.ns), "ds",
                                                 ds_json(&parent->says.ds)));
        json_array_append_new(parents, object);
    }
    for (unsigned i = 0; i < survey->server_count; i++)
        json_array_append_new(servers, server_json(&survey->servers[i]));
    return json_pack("{s:o, s:o, s:o}", "parent", survey->has_parent ? json_string(name_to_text(survey->parent, name)) : json_null(),
                     "parents", parents, "servers", servers);
}

json_t *faults_json(const struct faults *faults)
{
    json_t *list = json_array();
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->items[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s?}", "severity", fault->grave ? "error" : "warning", "code", fault->code,
                                              "text", fault->text, "at", fault->at));
    }
    return list;
}

static void show_parents(const struct survey *survey)
{
    struct table table;
    char name[NAME_TEXT], at[HOSTPORT_TEXT];
    table_init(&table, (const char *const[]){"PARENT'S SERVER", "ADDRESS", "ANSWER", "NAME SERVERS", "DS", NULL});
    for (unsigned i = 0; i < survey->parent_count; i++) {
        const struct parent_view *parent = &survey->parents[i];
        table_add(&table, parent->station.name[0] ? name_to_text(parent->station.name, name) : "");
        table_add(&table, hostport_format(&parent->station.at, at));
        table_add(&table, heard_text(&parent->ns));
        table_addf(&table, "%u", parent->says.ns.count);
        table_addf(&table, "%u", parent->says.ds.count);
    }
    table_print(&table);
}

static void show_servers(const struct survey *survey)
{
    struct table table;
    char name[NAME_TEXT], at[HOSTPORT_TEXT];
    table_init(&table, (const char *const[]){"ZONE'S SERVER", "ADDRESS", "UDP", "TCP", "EDNS", "SERIAL", "KEYS", NULL});
    for (unsigned i = 0; i < survey->server_count; i++) {
        const struct server_view *server = &survey->servers[i];
        table_add(&table, name_to_text(server->station.name, name));
        table_add(&table, hostport_format(&server->station.at, at));
        table_add(&table, heard_text(&server->soa_plain));
        table_add(&table, heard_text(&server->soa_tcp));
        table_add(&table, server->soa.outcome == OUTCOME_ANSWERED && server->soa.edns ? "ok" : "no");
        if (server->has_soa)
            table_addf(&table, "%u", server->serial);
        else
            table_add(&table, "-");
        table_addf(&table, "%u", server->dnskey_count);
    }
    table_print(&table);
}

void show_survey(const struct survey *survey, const struct faults *faults)
{
    char zone[NAME_TEXT];
    show_parents(survey);
    if (survey->server_count > 0) {
        putchar('\n');
        show_servers(survey);
    }
    putchar('\n');
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->items[i];
        printf("%s: %s\n", fault->grave ? "error" : "warning", fault->text);
        if (fault->at)
            printf("    %s\n", fault->at);
    }
    if (faults->count == 0)
        printf("OK: %s is delegated as its zone file says, and all its name servers serve it\n", name_to_text(survey->zone, zone));
}
