#include "control/foresee.h"

#include "base/decimal.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/nearest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLOWS_MOST = 4096 };

static const double slack = 0.005; /* of a capacity: less than that past a level is the size of a bucket, and not told */

struct foresight {
    struct held held, then; /* as it is, and as it would be */
    struct supposition supposition;
    struct plan_spec *specs;
    size_t spec_count;
    struct calls *flows;
    size_t flow_count;
    double *capacities_now, *capacities_then, *cluster_capacities;
    bool by_demand, filled; /* filled: as many calls as all sites want, */
    bool shares;            /* or a hundred where no site says what it can take */
    bool measured;          /* the calls are those that there are */
    double *loads;          /* by site: calls as measured, negative where they are not; NULL: nowhere */
    struct prediction prediction;
};

static const char *const foreseen_texts[FORESEEN + 1] = {"nothing", "fail", "drain", "capacity", "orders"};

const char *foreseen_text(enum foreseen what)
{
    return foreseen_texts[what];
}

bool foreseen_parse(const char *text, enum foreseen *ret_what)
{
    for (*ret_what = 0; *ret_what < FORESEEN; (*ret_what)++)
        if (strcmp(text, foreseen_texts[*ret_what]) == 0)
            return true;
    return false;
}

static bool unknown_site(const struct config *config, const char *name, struct error *err)
{
    const char *close = NULL;
    for (size_t i = 0; i < config->site_count; i++)
        close = closer_name(name, close, config->sites[i].name);
    return error_set(err, "there is no site \"%.60s\"%s%s%s", name, close ? "; did you mean \"" : "", close ? close : "",
                     close ? "\"?" : "");
}

/* One word, which is changed. */
static bool read_site(const struct config *config, char *word, struct supposition *ret, struct error *err)
{
    char *equals = strchr(word, '=');
    uint32_t calls = 0;
    if (ret->what == FORESEE_CAPACITY) {
        if (!equals || !decimal_parse(equals + 1, UINT32_MAX, &calls))
            return error_set(err, "\"%.60s\": SITE=CALLS was expected, as in london=500", word);
        *equals = '\0';
    }
    if (ret->what == FORESEE_CAPACITY && calls == 0)
        return error_set(err, "site %.60s: what can take nothing fails: ask what-if fail", word);
    const int site = config_site(config, word);
    if (site < 0)
        return unknown_site(config, word, err);
    for (size_t i = 0; i < ret->count; i++)
        if (ret->sites[i] == site)
            return error_set(err, "site %s is there twice", word);
    ret->sites[ret->count] = (uint8_t)site;
    ret->capacities[ret->count++] = calls;
    return true;
}

bool supposition_read(const struct config *config, enum foreseen what, const char *sites, struct supposition *ret_supposition,
                      struct error *err)
{
    *ret_supposition = (struct supposition){.what = what};
    char *text = mem_text(sites ? sites : ""), *rest = NULL;
    bool good = true;
    for (char *word = strtok_r(text, " ", &rest); good && word; word = strtok_r(NULL, " ", &rest))
        good = read_site(config, word, ret_supposition, err);
    free(text);
    if (good && (ret_supposition->count == 0) != (what == FORESEE_NOTHING))
        return error_set(err, what == FORESEE_NOTHING ? "it takes no sites" : "no site is named");
    return good;
}

bool clientele_calls(const char *text, double *ret_calls, struct error *err)
{
    uint32_t calls;
    if (text == NULL)
        return true;
    if (!decimal_parse(text, UINT32_MAX, &calls) || calls == 0)
        return error_set(err, "\"%.40s\" is no number of calls", text);
    *ret_calls = calls;
    return true;
}

/* Services that choose alike are one. ret: by service, its spec; NONE_YET where it is not answered with records. */
#define NONE_YET UINT32_MAX

static void find_specs(struct foresight *foresight, uint32_t *ret_spec_of)
{
    const struct config *config = world_config(foresight->held.world);
    const struct policy *policy = place_policy(foresight->held.place);
    uint64_t *prints = mem_new(config->service_count, sizeof *prints);
    foresight->specs = mem_new(config->service_count, sizeof *foresight->specs);
    for (size_t i = 0; i < config->service_count; i++) {
        struct plan_spec spec;
        ret_spec_of[i] = NONE_YET;
        if (foresight->held.services[i] == SERVICE_DISABLED || !world_service_spec(foresight->held.world, i, &spec))
            continue;
        uint64_t print = policy_spec_hash(policy, &foresight->held.state, &spec);
        if (foresight->supposition.what == FORESEE_ORDERS) /* which may tell services apart that have chosen alike */
            print = hash_mix(print ^ policy_spec_hash(policy, &foresight->then.state, &spec) << 1);
        uint32_t at = 0;
        while (at < foresight->spec_count && prints[at] != print)
            at++;
        if (at == foresight->spec_count) {
            prints[at] = print;
            foresight->specs[foresight->spec_count++] = spec;
        }
        ret_spec_of[i] = at;
    }
    free(prints);
}

