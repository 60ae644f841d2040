#include "control/audience.h"

#include "base/log.h"
#include "base/memory.h"
#include "control/metering.h"
#include "snapshot/lottery.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED = 20 };

/* Below these nothing is drawn: what is heavy in a moment's few answers says little, and a few answers a second fill no site. */
static const double lottery_known = 0.3, lottery_rate = 10;

struct audience {
    struct demand *demand;
    struct streams *streams;
    uint64_t lost; /* counts that found no room, since the start */
    struct prefix lottery[LOTTERY_MAX];
    size_t lottery_count;
};

struct audience *audience_new(void)
{
    struct audience *audience = mem_new(1, sizeof *audience);
    audience->demand = demand_new(demand_half_life_ms(0));
    audience->streams = streams_new();
    return audience;
}

void audience_free(struct audience *audience)
{
    if (audience == NULL)
        return;
    demand_free(audience->demand);
    streams_free(audience->streams);
    free(audience);
}

struct gathering {
    struct demand *demand;
    uint32_t place;
    const struct classes *classes;
    struct metering *metering;
};

static void gather(void *context, const struct demand_cell *cell)
{
    const struct gathering *gathering = context;
    if (cell->place == gathering->place) {
        demand_add(gathering->demand, cell, 1);
        metering_answers(gathering->metering, cell, gathering->classes);
    } else {
        demand_lose(gathering->demand, cell->count);
        gathering->metering->lost += cell->count;
    }
}

static double site_capacity(const struct config *config, const struct site *site)
{
    double sum = site->limits.calls;
    for (size_t i = site->first_endpoint; site->limits.calls == 0 && i < (size_t)site->first_endpoint + site->endpoint_count; i++)
        sum += config->endpoints[i].limits.calls;
    return sum;
}

/* Where a site's capacity is not said, they count as equal. */
double audience_heavy_share(const struct config *config)
{
    double smallest = INFINITY, sum = 0;
    for (size_t i = 0; i < config->site_count; i++) {
        const double capacity = site_capacity(config, &config->sites[i]);
        smallest = capacity < smallest ? capacity : smallest;
        sum += capacity;
    }
    const double part = config->site_count == 0 ? 1 : smallest > 0 ? smallest / sum : 1.0 / (double)config->site_count;
    return config->balance.heavy / 100.0 * part;
}

static bool same_prefix(const struct prefix *a, const struct prefix *b)
{
    return a->len == b->len && addr_equal(&a->addr, &b->addr);
}

static bool takes_part(const struct audience *audience, const struct prefix *prefix)
{
    for (size_t i = 0; i < audience->lottery_count; i++)
        if (same_prefix(&audience->lottery[i], prefix))
            return true;
    return false;
}

static void log_change(const struct heavy *heavy, const char *what)
{
    char text[PREFIX_TEXT];
    log_notice("demand: %s %s, with %.1f %% of all answers (%.0f a second)", prefix_format(&heavy->prefix, text), what, heavy->share * 100,
               heavy->rate);
}

/* Who is in it stays until it has half of what it takes to come in, so that nobody comes and goes. */
static bool hold_lottery(struct audience *audience, const struct config *config)
{
    struct heavy heavy[LOTTERY_MAX];
    struct prefix chosen[LOTTERY_MAX];
    const double share = audience_heavy_share(config);
    const bool sound = config->balance.enabled && demand_known(audience->demand) >= lottery_known;
    const size_t found = sound ? demand_heavy(audience->demand, share / 2, heavy, LOTTERY_MAX) : 0;
    size_t count = 0, came = 0;
    for (size_t i = 0; i < found; i++) {
        const bool in = takes_part(audience, &heavy[i].prefix);
        const double rate = in ? lottery_rate / 2 : lottery_rate;
        if (heavy[i].rate < rate || (!in && heavy[i].share < share))
            continue;
        chosen[count++] = heavy[i].prefix;
        came += !in;
        if (!in)
            log_change(&heavy[i], "is spread by lottery");
    }
    const bool changed = came > 0 || count != audience->lottery_count;
    if (count < audience->lottery_count + came)
        log_notice("demand: %zu networks are no longer spread by lottery", audience->lottery_count + came - count);
    memcpy(audience->lottery, chosen, count * sizeof *chosen);
    audience->lottery_count = count;
    return changed;
}

