/* What stays the same between reloads: the configuration, the zones, and what is bound of the two: every name with its prepared octets, every
 * steered RRset with its records by endpoint. Built by a loader thread, immutable, shared by reference count.
 * Thread: any reads; the last world_unref() frees. */
#pragma once

#include "base/report.h"
#include "geo/geo.h"
#include "model/plan.h"
#include "policy/policy.h"
#include "zone/zone.h"

struct world;
struct signer;

/* What is needed to sign what is steered, and the few records that are made with it. */
struct world_signing {
    struct signer *const *signers; /* by zone; NULL for one that is not signed. References are taken */
    int64_t now_s;                 /* wall clock */
    int64_t renew_s;               /* when the first signature of the zones should be renewed; wall clock */
};

/* Binds services to zones. Takes a reference to config and to each zone in every case (array copied). NULL when unsound, for example when a target of a
 * steered RRset is no endpoint of the service's sites; everything goes to report. zones: one for each config->zones entry. signing: NULL if none is
 * signed. */
struct world *world_new(struct config *config, struct zone *const *zones, const struct world_signing *signing, struct report *report);
struct world *world_ref(struct world *world);
void world_unref(struct world *world);

const struct config *world_config(const struct world *world);
const struct zone *world_zone(const struct world *world, size_t index);
/* The number of the zone with this apex (wire format, lower case), or -1. */
int world_find_zone(const struct world *world, const uint8_t *apex, size_t apex_len);
/* A reference that outlives the world, for what takes longer than it may. */
struct zone *world_zone_ref(const struct world *world, size_t index);
/* References for another world of the same configuration; of a signed zone, the plain one. */
struct config *world_config_ref(const struct world *world);
struct zone *world_plain_zone(const struct world *world, size_t index);

/* When (wall clock, seconds) a key next changes its part: then a new world is due. INT64_MAX: never. */
int64_t world_event_s(const struct world *world);

/* Addresses of an endpoint's host in the zone files (A first), for probing. */
size_t world_addresses(const struct world *world, size_t endpoint, const struct addr **ret_addrs);

/* How a service chooses on the whole, whatever the transport and family that is asked for: one target, the endpoints that any of its RRsets offers.
 * Points into world. False: its zone's data have not come yet, so nothing is answered. */
bool world_service_spec(const struct world *world, size_t service, struct plan_spec *ret_spec);

/* The geo data and the policy's draws of one configuration, for all worlds made of it; replaced when a database changes, shared by reference
 * count. */
struct place;
struct place *place_new(struct world *world, struct report *report); /* compiles; slow; NULL with findings */
/* The same with clients told apart by these areas, too, for planned switches (NULL: none). */
struct place *place_new_areas(struct world *world, const struct areas *areas, struct report *report);
struct place *place_ref(struct place *place);
void place_unref(struct place *place);
/* Grows with each place that is made: whose classes and services a number is of. */
uint32_t place_number(const struct place *place);
struct geo *place_geo(const struct place *place);
const struct policy *place_policy(const struct place *place);
