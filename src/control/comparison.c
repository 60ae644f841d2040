#include "control/comparison.h"

#include "base/hash.h"
#include "base/memory.h"
#include "base/progress.h"
#include "geo/pairs.h"

#include <stdlib.h>
#include <string.h>

enum { FLOWS_TOLD = 1000, FLOWS_TOLD_OF_SERVICE = 20 };

/* Where clients go from one place to another. */
struct stream {
    uint16_t from, to;
    double weight;
};

/* What becomes of a service. */
struct fate {
    const char *name;
    int before, after;    /* its number in the configurations, or -1 */
    bool measured;        /* its demand is known */
    double weight;        /* of its clients among all */
    double times;         /* services that this outcome stands for */
    double moved, inside; /* of its own clients, 0 to 1 */
    double was_km, is_km, farther_km, farther_p99_km, located;
    struct stream *streams; /* shares of its clients, largest first; owned, or those of another one like it */
    size_t stream_count, stream_left;
    struct fate *like; /* one that chooses alike, so that all but name and weight is the same */
    uint64_t print;
};

struct comparison {
    struct held before, after;
    struct flow *flows; /* sorted by service, then class */
    size_t flow_count;
    struct shift_places places;
    struct class_pair *pairs;
    size_t pair_count;
    double *weights;       /* by pair, of the service at hand */
    double *known_weights; /* by pair, of all addresses: sum is 1 */
    uint32_t *first_pair;  /* by class before; one more for the end */
    struct shift all, one;
    struct fate *fates;
    size_t fate_count;
};

static const struct config *config_of(const struct held *held)
{
    return world_config(held->world);
}

static int by_service(const void *a, const void *b)
{
    const struct flow *x = a, *y = b;
    if (x->service != y->service)
        return x->service < y->service ? -1 : 1;
    return x->class < y->class ? -1 : x->class > y->class;
}

static void assume(struct comparison *comparison, enum assumption assumption)
{
    const size_t before = config_of(&comparison->before)->endpoint_count, after = config_of(&comparison->after)->endpoint_count;
    bool *known = mem_new(after, sizeof *known);
    for (size_t i = 0; i < before; i++) {
        if (comparison->places.twins[i] != UINT16_MAX)
            known[comparison->places.twins[i]] = true;
        if (assumption == ASSUME_ALL_UP)
            held_assume_up(&comparison->before, i);
    }
    for (size_t i = 0; i < after; i++)
        if (assumption == ASSUME_ALL_UP || (!known[i] && comparison->after.health[i].overall == VERDICT_UNKNOWN))
            held_assume_up(&comparison->after, i);
    free(known);
}

struct comparison *comparison_new(const struct setup *before, const struct setup *after, const struct flow *flows, size_t flow_count,
                                  enum assumption assumption)
{
    struct comparison *comparison = mem_new(1, sizeof *comparison);
    held_init(&comparison->before, before);
    held_init(&comparison->after, after);
    comparison->flows = mem_copy(flows, flow_count * sizeof *flows);
    comparison->flow_count = flow_count;
    if (flow_count)
        qsort(comparison->flows, flow_count, sizeof *flows, by_service);
    shift_places_init(&comparison->places, config_of(&comparison->before), config_of(&comparison->after));
    assume(comparison, assumption);
    return comparison;
}

void comparison_free(struct comparison *comparison)
{
    if (comparison == NULL)
        return;
    for (size_t i = 0; i < comparison->fate_count; i++)
        if (!comparison->fates[i].like)
            free(comparison->fates[i].streams);
    free(comparison->fates);
    if (comparison->all.flows) {
        shift_release(&comparison->all);
        shift_release(&comparison->one);
    }
    shift_places_release(&comparison->places);
    free(comparison->flows);
    free(comparison->pairs);
    free(comparison->weights);
    free(comparison->known_weights);
    free(comparison->first_pair);
    held_release(&comparison->before);
    held_release(&comparison->after);
    free(comparison);
}

