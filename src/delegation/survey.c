/* Asks: the parent's servers what they say of the zone, then every name server that the file or the parent names. All servers at once, in three
 * rounds: find them, ask the parent's, ask the zone's. */
#include "delegation/hear.h"
#include "delegation/resolve.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { DNS_PORT = 53, OF_PARENT = 2, OF_SERVER = 5 };

static bool names_it(const struct named_server *given, const struct ns *ns)
{
    uint8_t name[NAME_OCTETS];
    const size_t len = name_from_text(given->name, name);
    return len == ns->name_len && memcmp(name, ns->name, len) == 0;
}

/* Where a server is asked: where the plan says, else at its addresses. Writes up to room stations and returns how many. */
static unsigned stations_of(const struct survey_plan *plan, const struct ns *ns, struct station *ret, unsigned room)
{
    unsigned count = 0;
    struct station station = {.at.port = DNS_PORT};
    memcpy(station.name, ns->name, ns->name_len);
    for (size_t i = 0; i < plan->server_count && count < room; i++) {
        if (!names_it(&plan->servers[i], ns))
            continue;
        station.at = plan->servers[i].at;
        ret[count++] = station;
    }
    if (count > 0)
        return count;
    for (unsigned i = 0; i < ns->addr_count && count < room; i++) {
        station.at.addr = ns->addrs[i];
        ret[count++] = station;
    }
    return count;
}

static unsigned stations_of_all(const struct survey_plan *plan, const struct ns_set *set, struct station *ret, unsigned room)
{
    unsigned count = 0;
    for (unsigned i = 0; i < set->count; i++)
        count += stations_of(plan, &set->items[i], ret + count, room - count);
    return count;
}

static struct exchange ask(const struct station *station, const struct survey *survey, uint16_t type)
{
    return (struct exchange){.server = station->at,
                             .query = {.name = survey->zone, .type = type, .class = CLASS_IN, .udp_size = UDP_CAP, .dnssec_ok = true}};
}

static bool find_parents(struct survey *survey, const struct survey_plan *plan, struct station ret[PARENTS_MAX], struct error *err)
{
    struct hostport resolver;
    struct ns_set servers;
    for (size_t i = 0; i < plan->parent_count && i < PARENTS_MAX; i++)
        ret[survey->parent_count++] = (struct station){.at = plan->parents[i]};
    if (plan->parent_count > 0)
        return true;
    if (!resolver_of(plan, &resolver, err) || !resolve_parent(&resolver, survey->zone, plan->deadline_ms, survey->parent, &servers, err))
        return false;
    survey->has_parent = true;
    resolve_addresses(&resolver, &servers, plan->deadline_ms);
    survey->parent_count = stations_of_all(plan, &servers, ret, PARENTS_MAX);
    char text[NAME_TEXT];
    return survey->parent_count > 0 ||
           error_set(err, "no address of a name server of %.200s can be found", name_to_text(survey->parent, text));
}

static void ask_parents(struct survey *survey, const struct station *stations, uint64_t deadline_ms)
{
    struct exchange *exchanges = mem_new(survey->parent_count * OF_PARENT, sizeof *exchanges);
    for (unsigned i = 0; i < survey->parent_count; i++) {
        exchanges[i * OF_PARENT] = ask(&stations[i], survey, TYPE_NS);
        exchanges[i * OF_PARENT + 1] = ask(&stations[i], survey, TYPE_DS);
    }
    exchanges_run(exchanges, survey->parent_count * OF_PARENT, deadline_ms);
    for (unsigned i = 0; i < survey->parent_count; i++) {
        struct parent_view *view = &survey->parents[i];
        const struct exchange *own = exchanges + i * OF_PARENT;
        view->station = stations[i];
        view->ns = hear(&own[0]);
        view->ds = hear(&own[1]);
        hear_servers(&own[0], survey->zone, survey->zone_len, &view->says.ns);
        hear_ds(&own[1], &view->says.ds);
    }
    exchanges_release(exchanges, survey->parent_count * OF_PARENT);
    free(exchanges);
}

