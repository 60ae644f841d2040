/* Any octets as the replies that a survey is made of: what is read of them is within its bounds, and can be judged. */
#include "base/invariant.h"
#include "delegation/hear.h"

#include <stdlib.h>

static const uint8_t zone[] = "\3sip\4test";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_names(const struct ns_set *set)
{
    invariant(set->count <= NS_MAX);
    for (unsigned i = 0; i < set->count; i++)
        invariant(name_len(set->items[i].name) == set->items[i].name_len && set->items[i].addr_count <= NS_ADDRS_MAX);
}

static struct exchange reply_of(const uint8_t *data, size_t size, uint16_t type)
{
    return (struct exchange){.query = {.name = zone, .type = type, .class = CLASS_IN},
                             .outcome = OUTCOME_ANSWERED,
                             .reply = (uint8_t *)(uintptr_t)data,
                             .reply_len = size};
}

static void hear_all(const uint8_t *data, size_t size, struct survey *survey)
{
    const struct exchange ns = reply_of(data, size, TYPE_NS), ds = reply_of(data, size, TYPE_DS), soa = reply_of(data, size, TYPE_SOA);
    struct parent_view *parent = survey->parents;
    struct server_view *server = survey->servers;
    parent->ns = parent->ds = server->soa = server->soa_plain = server->soa_tcp = server->ns = server->keys = hear(&ns);
    hear_servers(&ns, zone, sizeof zone, &parent->says.ns);
    hear_servers(&ns, zone, sizeof zone, &server->says);
    hear_servers(&ns, zone, sizeof zone, &survey->named);
    hear_ds(&ds, &parent->says.ds);
    hear_soa(&soa, server);
    hear_keys(&soa, server);
    struct ns alone = {.name_len = 1};
    hear_addresses(&ns, &alone);
    invariant(alone.addr_count <= NS_ADDRS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct parent_view parent;
    static struct server_view server;
    struct survey survey = {.zone_len = sizeof zone, .parents = &parent, .servers = &server, .parent_count = 1, .server_count = 1};
    struct faults faults;
    memcpy(survey.zone, zone, sizeof zone);
    parent = (struct parent_view){.station.at = {.addr.family = FAMILY_V4, .port = 53}};
    server = (struct server_view){.station.at = {.addr.family = FAMILY_V6, .port = 53}};
    struct ns *wanted = ns_put(&survey.wanted.ns, (const uint8_t *)"\3ns1\3sip\4test", 14);
    wanted->inside = true;
    const uint16_t id = size >= 2 ? get_u16(data) : 0;
    const struct exchange soa = reply_of(data, size, TYPE_SOA);
    (void)reply_fits(&soa.query, id, data, size);
    hear_all(data, size, &survey);
    check_names(&parent.says.ns);
    check_names(&server.says);
    invariant(parent.says.ds.count <= DS_MAX && server.dnskey_count <= ZONE_KEYS_MAX && server.rrsig_count <= RRSIGS_MAX);
    survey_judge(&survey, 1790000000, &faults);
    for (size_t i = 0; i < faults.count; i++)
        invariant(faults.items[i].text && faults.items[i].code);
    faults_release(&faults);
    return 0;
}