static void index_pairs(struct comparison *comparison)
{
    const struct geo *before = place_geo(comparison->before.place), *after = place_geo(comparison->after.place);
    const uint32_t classes = geo_classes(before)->count;
    comparison->pairs = geo_pairs(before, after, &comparison->pair_count);
    comparison->weights = mem_new(comparison->pair_count, sizeof *comparison->weights);
    comparison->known_weights = mem_new(comparison->pair_count, sizeof *comparison->known_weights);
    comparison->first_pair = mem_new((size_t)classes + 1, sizeof *comparison->first_pair);
    double known = 0;
    for (size_t i = 0; i < comparison->pair_count; i++) {
        comparison->first_pair[comparison->pairs[i].before + 1]++;
        known += comparison->pairs[i].known;
    }
    for (uint32_t i = 0; i < classes; i++)
        comparison->first_pair[i + 1] += comparison->first_pair[i];
    for (size_t i = 0; i < comparison->pair_count; i++)
        comparison->known_weights[i] = comparison->pairs[i].known / known;
}

/* Clients of a class are spread over the classes after as its addresses are. */
static void weigh_class(struct comparison *comparison, uint32_t class_number, double rate)
{
    const uint32_t first = comparison->first_pair[class_number], end = comparison->first_pair[class_number + 1];
    double addresses = 0;
    for (uint32_t i = first; i < end; i++)
        addresses += comparison->pairs[i].v4 + comparison->pairs[i].v6;
    for (uint32_t i = first; i < end; i++)
        comparison->weights[i] += rate * (comparison->pairs[i].v4 + comparison->pairs[i].v6) / addresses;
}

/* What was measured of a service's clients, 0 where nothing was; each class goes to take, unless it is NULL. */
static double rate_of(struct comparison *comparison, uint32_t service, void (*take)(struct comparison *, uint32_t, double))
{
    size_t low = 0, high = comparison->flow_count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (comparison->flows[middle].service < service)
            low = middle + 1;
        else
            high = middle;
    }
    double sum = 0;
    for (; low < comparison->flow_count && comparison->flows[low].service == service; low++) {
        sum += comparison->flows[low].rate;
        if (take)
            take(comparison, comparison->flows[low].class, comparison->flows[low].rate);
    }
    return sum;
}

/* spec: room for it. service: -1 where it is not. */
static struct shift_side side_of(const struct held *held, int service, struct plan_spec *spec)
{
    const bool answered =
        service >= 0 && held->services[service] != SERVICE_DISABLED && world_service_spec(held->world, (size_t)service, spec);
    return (struct shift_side){.policy = place_policy(held->place),
                               .config = config_of(held),
                               .classes = geo_classes(place_geo(held->place)),
                               .state = &held->state,
                               .spec = answered ? spec : NULL};
}

/* A client is in a bucket by the hash of as much of its address as the service says; where each query draws, by none. */
static bool same_buckets(const struct service *before, const struct service *after, bool v6)
{
    if (before == NULL || after == NULL || before->spread_query || after->spread_query)
        return true;
    return v6 ? before->sticky_v6 == after->sticky_v6 : before->sticky_v4 == after->sticky_v4;
}

/* Of all that the outcome is made from, but for weights. */
static uint64_t print_of(const struct shift_input *input)
{
    const struct shift_side *sides[] = {&input->before, &input->after};
    uint64_t print = hash_mix(1 + input->same_buckets[0] + 2u * input->same_buckets[1]);
    for (unsigned i = 0; i < 2; i++)
        print = hash_mix(print ^ (sides[i]->spec ? policy_spec_hash(sides[i]->policy, sides[i]->state, sides[i]->spec) : 7));
    return print;
}

static int by_weight(const void *a, const void *b)
{
    const struct stream *x = a, *y = b;
    return x->weight != y->weight ? (x->weight < y->weight ? 1 : -1) : x->from != y->from ? x->from - y->from : x->to - y->to;
}

/* Who moves, largest first; at most so many, *ret_left: how many more. */
static struct stream *streams_of(const struct shift *shift, size_t most, size_t *ret_count, size_t *ret_left)
{
    struct stream *streams = NULL;
    size_t room = 0, count = 0;
    for (size_t i = 0; i < shift->count * shift->count; i++) {
        const size_t from = i / shift->count, to = i % shift->count;
        if (from == to || shift->flows[i] <= 0)
            continue;
        streams = mem_grow(streams, &room, count + 1, sizeof *streams);
        streams[count++] = (struct stream){(uint16_t)from, (uint16_t)to, shift->flows[i] / shift->all};
    }
    if (count)
        qsort(streams, count, sizeof *streams, by_weight);
    *ret_count = count < most ? count : most;
    *ret_left = count - *ret_count;
    return streams;
}