bool audience_gather(struct audience *audience, struct server *server, const struct setup *setup, struct metering *metering,
                     uint64_t now_ms)
{
    struct gathering gathering = {audience->demand, place_number(setup->place), geo_classes(place_geo(setup->place)), metering};
    metering_bind(metering, setup->world, setup->place, now_ms);
    metering_answered_by(metering, snapshot_current());
    const uint64_t lost = server_take_demand(server, gather, &gathering);
    audience->lost += lost;
    metering->lost += (double)lost;
    demand_set_half_life(audience->demand, demand_half_life_ms(world_config(setup->world)->balance.hold_ms));
    demand_lose(audience->demand, (double)lost);
    demand_close(audience->demand, now_ms);
    return hold_lottery(audience, world_config(setup->world));
}

void audience_watch(struct audience *audience, const struct setup *setup, const struct snapshot *snapshot, uint64_t now_ms)
{
    streams_pass(audience->streams, audience->demand, setup, snapshot, now_ms);
}

const struct streams *audience_streams(const struct audience *audience)
{
    return audience->streams;
}

void audience_move(struct audience *audience, struct locale old, struct locale new)
{
    if (old.place == new.place)
        return;
    const struct config *before = world_config(old.world), *after = world_config(new.world);
    const struct classes *from = geo_classes(place_geo(old.place)), *to = geo_classes(place_geo(new.place));
    uint32_t *services = demand_match_services(before, after), *classes = demand_match_classes(before, from, after, to);
    demand_renumber(audience->demand, services, before->service_count, classes, from->count);
    free(services);
    free(classes);
}

void audience_draw(const struct audience *audience, struct snapshot *snapshot)
{
    snapshot_set_lottery(snapshot, audience->lottery, audience->lottery_count);
}

bool audience_knows(const struct audience *audience)
{
    return demand_known(audience->demand) >= 0.5;
}

size_t audience_lottery(const struct audience *audience)
{
    return audience->lottery_count;
}

const struct demand *audience_demand(const struct audience *audience)
{
    return audience->demand;
}

/* --- what is told */

static double share_of(double rate, double all)
{
    return all > 0 ? rate / all : 0;
}

/* The site that the clients of a flow go to when all is well and there is room. */
static uint8_t nearest_site(const struct config *config, const struct classes *classes, const struct flow *flow)
{
    const struct service *service = &config->services[flow->service];
    const uint8_t *order = class_order(classes, flow->class);
    for (size_t i = 0; i < classes->site_count; i++)
        if (memchr(service->sites, order[i], service->site_count))
            return order[i];
    return order[0];
}

static void add_location(json_t *object, const struct classes *classes, uint32_t class)
{
    static const double degree = 57.29577951308232;
    const struct class_place *place = classes->places ? &classes->places[class] : NULL;
    if (place == NULL || (place->x == 0 && place->y == 0 && place->z == 0))
        return;
    json_object_set_new(object, "latitude", json_real(asin((double)place->z) * degree));
    json_object_set_new(object, "longitude", json_real(atan2((double)place->y, (double)place->x) * degree));
}

static json_t *flow_json(const struct config *config, const struct classes *classes, const struct flow *flow, double all)
{
    const uint8_t *order = class_order(classes, flow->class);
    json_t *sites = json_array();
    for (size_t i = 0; i < classes->site_count && i < 3; i++)
        json_array_append_new(sites, json_string(config->sites[order[i]].name));
    json_t *object =
        json_pack("{s:s, s:I, s:s, s:o, s:i, s:f, s:f}", "service", config->services[flow->service].name, "class", (json_int_t)flow->class,
                  "nearest", config->sites[nearest_site(config, classes, flow)].name, "sites", sites, "farther_km",
                  (int)class_band_km(class_band(classes, flow->class)), "rate", flow->rate, "share", share_of(flow->rate, all));
    add_location(object, classes, flow->class);
    return object;
}