/* By class, of each spec. */
static double *weights_of(const struct foresight *foresight, const struct clientele *clientele, const uint32_t *spec_of)
{
    const struct classes *classes = geo_classes(place_geo(foresight->held.place));
    double *weights = mem_new(foresight->spec_count * classes->count, sizeof *weights);
    for (size_t i = 0; i < clientele->flow_count; i++) {
        const struct flow *flow = &clientele->flows[i];
        if (spec_of[flow->service] != NONE_YET)
            weights[(size_t)spec_of[flow->service] * classes->count + flow->class] += flow->rate;
    }
    if (clientele->flow_count > 0)
        return weights;
    for (size_t i = 0; i < world_config(foresight->held.world)->service_count; i++)
        for (uint32_t number = 0; spec_of[i] != NONE_YET && number < classes->count; number++)
            weights[(size_t)spec_of[i] * classes->count + number] +=
                classes->places ? classes->places[number].weight : number == classes->unknown;
    return weights;
}

/* Classes stand in the order of their sites, so neighbours choose nearly alike: where there are very many, some of them go together, at the one with the
 * most callers. */
static void join_neighbours(struct foresight *foresight)
{
    const size_t together = (foresight->flow_count + FLOWS_MOST - 1) / FLOWS_MOST;
    const struct classes *classes = geo_classes(place_geo(foresight->held.place));
    size_t kept = 0;
    for (size_t i = 0; together > 1 && i < foresight->flow_count; kept++) {
        const struct calls *first = &foresight->flows[i], *heaviest = first;
        double calls = 0;
        const size_t end = i + together < foresight->flow_count ? i + together : foresight->flow_count;
        for (; i < end && foresight->flows[i].spec == first->spec &&
               class_mark(classes, foresight->flows[i].class_number) == class_mark(classes, first->class_number);
             i++) {
            calls += foresight->flows[i].calls;
            if (foresight->flows[i].calls > heaviest->calls)
                heaviest = &foresight->flows[i];
        }
        foresight->flows[kept] = (struct calls){heaviest->spec, heaviest->class_number, calls};
    }
    if (together > 1)
        foresight->flow_count = kept;
}

static void fill_flows(struct foresight *foresight, const struct clientele *clientele, double calls)
{
    const uint32_t classes = geo_classes(place_geo(foresight->held.place))->count;
    uint32_t *spec_of = mem_new(world_config(foresight->held.world)->service_count, sizeof *spec_of);
    find_specs(foresight, spec_of);
    double *weights = weights_of(foresight, clientele, spec_of), sum = 0;
    for (size_t i = 0; i < foresight->spec_count * classes; i++)
        sum += weights[i];
    size_t room = 0;
    for (size_t i = 0; i < foresight->spec_count * classes; i++) {
        if (weights[i] <= 0)
            continue;
        foresight->flows = mem_grow(foresight->flows, &room, foresight->flow_count + 1, sizeof *foresight->flows);
        foresight->flows[foresight->flow_count++] =
            (struct calls){.spec = (uint32_t)(i / classes), .class_number = (uint32_t)(i % classes), .calls = calls * weights[i] / sum};
    }
    join_neighbours(foresight);
    free(weights);
    free(spec_of);
}

static void suppose(struct foresight *foresight)
{
    const struct config *config = world_config(foresight->held.world);
    const struct supposition *supposition = &foresight->supposition;
    for (size_t i = 0; i < supposition->count; i++) {
        const struct site *site = &config->sites[supposition->sites[i]];
        if (supposition->what == FORESEE_DRAIN)
            foresight->then.site_orders[supposition->sites[i]] = ORDERED_DRAIN;
        if (supposition->what == FORESEE_CAPACITY)
            foresight->capacities_then[supposition->sites[i]] = supposition->capacities[i];
        for (size_t e = site->first_endpoint; supposition->what == FORESEE_FAIL && e < (size_t)site->first_endpoint + site->endpoint_count;
             e++)
            held_assume_down(&foresight->then, e);
    }
}