static void name_servers(struct survey *survey, const struct ns_set *set)
{
    for (unsigned i = 0; i < set->count; i++) {
        struct ns *ns = ns_put(&survey->named, set->items[i].name, set->items[i].name_len);
        if (!ns)
            return;
        ns->inside = set->items[i].inside;
        for (unsigned k = 0; ns->inside && k < set->items[i].addr_count; k++)
            ns_put_addr(ns, &set->items[i].addrs[k]);
    }
}

/* Addresses outside the zone are neither the file's business nor the parent's: a resolver knows them. */
static void find_servers(struct survey *survey, const struct survey_plan *plan)
{
    struct hostport resolver;
    struct error err;
    struct ns_set outside = {.count = 0};
    name_servers(survey, &survey->wanted.ns);
    for (unsigned i = 0; i < survey->parent_count; i++)
        name_servers(survey, &survey->parents[i].says.ns);
    for (unsigned i = 0; i < survey->named.count; i++) {
        const struct ns *ns = &survey->named.items[i];
        struct station given;
        if (ns->addr_count == 0 && stations_of(plan, ns, &given, 1) == 0)
            ns_put(&outside, ns->name, ns->name_len);
    }
    if (outside.count == 0)
        return;
    survey->resolver_failed = !resolver_of(plan, &resolver, &err) || !resolve_addresses(&resolver, &outside, plan->deadline_ms);
    for (unsigned i = 0; i < outside.count; i++) {
        struct ns *ns = ns_find(&survey->named, outside.items[i].name, outside.items[i].name_len);
        const bool inside = ns->inside;
        *ns = outside.items[i];
        ns->inside = inside;
    }
}

static void ask_server(struct exchange *ret, const struct station *station, const struct survey *survey)
{
    ret[0] = ask(station, survey, TYPE_SOA);
    ret[1] = ret[2] = ret[0];
    ret[1].query.udp_size = 0;
    ret[1].query.dnssec_ok = false;
    ret[2].tcp = true;
    ret[3] = ask(station, survey, TYPE_NS);
    ret[4] = ask(station, survey, TYPE_DNSKEY);
}

static void hear_server(const struct exchange *own, const struct survey *survey, struct server_view *ret)
{
    ret->soa = hear(&own[0]);
    ret->soa_plain = hear(&own[1]);
    ret->soa_tcp = hear(&own[2]);
    ret->ns = hear(&own[3]);
    ret->keys = hear(&own[4]);
    for (unsigned i = 0; i < 3 && !ret->has_soa; i++)
        hear_soa(&own[i], ret);
    hear_servers(&own[3], survey->zone, survey->zone_len, &ret->says);
    hear_keys(&own[4], ret);
}

static void ask_servers(struct survey *survey, const struct station *stations, uint64_t deadline_ms)
{
    struct exchange *exchanges = mem_new(survey->server_count * OF_SERVER + 1, sizeof *exchanges);
    for (unsigned i = 0; i < survey->server_count; i++)
        ask_server(exchanges + i * OF_SERVER, &stations[i], survey);
    exchanges_run(exchanges, survey->server_count * OF_SERVER, deadline_ms);
    for (unsigned i = 0; i < survey->server_count; i++) {
        survey->servers[i].station = stations[i];
        hear_server(exchanges + i * OF_SERVER, survey, &survey->servers[i]);
    }
    exchanges_release(exchanges, survey->server_count * OF_SERVER);
    free(exchanges);
}

bool survey_make(const struct zone *zone, const struct delegation *wanted, const struct survey_plan *plan, struct survey *ret,
                 struct error *err)
{
    struct station stations[SERVERS_MAX];
    *ret = (struct survey){.zone_len = zone->apex_len, .file_serial = zone->serial, .wanted = *wanted};
    memcpy(ret->zone, zone->apex, zone->apex_len);
    if (!find_parents(ret, plan, stations, err))
        return false;
    ret->parents = mem_new(ret->parent_count, sizeof *ret->parents);
    ask_parents(ret, stations, plan->deadline_ms);
    find_servers(ret, plan);
    ret->server_count = stations_of_all(plan, &ret->named, stations, SERVERS_MAX);
    ret->servers = mem_new(ret->server_count + 1, sizeof *ret->servers);
    ask_servers(ret, stations, plan->deadline_ms);
    return true;
}

void survey_release(struct survey *survey)
{
    free(survey->parents);
    free(survey->servers);
}