static json_t *rate_json(const char *key, const char *name, double rate, double all)
{
    return json_pack("{s:s, s:f, s:f}", key, name, "rate", rate, "share", share_of(rate, all));
}

/* Something of the configuration by its number, and its rate. */
struct rated {
    size_t number;
    double rate;
};

static int by_rate(const void *a, const void *b)
{
    const struct rated *x = a, *y = b;
    return x->rate != y->rate ? (x->rate < y->rate ? 1 : -1) : x->number < y->number ? -1 : 1;
}

/* Puts the largest first where only so many are wanted; returns how many are left. */
static size_t largest(struct rated *rated, size_t count, size_t most)
{
    if (most == 0)
        return count;
    qsort(rated, count, sizeof *rated, by_rate);
    return most < count ? most : count;
}

static struct rated *rated_new(size_t count)
{
    struct rated *rated = mem_new(count + 1, sizeof *rated);
    for (size_t i = 0; i < count; i++)
        rated[i].number = i;
    return rated;
}

static json_t *services_json(const struct config *config, const struct flow *flows, size_t count, double all, size_t most)
{
    json_t *array = json_array();
    struct rated *rated = rated_new(config->service_count);
    for (size_t i = 0; i < count; i++)
        rated[flows[i].service].rate += flows[i].rate;
    const size_t left = largest(rated, config->service_count, most);
    for (size_t i = 0; i < left; i++)
        json_array_append_new(array, rate_json("service", config->services[rated[i].number].name, rated[i].rate, all));
    free(rated);
    return array;
}

static json_t *sites_json(const struct config *config, const struct classes *classes, const struct flow *flows, size_t count, double all,
                          size_t most)
{
    json_t *array = json_array();
    struct rated *rated = rated_new(config->site_count);
    for (size_t i = 0; i < count; i++)
        rated[nearest_site(config, classes, &flows[i])].rate += flows[i].rate;
    const size_t left = largest(rated, config->site_count, most);
    for (size_t i = 0; i < left; i++)
        json_array_append_new(array, rate_json("site", config->sites[rated[i].number].name, rated[i].rate, all));
    free(rated);
    return array;
}

static json_t *heavy_json(const struct audience *audience, size_t most)
{
    struct heavy *heavy = mem_new(most, sizeof *heavy);
    json_t *array = json_array();
    const size_t count = demand_heavy(audience->demand, 0, heavy, most);
    for (size_t i = 0; i < count; i++) {
        char text[PREFIX_TEXT];
        json_t *object = rate_json("network", prefix_format(&heavy[i].prefix, text), heavy[i].rate, demand_rate(audience->demand));
        json_object_set_new(object, "lottery", json_boolean(takes_part(audience, &heavy[i].prefix)));
        json_array_append_new(array, object);
    }
    free(heavy);
    return array;
}

json_t *audience_json(const struct audience *audience, const struct setup *setup, size_t most)
{
    const size_t listed = most ? most : LISTED;
    const struct config *config = world_config(setup->world);
    const struct classes *classes = geo_classes(place_geo(setup->place));
    size_t count;
    bool measured;
    struct flow *flows = demand_flows(audience->demand, classes, config->service_count, &count, &measured);
    double all = 0;
    for (size_t i = 0; i < count; i++)
        all += flows[i].rate;
    json_t *largest = json_array();
    for (size_t i = 0; i < count && i < listed; i++)
        json_array_append_new(largest, flow_json(config, classes, &flows[i], all));
    json_t *object = json_pack(
        "{s:b, s:f, s:f, s:I, s:i, s:I, s:f, s:o, s:o, s:o, s:o}", "measured", measured, "rate",
        measured ? demand_rate(audience->demand) : 0.0, "known", demand_known(audience->demand), "half_life_s",
        (json_int_t)(demand_half_life_ms(config->balance.hold_ms) / 1000), "counted_one_in", (int)DEMAND_ONE_IN, "lost",
        (json_int_t)audience->lost, "heavy_share", audience_heavy_share(config), "services", services_json(config, flows, count, all, most),
        "sites", sites_json(config, classes, flows, count, all, most), "flows", largest, "networks", heavy_json(audience, listed));
    free(flows);
    return object;
}
