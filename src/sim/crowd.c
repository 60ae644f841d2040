#include "sim/crowd.h"

#include "base/distance.h"
#include "base/memory.h"
#include "policy/policy.h"

#include <math.h>
#include <stdlib.h>

/* Phones that register do so at times of their own: a kind of them behind a cache is so many parts. */
enum { REGISTERING_PARTS = 4, HOURS = 24, MS_PER_HOUR = 3600000 };

struct maker {
    struct crowd *crowd;
    const struct geo *geo;
    const struct service *service;
};

/* The number-th network of a place, as sticky networks are usually cut: /24 or /48; they begin anew where the place has no more. */
static struct addr network_of(const struct scenario_place *place, unsigned number)
{
    struct addr addr = place->network.addr;
    const unsigned cut = addr.family == FAMILY_V4 ? 24 : 48, len = place->network.len;
    const unsigned free_bits = len < cut ? cut - len : 0;
    if (free_bits < 32)
        number &= (1u << free_bits) - 1;
    for (unsigned at = cut / 8; number > 0 && at-- > 0; number >>= 8)
        addr.bytes[at] |= (uint8_t)number;
    addr.bytes[addr_octets(addr.family) - 1] |= 1;
    return addr;
}

static uint32_t add_cache(const struct maker *maker, const struct scenario_resolver *kind, unsigned place, unsigned number)
{
    struct crowd *crowd = maker->crowd;
    const struct addr client = network_of(&crowd->scenario->places[place], number);
    const uint8_t sticky = client.family == FAMILY_V4 ? maker->service->sticky_v4 : maker->service->sticky_v6;
    struct prefix cut = {client, sticky};
    addr_mask(&cut.addr, sticky);
    crowd->caches = mem_grow(crowd->caches, &crowd->cache_room, crowd->cache_count + 1, sizeof *crowd->caches);
    crowd->caches[crowd->cache_count] = (struct cache){.client = cut,
                                                       .class = trie_class(geo_trie(maker->geo), &client, NULL),
                                                       .bucket = (uint8_t)policy_bucket(&client, sticky),
                                                       .keep_ms = kind->keep_ms,
                                                       .site = NO_PLACE};
    return (uint32_t)crowd->cache_count++;
}

static void add_phones(struct crowd *crowd, unsigned place, uint32_t cache, unsigned agent, double weight)
{
    const struct scenario_agent *kind = &crowd->scenario->agents[agent];
    const unsigned parts = kind->register_ms ? REGISTERING_PARTS : 1;
    for (unsigned i = 0; i < parts && weight > 0; i++) {
        size_t room = crowd->phones_room;
        crowd->phones = mem_grow(crowd->phones, &crowd->phones_room, crowd->phones_count + 1, sizeof *crowd->phones);
        crowd->sums = mem_grow(crowd->sums, &room, crowd->phones_count + 1, sizeof *crowd->sums);
        const uint32_t period_s = kind->register_ms / 1000 ? kind->register_ms / 1000 : 1;
        crowd->phones[crowd->phones_count] = (struct phones){.place = place,
                                                             .cache = cache,
                                                             .agent = (uint16_t)agent,
                                                             .shunned = NOBODY,
                                                             .registered = NOBODY,
                                                             .phase_s = dice_below(&crowd->dice, period_s)};
        crowd->sums[crowd->phones_count++] = weight / parts;
    }
}

/* All phones of a place that use resolvers of a kind. firsts: by kind, the first cache of one that is in one place for all. */
static void add_users(const struct maker *maker, unsigned place, const struct scenario_resolver *kind, uint32_t shared, unsigned *number)
{
    struct crowd *crowd = maker->crowd;
    const struct scenario *scenario = crowd->scenario;
    const unsigned caches = kind->networks * kind->caches;
    for (unsigned i = 0; i < caches; i++) {
        const uint32_t cache = kind->at >= 0 ? shared + i : add_cache(maker, kind, place, *number + i / kind->caches);
        for (size_t agent = 0; agent < scenario->agent_count; agent++)
            add_phones(crowd, place, cache, (unsigned)agent, kind->share / caches * scenario->agents[agent].share);
    }
    *number += kind->networks;
}

/* From the weights of a place's phones to their sums, of 1; caches learn what is behind them. */
static void sum_up(struct crowd *crowd, const struct crowd_place *place, double share)
{
    double total = 0;
    for (uint32_t i = 0; i < place->phones_count; i++)
        total += crowd->sums[place->first_phones + i];
    double sum = 0;
    for (uint32_t i = place->first_phones; i < place->first_phones + place->phones_count; i++) {
        crowd->caches[crowd->phones[i].cache].weight += share * crowd->sums[i] / total;
        sum += crowd->sums[i] / total;
        crowd->sums[i] = sum;
    }
}

/* The caches of resolvers that are in one place for all; their networks are the last of that place. */
static void add_shared(const struct maker *maker, uint32_t *ret_firsts)
{
    const struct scenario *scenario = maker->crowd->scenario;
    enum { FROM_THE_END = 1 };
    for (size_t i = 0; i < scenario->resolver_count; i++) {
        const struct scenario_resolver *kind = &scenario->resolvers[i];
        ret_firsts[i] = (uint32_t)maker->crowd->cache_count;
        for (unsigned k = 0; kind->at >= 0 && k < kind->networks * kind->caches; k++)
            add_cache(maker, kind, (unsigned)kind->at, UINT32_MAX - (unsigned)i * 256 - k / kind->caches - FROM_THE_END);
    }
}