/* All that the sites want together; 0: no capacity is known. */
static double all_targets(const struct config *config, const double *capacities)
{
    double sum = 0;
    for (size_t i = 0; i < config->site_count; i++)
        sum += capacities[i] * config->sites[i].room.target / 100;
    return sum;
}

static void take_capacities(struct foresight *foresight)
{
    const struct config *config = world_config(foresight->held.world);
    foresight->capacities_now = mem_new(config->site_count, sizeof *foresight->capacities_now);
    balance_capacities(place_policy(foresight->held.place), &foresight->held.state, foresight->capacities_now);
    foresight->capacities_then = mem_copy(foresight->capacities_now, config->site_count * sizeof *foresight->capacities_then);
    foresight->cluster_capacities = mem_new(config->cluster_count, sizeof *foresight->cluster_capacities);
    for (size_t i = 0; i < config->cluster_count; i++)
        foresight->cluster_capacities[i] = limits_calls(&config->clusters[i].limits, config->balance.hold_ms);
}

static double *measured_loads(const struct config *config, const struct site_balance *report)
{
    double *loads = report ? mem_new(config->site_count, sizeof *loads) : NULL;
    for (size_t i = 0; report && i < config->site_count; i++)
        loads[i] = report[i].trust > 0 ? report[i].measured : -1;
    return loads;
}

static struct foresight *begin(const struct setup *setup, const struct supposition *supposition)
{
    struct foresight *foresight = mem_new(1, sizeof *foresight);
    foresight->supposition = *supposition;
    held_init(&foresight->held, setup);
    held_init(&foresight->then, setup);
    return foresight;
}

/* Freed, and NULL, when nothing can be told. */
static struct foresight *finish(struct foresight *foresight, const struct clientele *clientele, struct error *err)
{
    const struct config *config = world_config(foresight->held.world);
    const double wanted = all_targets(config, foresight->capacities_now);
    foresight->by_demand = clientele->by_demand;
    foresight->measured = clientele->measured;
    foresight->loads = measured_loads(config, clientele->report);
    foresight->filled = clientele->calls <= 0;
    foresight->shares = foresight->filled && wanted <= 0 && foresight->supposition.what == FORESEE_ORDERS;
    if (!foresight->shares && foresight->supposition.what != FORESEE_ORDERS && wanted <= 0 &&
        all_targets(config, foresight->capacities_then) <= 0) {
        error_set(err, "no site has a capacity to compare loads with: give sites or endpoints capacity or capacity_cps");
        foresight_free(foresight);
        return NULL;
    }
    fill_flows(foresight, clientele, foresight->shares ? 100 : foresight->filled ? wanted : clientele->calls);
    if (foresight->flow_count > 0)
        return foresight;
    error_set(err, "no service is answered, so there are no callers");
    foresight_free(foresight);
    return NULL;
}

struct foresight *foresight_new(const struct setup *setup, const struct supposition *supposition, const struct clientele *clientele,
                                bool assume_up, struct error *err)
{
    struct foresight *foresight = begin(setup, supposition);
    for (size_t i = 0; assume_up && i < world_config(setup->world)->endpoint_count; i++) {
        held_assume_up(&foresight->held, i);
        held_assume_up(&foresight->then, i);
    }
    take_capacities(foresight);
    suppose(foresight);
    return finish(foresight, clientele, err);
}

struct foresight *foresight_of_orders(const struct setup *setup, const struct reordering *reordering, const struct clientele *clientele,
                                      struct error *err)
{
    const size_t count = world_config(setup->world)->site_count;
    struct foresight *foresight = begin(setup, &(struct supposition){.what = FORESEE_ORDERS});
    held_order(&foresight->held, reordering->now, reordering->place);
    held_order(&foresight->then, reordering->then, reordering->place);
    take_capacities(foresight);
    balance_capacities(place_policy(foresight->then.place), &foresight->then.state, foresight->capacities_then);
    for (size_t i = 0; i < count; i++) /* whoever takes nobody still can, as a last resort */
        if (foresight->capacities_then[i] <= 0)
            foresight->capacities_then[i] = foresight->capacities_now[i];
    return finish(foresight, clientele, err);
}

void foresight_free(struct foresight *foresight)
{
    prediction_release(&foresight->prediction);
    free(foresight->specs);
    free(foresight->flows);
    free(foresight->capacities_now);
    free(foresight->capacities_then);
    free(foresight->cluster_capacities);
    free(foresight->loads);
    held_release(&foresight->held);
    held_release(&foresight->then);
    free(foresight);
}

