#include "control/signed.h"

#include "base/hash.h"
#include "base/memory.h"
#include "base/progress.h"
#include "dns/message.h"
#include "dns/serial.h"
#include "snapshot/snapshot.h"

#include <inttypes.h>
#include <stdlib.h>

enum { SOA_SERIAL_FROM_END = 20, SOA_AFTER_SERIAL = 16 };

/* Of the SOA all but the serial; its signature changes with that. */
static uint64_t print_of_set(const struct rrset *set, uint64_t print)
{
    const bool soa = set->type == TYPE_SOA;
    print = hash_bytes(&set->ttl_s, sizeof set->ttl_s, print + set->type);
    for (unsigned i = 0; i < set->count; i++) {
        const struct rdata *rdata = &set->rdatas[i];
        print = hash_bytes(rdata->octets, soa ? rdata->len - SOA_SERIAL_FROM_END : rdata->len, print);
        if (soa)
            print = hash_bytes(rdata->octets + rdata->len - SOA_AFTER_SERIAL, SOA_AFTER_SERIAL, print);
    }
    for (unsigned i = 0; !soa && i < set->rrsig_count; i++)
        print = hash_bytes(set->rrsigs[i].octets, set->rrsigs[i].len, print);
    return print;
}

static uint64_t print_of_nodes(const struct zone_node *nodes, size_t count, uint64_t print)
{
    for (size_t i = 0; i < count; i++) {
        print = hash_bytes(nodes[i].name, nodes[i].name_len, print);
        for (unsigned k = 0; k < nodes[i].rrset_count; k++)
            print = print_of_set(&nodes[i].rrsets[k], print);
    }
    return print;
}

/* Of all that a secondary would have, but for the serial. */
static uint64_t print_of(const struct zone *zone)
{
    return print_of_nodes(zone->nsec3_nodes, zone->nsec3_count, print_of_nodes(zone->nodes, zone->node_count, 1));
}

/* With the serial of the last time if nothing has changed since, else with the next one, or the file's if that is newer still. */
static struct zone *sign_zone(struct signer *signer, struct zone *plain, const char *name, const struct signing_input *input,
                              struct serials *serials, int64_t *ret_renew_s, struct report *report)
{
    const struct zone_serial *last = serials_find(serials, name);
    uint32_t serial = last && !serial_after(plain->serial, last->serial) ? last->serial : plain->serial;
    struct zone *zone = signer_sign_zone(signer, plain, serial, input->wall_s, ret_renew_s, report);
    if (zone == NULL)
        return NULL;
    if (input->signatures == NULL) /* a tool: without the cache every signature is new, and nothing is served */
        return zone;
    const uint64_t print = print_of(zone);
    if (last && serial == last->serial && print != last->print) {
        zone_unref(zone);
        serial += serial == UINT32_MAX ? 2 : 1; /* 0 means something else to some secondaries */
        zone = signer_sign_zone(signer, plain, serial, input->wall_s, ret_renew_s, report);
    }
    serials_put(serials, name, serial, print);
    return zone;
}

/* Its signed form had serials of its own, and secondaries take no older one. */
static bool warn_of_older(const struct zone *zone, const struct zone_serial *last, struct report *report)
{
    if (last && serial_after(last->serial, zone->serial))
        report_warning(report, zone->file,
                       "the zone was signed with serial %" PRIu32
                       " and is not any more: secondaries keep that until the serial here, %" PRIu32 ", is raised above it",
                       last->serial, zone->serial);
    return true;
}

static bool sign_one(const struct config *config, size_t index, const struct signing_input *input, struct zone **zone,
                     struct serials *serials, struct signer **ret_signer, int64_t *renew_s, struct report *report)
{
    const struct zone_config *of = &config->zones[index];
    if ((*zone)->absent)
        return true;
    if (of->dnssec.denial == DENIAL_NONE)
        return warn_of_older(*zone, serials_find(serials, of->name), report);
    *ret_signer = signer_new(of, (*zone)->apex, (*zone)->apex_len, input->signatures, input->wall_s, report);
    int64_t renew = INT64_MAX;
    struct zone *is_signed = *ret_signer ? sign_zone(*ret_signer, *zone, of->name, input, serials, &renew, report) : NULL;
    if (is_signed == NULL)
        return false;
    zone_unref(*zone);
    *zone = is_signed;
    *renew_s = renew < *renew_s ? renew : *renew_s;
    return true;
}

struct world *signed_world(struct config *config, struct zone **zones, const struct signing_input *input, struct serials *serials,
                           struct report *report)
{
    struct signer **signers = mem_new(config->zone_count + 1, sizeof(struct signer *));
    struct world_signing signing = {.signers = signers, .now_s = input->wall_s, .renew_s = INT64_MAX};
    const size_t count = config->zone_count;
    bool good = true;
    progress_begin("signing zones", count);
    for (size_t i = 0; i < count; i++) {
        progress_step(i);
        good = sign_one(config, i, input, &zones[i], serials, &signers[i], &signing.renew_s, report) && good;
    }
    struct world *world = NULL;
    progress_begin("binding names", 0);
    if (good) {
        world = world_new(config, zones, &signing, report);
    } else {
        for (size_t i = 0; i < count; i++)
            zone_unref(zones[i]);
        config_unref(config);
    }
    for (size_t i = 0; i < count; i++)
        signer_unref(signers[i]);
    free(signers);
    return world;
}

void sign_ahead(struct world *world, struct place *place, int64_t wall_s, unsigned threads)
{
    const struct config *config = world_config(world);
    struct endpoint_health *health = mem_new(config->endpoint_count, sizeof *health);
    for (size_t i = 0; i < config->endpoint_count; i++)
        health[i].overall = VERDICT_UP;
    uint8_t *none = mem_new(config->endpoint_count + config->site_count + config->service_count, 1);
    const struct world_state state = {.health = health, .endpoint_orders = none, .site_orders = none};
    struct snapshot *snapshot = snapshot_build(world, place, &state, none, NULL, wall_s, 0);
    if (!snapshot_is_signed(snapshot))
        snapshot_sign(snapshot, wall_s, threads);
    snapshot_free(snapshot);
    free(none);
    free(health);
}