static bool find_place(const struct config *config, const struct scenario_place *from, struct crowd_place *place, struct error *err)
{
    struct geo_place found;
    const struct addr addr = network_of(from, 0);
    place->latitude = from->latitude;
    place->longitude = from->longitude;
    if (from->located)
        return true;
    if (!geo_locate(config, &addr, &found, err))
        return false;
    if (!found.known)
        return error_set(err, "places: the geo data does not know where \"%s\" is: give it a location", from->name);
    place->latitude = found.latitude;
    place->longitude = found.longitude;
    return true;
}

static void measure(const struct config *config, struct crowd_place *place)
{
    place->site_km = mem_new(config->site_count, sizeof *place->site_km);
    place->nearest = mem_new(config->site_count, sizeof *place->nearest);
    for (size_t i = 0; i < config->site_count; i++) {
        const struct site *site = &config->sites[i];
        place->site_km[i] = distance_km(place->latitude, place->longitude, site->latitude, site->longitude);
        size_t at = i;
        for (; at > 0 && place->site_km[place->nearest[at - 1]] > place->site_km[i]; at--)
            place->nearest[at] = place->nearest[at - 1];
        place->nearest[at] = (uint8_t)i;
    }
}

static void add_place(const struct maker *maker, unsigned number, const uint32_t *shared)
{
    struct crowd *crowd = maker->crowd;
    const struct scenario *scenario = crowd->scenario;
    struct crowd_place *place = &crowd->places[number];
    unsigned network = 0;
    place->first_phones = (uint32_t)crowd->phones_count;
    for (size_t i = 0; i < scenario->resolver_count; i++)
        add_users(maker, number, &scenario->resolvers[i], shared[i], &network);
    place->phones_count = (uint32_t)crowd->phones_count - place->first_phones;
}

/* Of 1 at the peak hour of the place. */
static double hour_factor(const struct scenario *scenario, const struct crowd_place *place, int64_t at_ms)
{
    const double local = scenario->start_h + (double)at_ms / MS_PER_HOUR + place->longitude * HOURS / 360;
    const double night = scenario->night / 100.0;
    return night + (1 - night) * (0.5 + 0.5 * cos((local - scenario->peak_h) * 2 * 3.141592653589793 / HOURS));
}

/* The scale that gives as many calls as asked for at the start, and the weight of each cache then. */
static void scale_crowd(struct crowd *crowd)
{
    const struct scenario *scenario = crowd->scenario;
    double sum = 0;
    for (size_t i = 0; i < scenario->place_count; i++)
        sum += scenario->places[i].share * hour_factor(scenario, &crowd->places[i], 0);
    crowd->scale = sum > 0 ? scenario->calls / (scenario->hold_ms / 1000.0) / sum : 0;
    for (size_t i = 0; i < scenario->place_count && sum > 0; i++)
        sum_up(crowd, &crowd->places[i], scenario->places[i].share * hour_factor(scenario, &crowd->places[i], 0) / sum);
}

bool crowd_init(struct crowd *crowd, const struct config *config, const struct geo *geo, const struct scenario *scenario, uint64_t seed,
                struct error *err)
{
    *crowd = (struct crowd){.scenario = scenario,
                            .site_count = config->site_count,
                            .places = mem_new(scenario->place_count, sizeof *crowd->places),
                            .place_sums = mem_new(scenario->place_count, sizeof *crowd->place_sums),
                            .dice = dice_new(seed, 'c')};
    const struct maker maker = {crowd, geo, &config->services[scenario->service]};
    uint32_t *shared = mem_new(scenario->resolver_count, sizeof *shared);
    add_shared(&maker, shared);
    bool sound = true;
    for (size_t i = 0; i < scenario->place_count && sound; i++) {
        sound = find_place(config, &scenario->places[i], &crowd->places[i], err);
        measure(config, &crowd->places[i]);
        add_place(&maker, (unsigned)i, shared);
    }
    free(shared);
    if (sound)
        scale_crowd(crowd);
    return sound;
}

void crowd_release(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->scenario->place_count; i++) {
        free(crowd->places[i].site_km);
        free(crowd->places[i].nearest);
    }
    free(crowd->places);
    free(crowd->place_sums);
    free(crowd->caches);
    free(crowd->phones);
    free(crowd->sums);
}

double crowd_rates(struct crowd *crowd, const struct ground *ground, int64_t at_ms)
{
    const struct scenario *scenario = crowd->scenario;
    const double hours = at_ms > 0 ? (double)at_ms / MS_PER_HOUR : 0, grown = fmax(0, 1 + scenario->growth / 100 * hours);
    double sum = 0;
    for (size_t i = 0; i < scenario->place_count; i++) {
        struct crowd_place *place = &crowd->places[i];
        place->rate =
            crowd->scale * scenario->places[i].share * hour_factor(scenario, place, at_ms) * grown * ground->surge[place->nearest[0]];
        sum += place->rate;
        crowd->place_sums[i] = sum;
    }
    return sum;
}

/* The first entry that is above x. */
static size_t search(const double *sums, size_t count, double x)
{
    size_t low = 0, high = count - 1;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (sums[middle] > x)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct phones *crowd_caller(struct crowd *crowd)
{
    const size_t places = crowd->scenario->place_count;
    const double total = crowd->place_sums[places - 1];
    const struct crowd_place *place = &crowd->places[search(crowd->place_sums, places, dice_unit(&crowd->dice) * total)];
    return &crowd->phones[place->first_phones + search(crowd->sums + place->first_phones, place->phones_count, dice_unit(&crowd->dice))];
}