static struct scenario scenario_of(const struct foresight *foresight, const struct held *held, const double *capacities,
                                   const uint32_t *prices_m)
{
    return (struct scenario){
        .demand = {.policy = place_policy(held->place),
                   .state = &held->state,
                   .specs = foresight->specs,
                   .spec_count = foresight->spec_count,
                   .flows = foresight->flows,
                   .flow_count = foresight->flow_count},
        .capacities = capacities,
        .cluster_capacities = foresight->cluster_capacities,
        .prices_m = prices_m,
    };
}

/* Prices in force belong to the calls that there really are; else they are those that it comes to, on both sides. */
void foresight_run(struct foresight *foresight)
{
    const struct scenario now =
        scenario_of(foresight, &foresight->held, foresight->capacities_now, foresight->measured ? foresight->held.prices_m : NULL);
    const struct scenario then = scenario_of(foresight, &foresight->then, foresight->capacities_then, NULL);
    balance_predict(&now, &then, &foresight->prediction);
}

enum level { LEVEL_ROOM, LEVEL_TARGET, LEVEL_MAX, LEVEL_UNKNOWN };

static enum level level_of(const struct predicted_site *site)
{
    const double calls = site->calls - slack * site->capacity;
    if (site->capacity <= 0)
        return LEVEL_UNKNOWN;
    return calls > site->max ? LEVEL_MAX : calls > site->target ? LEVEL_TARGET : LEVEL_ROOM;
}

static const char *level_text(enum level level)
{
    static const char *const texts[] = {"room", "past target", "past max", "unknown"};
    return texts[level];
}

static json_t *load_json(const struct predicted_site *site)
{
    json_t *object =
        json_pack("{s:f, s:f, s:s}", "calls", site->calls, "price_km", site->price_m / 1000.0, "level", level_text(level_of(site)));
    if (site->capacity > 0)
        json_object_update_new(object, json_pack("{s:f, s:f}", "capacity", site->capacity, "percent", 100 * site->calls / site->capacity));
    return object;
}

static bool is_past_max(const struct foresight *foresight, size_t site)
{
    const struct predicted_site *before = &foresight->prediction.before[site], *after = &foresight->prediction.after[site];
    return level_of(after) == LEVEL_MAX && after->calls > before->calls + slack * after->capacity;
}

/* "paris would have 412 calls, 137 % of what it can take, and at most 90 % are allowed; ..." */
static size_t tell_past_max(const struct foresight *foresight, char *out, size_t room)
{
    const struct config *config = world_config(foresight->held.world);
    size_t count = 0, at = 0;
    for (size_t i = 0; i < foresight->prediction.to_count; i++) {
        const struct predicted_site *site = &foresight->prediction.after[i];
        if (is_past_max(foresight, i) && ++count <= 3 && at < room)
            at += (size_t)snprintf(out + at, room - at, "%s%s would have %.0f calls, %.0f %% of what it can take (max %u %%)",
                                   count > 1 ? "; " : "", config->sites[i].name, site->calls, 100 * site->calls / site->capacity,
                                   config->sites[i].room.max);
    }
    return count;
}

bool foresight_allows(const struct foresight *foresight, struct error *err)
{
    char sites[400] = "", more[40] = "", lost[100] = "";
    const double without = foresight->prediction.lost_after - foresight->prediction.lost_before;
    const size_t count = tell_past_max(foresight, sites, sizeof sites);
    if (count > 3)
        snprintf(more, sizeof more, "; and %zu sites more", count - 3);
    if (without >= 0.5)
        snprintf(lost, sizeof lost, "%s%.0f calls would find no site", count ? "; " : "", without);
    if (count == 0 && !lost[0])
        return true;
    return error_set(err, "%s%s%s (%s)", sites, more, lost,
                     foresight->measured ? "with the calls that there are now"
                     : foresight->shares ? "of a hundred calls"
                     : foresight->filled
                         ? "if there were as many calls as all sites want together: no load is measured, --calls N says how many there are"
                         : "with so many calls as given");
}

static bool is_supposed(const struct foresight *foresight, size_t site)
{
    for (size_t i = 0; i < foresight->supposition.count; i++)
        if (foresight->supposition.sites[i] == site)
            return true;
    return false;
}