static void note_fate(struct fate *fate, const struct shift *shift)
{
    fate->moved = shift->moved / shift->all;
    fate->inside = shift->inside / shift->all;
    fate->was_km = spread_mean(&shift->was);
    fate->is_km = spread_mean(&shift->is);
    fate->farther_km = spread_mean(&shift->farther);
    fate->farther_p99_km = spread_percentile(&shift->farther, 0.99);
    fate->located = shift->was.weight / shift->all;
    fate->streams = streams_of(shift, FLOWS_TOLD_OF_SERVICE, &fate->stream_count, &fate->stream_left);
}

static struct fate *find_like(const struct comparison *comparison, const struct fate *fate)
{
    for (struct fate *other = comparison->fates; other < fate; other++)
        if (!other->like && !other->measured && other->before >= 0 && other->print == fate->print)
            return other;
    return NULL;
}

static const struct service *service_of(const struct held *held, int number)
{
    return number < 0 ? NULL : &config_of(held)->services[number];
}

/* specs: room for those of both sides. */
static struct shift_input input_of(const struct comparison *comparison, const struct fate *fate, struct plan_spec specs[2])
{
    const struct service *was = service_of(&comparison->before, fate->before), *is = service_of(&comparison->after, fate->after);
    return (struct shift_input){
        .places = &comparison->places,
        .before = side_of(&comparison->before, fate->before, &specs[0]),
        .after = side_of(&comparison->after, fate->after, &specs[1]),
        .same_buckets = {same_buckets(was, is, false), same_buckets(was, is, true)},
        .pairs = comparison->pairs,
        .weights = fate->measured ? comparison->weights : comparison->known_weights,
        .pair_count = comparison->pair_count,
    };
}

/* A service of the world before (number -1: none), or one only of the world after. */
static void add_fate(struct comparison *comparison, int before, int after)
{
    struct fate *fate = &comparison->fates[comparison->fate_count++];
    const struct service *service = before < 0 ? service_of(&comparison->after, after) : service_of(&comparison->before, before);
    *fate = (struct fate){.name = service->name, .before = before, .after = after};
    if (before < 0)
        return;
    fate->measured = rate_of(comparison, (uint32_t)before, NULL) > 0;
    fate->weight = comparison->flow_count ? rate_of(comparison, (uint32_t)before, NULL) : 1;
    struct plan_spec specs[2];
    const struct shift_input input = input_of(comparison, fate, specs);
    fate->print = print_of(&input);
    fate->like = fate->measured ? NULL : find_like(comparison, fate);
    struct fate *made = fate->like ? fate->like : fate;
    made->times += fate->measured || comparison->flow_count == 0;
}

static void compare_service(struct comparison *comparison, struct fate *fate)
{
    struct plan_spec specs[2];
    const struct shift_input input = input_of(comparison, fate, specs);
    memset(comparison->weights, 0, comparison->pair_count * sizeof *comparison->weights);
    rate_of(comparison, (uint32_t)fate->before, weigh_class);
    shift_clear(&comparison->one);
    shift_add(&comparison->one, &input);
    note_fate(fate, &comparison->one);
    if (fate->times > 0)
        shift_merge(&comparison->all, &comparison->one, fate->times);
}

static void copy_fate(struct fate *fate, const struct fate *like)
{
    const struct fate own = *fate;
    *fate = *like;
    fate->name = own.name;
    fate->before = own.before;
    fate->after = own.after;
    fate->weight = own.weight;
    fate->like = own.like;
}

void comparison_run(struct comparison *comparison)
{
    const struct config *before = config_of(&comparison->before), *after = config_of(&comparison->after);
    index_pairs(comparison);
    shift_init(&comparison->all, &comparison->places);
    shift_init(&comparison->one, &comparison->places);
    comparison->fates = mem_new(before->service_count + after->service_count, sizeof *comparison->fates);
    for (size_t i = 0; i < before->service_count; i++)
        add_fate(comparison, (int)i, config_service(after, before->services[i].name));
    for (size_t i = 0; i < after->service_count; i++)
        if (config_service(before, after->services[i].name) < 0)
            add_fate(comparison, -1, (int)i);
    progress_begin("comparing services", comparison->fate_count);
    for (struct fate *at = comparison->fates; at < comparison->fates + comparison->fate_count; at++) {
        progress_step((uint64_t)(at - comparison->fates));
        if (at->like)
            copy_fate(at, at->like);
        else if (at->before >= 0)
            compare_service(comparison, at);
    }
}