static json_t *site_json(const struct foresight *foresight, size_t number)
{
    const struct site *site = &world_config(foresight->held.world)->sites[number];
    json_t *now = load_json(&foresight->prediction.before[number]);
    if (foresight->loads && foresight->loads[number] >= 0)
        json_object_set_new(now, "measured_calls", json_real(foresight->loads[number]));
    return json_pack("{s:s, s:b, s:i, s:i, s:o, s:o}", "site", site->name, "supposed", is_supposed(foresight, number), "target_percent",
                     (int)site->room.target, "max_percent", (int)site->room.max, "now", now, "then",
                     load_json(&foresight->prediction.after[number]));
}

static json_t *sites_json(const struct foresight *foresight)
{
    json_t *list = json_array();
    for (size_t i = 0; i < foresight->prediction.to_count; i++)
        json_array_append_new(list, site_json(foresight, i));
    return list;
}

/* Who moves from where to where. */
struct passage {
    size_t from, to;
    double calls;
};

static int by_calls(const void *a, const void *b)
{
    const struct passage *x = a, *y = b;
    return x->calls != y->calls ? (x->calls < y->calls ? 1 : -1)
           : x->from != y->from ? (int)x->from - (int)y->from
                                : (int)x->to - (int)y->to;
}

static json_t *moves_json(const struct foresight *foresight)
{
    const struct prediction *prediction = &foresight->prediction;
    const struct site *sites = world_config(foresight->held.world)->sites;
    struct passage *passages = mem_new(prediction->from_count * prediction->to_count, sizeof *passages);
    size_t count = 0;
    for (size_t from = 0; from < prediction->from_count; from++)
        for (size_t to = 0; to < prediction->to_count; to++) {
            const double calls = prediction->moves[from * prediction->to_count + to];
            if (from != to && calls > 0)
                passages[count++] = (struct passage){from, to, calls};
        }
    qsort(passages, count, sizeof *passages, by_calls);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:f, s:f}", "from", sites[passages[i].from].name, "to", sites[passages[i].to].name,
                                        "calls", passages[i].calls, "percent", 100 * passages[i].calls / prediction->calls));
    free(passages);
    return list;
}

/* The calls at sites that are past this level, and how many sites there are. */
static size_t count_past(const struct foresight *foresight, enum level level, double *ret_calls)
{
    size_t count = 0;
    *ret_calls = 0;
    for (size_t i = 0; i < foresight->prediction.to_count; i++) {
        const struct predicted_site *site = &foresight->prediction.after[i];
        const enum level at = level_of(site);
        if (at < level || at == LEVEL_UNKNOWN)
            continue;
        count++;
        *ret_calls += site->calls - (level == LEVEL_MAX ? site->max : site->target);
    }
    return count;
}

/* Calls that would get no site, or one that fails: where nobody else is left, on_all_down may have everybody answered with the dead. */
static double lost_calls(const struct foresight *foresight)
{
    const struct supposition *supposition = &foresight->supposition;
    double lost = foresight->prediction.lost_after;
    for (size_t i = 0; supposition->what == FORESEE_FAIL && i < supposition->count; i++)
        lost += foresight->prediction.after[supposition->sites[i]].calls;
    return lost;
}

json_t *foresight_json(const struct foresight *foresight)
{
    const struct prediction *prediction = &foresight->prediction;
    double past_max, past_target;
    const size_t full = count_past(foresight, LEVEL_MAX, &past_max), busy = count_past(foresight, LEVEL_TARGET, &past_target);
    const double lost = lost_calls(foresight);
    json_t *object = json_pack("{s:s, s:s, s:s, s:f}", "what", foreseen_text(foresight->supposition.what), "weighed_by",
                               foresight->by_demand ? "demand" : "addresses", "calls_by",
                               foresight->measured ? "measured"
                               : foresight->shares ? "shares"
                               : foresight->filled ? "targets"
                                                   : "given",
                               "calls", prediction->calls);
    json_object_update_new(object, json_pack("{s:f, s:f, s:f, s:f}", "moved_calls", prediction->moved, "moved_percent",
                                             100 * prediction->moved / prediction->calls, "farther_km", prediction->mean_km,
                                             "farther_p99_km", prediction->p99_km));
    json_object_update_new(object, json_pack("{s:b, s:I, s:f, s:I, s:f, s:f}", "holds", full == 0 && lost < 0.5, "sites_past_max",
                                             (json_int_t)full, "calls_past_max", past_max, "sites_past_target", (json_int_t)busy,
                                             "calls_past_target", past_target, "calls_without_site", lost));
    json_object_set_new(object, "sites", sites_json(foresight));
    json_object_set_new(object, "moves", moves_json(foresight));
    return object;
}