double comparison_moved(const struct comparison *comparison)
{
    return comparison->all.all > 0 ? 100 * comparison->all.moved / comparison->all.all : 0;
}

static json_t *place_json(const struct comparison *comparison, uint16_t place)
{
    const char *name = comparison->places.names[place];
    return name ? json_string(name) : json_null();
}

static json_t *streams_json(const struct comparison *comparison, const struct stream *streams, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:o, s:o, s:f}", "from", place_json(comparison, streams[i].from), "to",
                                              place_json(comparison, streams[i].to), "percent", 100 * streams[i].weight));
    return list;
}

static json_t *distance_json(const struct fate *fate)
{
    return json_pack("{s:f, s:f, s:f, s:f, s:f}", "known_percent", 100 * fate->located, "mean_before_km", fate->was_km, "mean_after_km",
                     fate->is_km, "moved_farther_km", fate->farther_km, "moved_farther_p99_km", fate->farther_p99_km);
}

static void put_fate(const struct comparison *comparison, const struct fate *fate, json_t *object)
{
    json_object_set_new(object, "moved_percent", json_real(100 * fate->moved));
    json_object_set_new(object, "inside_percent", json_real(100 * fate->inside));
    json_object_set_new(object, "distance", distance_json(fate));
    json_object_set_new(object, "moves", streams_json(comparison, fate->streams, fate->stream_count));
    json_object_set_new(object, "moves_left_out", json_integer((json_int_t)fate->stream_left));
}

static const char *stay_text(bool was, bool is)
{
    return was && is ? "stays" : was ? "goes" : "comes";
}

static json_t *services_json(const struct comparison *comparison)
{
    json_t *list = json_array();
    for (size_t i = 0; i < comparison->fate_count; i++) {
        const struct fate *fate = &comparison->fates[i];
        json_t *object = json_pack("{s:s, s:s, s:s, s:f}", "service", fate->name, "change", stay_text(fate->before >= 0, fate->after >= 0),
                                   "weighed_by", fate->measured ? "demand" : "addresses", "percent_of_all",
                                   comparison->all.all > 0 && fate->before >= 0 ? 100 * fate->weight / comparison->all.all : 0.0);
        if (fate->before >= 0)
            put_fate(comparison, fate, object);
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *sites_json(const struct comparison *comparison)
{
    const struct shift *all = &comparison->all;
    const struct config *before = config_of(&comparison->before), *after = config_of(&comparison->after);
    json_t *list = json_array();
    for (uint16_t place = 0; place < comparison->places.nowhere; place++) {
        const char *name = comparison->places.names[place];
        double was = 0, is = 0;
        for (uint16_t other = 0; other < all->count; other++) {
            was += all->flows[place * all->count + other];
            is += all->flows[other * all->count + place];
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:f, s:f}", "site", name, "change",
                                              stay_text(config_site(before, name) >= 0, config_site(after, name) >= 0), "before_percent",
                                              all->all > 0 ? 100 * was / all->all : 0.0, "after_percent",
                                              all->all > 0 ? 100 * is / all->all : 0.0));
    }
    return list;
}

json_t *comparison_json(const struct comparison *comparison)
{
    struct fate all = {.like = NULL};
    if (comparison->all.all > 0) {
        note_fate(&all, &comparison->all);
        free(all.streams);
        all.streams = streams_of(&comparison->all, FLOWS_TOLD, &all.stream_count, &all.stream_left);
    }
    json_t *object = json_pack("{s:s, s:s, s:s}", "before", config_of(&comparison->before)->path, "after",
                               config_of(&comparison->after)->path, "weighed_by", comparison->flow_count ? "demand" : "addresses");
    put_fate(comparison, &all, object);
    json_object_set_new(object, "sites", sites_json(comparison));
    json_object_set_new(object, "services", services_json(comparison));
    free(all.streams);
    return object;
}

char *comparison_text(const struct comparison *comparison)
{
    const struct shift *all = &comparison->all;
    return mem_format("%.1f %% of the clients (by %s) would move to another site, %.1f %% to another endpoint inside their site",
                      comparison_moved(comparison), comparison->flow_count ? "measured demand" : "address space",
                      all->all > 0 ? 100 * all->inside / all->all : 0);
}
