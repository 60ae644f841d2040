/* The winners of every bucket are read from the plans themselves, made for one target: so what is compared is what would be answered. */
#include "policy/shift.h"

#include "base/distance.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NOBODY = UINT16_MAX, TURNS = 16 };

static const double degree = 57.29577951308232; /* of a radian */

static uint16_t place_named(const struct shift_places *places, const char *name)
{
    uint16_t at = 0;
    while (at < places->count && strcmp(places->names[at], name) != 0)
        at++;
    return at;
}

/* Both lists are grouped by site. */
static uint16_t twin_of(const struct config *before, const struct config *after, size_t number)
{
    const struct endpoint *endpoint = &before->endpoints[number];
    const int site = config_site(after, before->sites[endpoint->site].name);
    if (site < 0)
        return NOBODY;
    const struct site *of = &after->sites[site];
    for (size_t i = of->first_endpoint; i < (size_t)of->first_endpoint + of->endpoint_count; i++)
        if (strcmp(after->endpoints[i].host, endpoint->host) == 0)
            return (uint16_t)i;
    return NOBODY;
}

void shift_places_init(struct shift_places *places, const struct config *before, const struct config *after)
{
    *places = (struct shift_places){.twins = mem_new(before->endpoint_count, sizeof *places->twins)};
    for (size_t i = 0; i < before->site_count; i++) {
        places->of_before[i] = places->count;
        places->names[places->count++] = before->sites[i].name;
    }
    for (size_t i = 0; i < after->site_count; i++) {
        const uint16_t at = place_named(places, after->sites[i].name);
        places->of_after[i] = at;
        if (at == places->count)
            places->names[places->count++] = after->sites[i].name;
    }
    places->nowhere = places->count++;
    for (size_t i = 0; i < before->endpoint_count; i++)
        places->twins[i] = twin_of(before, after, i);
}

void shift_places_release(struct shift_places *places)
{
    free(places->twins);
}

void shift_init(struct shift *shift, const struct shift_places *places)
{
    *shift = (struct shift){.count = places->count, .flows = mem_new((size_t)places->count * places->count, sizeof *shift->flows)};
    spread_init(&shift->was);
    spread_init(&shift->is);
    spread_init(&shift->farther);
}

void shift_release(struct shift *shift)
{
    free(shift->flows);
    spread_release(&shift->was);
    spread_release(&shift->is);
    spread_release(&shift->farther);
}

void shift_clear(struct shift *shift)
{
    shift->all = shift->moved = shift->inside = 0;
    memset(shift->flows, 0, shift->count * shift->count * sizeof *shift->flows);
    spread_clear(&shift->was);
    spread_clear(&shift->is);
    spread_clear(&shift->farther);
}

void shift_merge(struct shift *shift, const struct shift *other, double times)
{
    shift->all += other->all * times;
    shift->moved += other->moved * times;
    shift->inside += other->inside * times;
    for (size_t i = 0; i < shift->count * shift->count; i++)
        shift->flows[i] += other->flows[i] * times;
    spread_merge(&shift->was, &other->was, times);
    spread_merge(&shift->is, &other->is, times);
    spread_merge(&shift->farther, &other->farther, times);
}

/* Who wins each bucket of a run: endpoints, NOBODY where none is chosen. */
static void winners(const struct plan *plan, uint32_t run, uint16_t ret[BUCKETS])
{
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const struct selection *selection = plan_selection(plan, run, bucket);
        ret[bucket] = selection->kind == SELECTION_STEERED ? plan->choices[selection->first].endpoint : NOBODY;
    }
}

/* Some buckets of a pair of runs: where they are before and after. */
struct cell {
    uint16_t from, to; /* site numbers of each side; NOBODY */
    uint16_t count, inside;
};

struct cells {
    uint32_t run_before, run_after; /* whose they are */
    bool aligned, made;
    unsigned count, all; /* all: buckets looked at */
    struct cell *of;     /* room for BUCKETS * TURNS */
    uint16_t before[BUCKETS], after[BUCKETS];
};

struct comparer {
    const struct shift_input *input;
    struct shift *shift;
    struct plan *before, *after; /* NULL: nobody is chosen */
    struct cells cells;
};

static uint16_t site_of(const struct shift_side *side, uint16_t endpoint)
{
    return endpoint == NOBODY ? NOBODY : side->config->endpoints[endpoint].site;
}

static void add_bucket(struct comparer *comparer, uint16_t before, uint16_t after)
{
    struct cells *cells = &comparer->cells;
    const struct shift_input *input = comparer->input;
    const uint16_t from = site_of(&input->before, before), to = site_of(&input->after, after);
    unsigned at = 0;
    while (at < cells->count && (cells->of[at].from != from || cells->of[at].to != to))
        at++;
    if (at == cells->count)
        cells->of[cells->count++] = (struct cell){.from = from, .to = to};
    cells->of[at].count++;
    cells->of[at].inside += before != NOBODY && after != NOBODY && input->places->twins[before] != after;
    cells->all++;
}

/* Clients whose buckets are drawn anew meet every other bucket; some turns of one against the other are enough to tell how often. */
static void fill_cells(struct comparer *comparer, uint32_t run_before, uint32_t run_after, bool aligned)
{
    struct cells *cells = &comparer->cells;
    if (cells->made && cells->run_before == run_before && cells->run_after == run_after && cells->aligned == aligned)
        return;
    cells->made = true;
    cells->run_before = run_before;
    cells->run_after = run_after;
    cells->aligned = aligned;
    cells->count = cells->all = 0;
    memset(cells->before, 0xff, sizeof cells->before);
    memset(cells->after, 0xff, sizeof cells->after);
    if (comparer->before)
        winners(comparer->before, run_before, cells->before);
    if (comparer->after)
        winners(comparer->after, run_after, cells->after);
    for (unsigned turn = 0; turn < (aligned ? 1 : TURNS); turn++)
        for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
            add_bucket(comparer, cells->before[bucket],
                       cells->after[aligned ? bucket : (bucket + BUCKETS / TURNS / 2 + turn * (BUCKETS / TURNS + 1)) % BUCKETS]);
}

/* Where a class's clients are; false where that is not known. */
static bool place_of(const struct classes *classes, uint32_t number, double *ret_latitude, double *ret_longitude)
{
    const struct class_place *place = classes->places ? &classes->places[number] : NULL;
    if (place == NULL || (place->x == 0 && place->y == 0 && place->z == 0))
        return false;
    *ret_latitude = asin(fmax(-1, fmin(place->z, 1))) * degree;
    *ret_longitude = atan2(place->y, place->x) * degree;
    return true;
}

static double km_to(const struct shift_side *side, uint16_t site, double latitude, double longitude)
{
    return distance_km(latitude, longitude, side->config->sites[site].latitude, side->config->sites[site].longitude);
}

static void add_distances(struct comparer *comparer, const struct class_pair *pair, const struct cell *cell, bool moved, double weight)
{
    const struct shift_input *input = comparer->input;
    struct shift *shift = comparer->shift;
    double latitude, longitude;
    if (!place_of(input->before.classes, pair->before, &latitude, &longitude) &&
        !place_of(input->after.classes, pair->after, &latitude, &longitude))
        return;
    const double was = cell->from == NOBODY ? 0 : km_to(&input->before, cell->from, latitude, longitude);
    const double is = cell->to == NOBODY ? 0 : km_to(&input->after, cell->to, latitude, longitude);
    if (cell->from != NOBODY)
        spread_add(&shift->was, was, weight);
    if (cell->to != NOBODY)
        spread_add(&shift->is, is, weight);
    if (moved && cell->from != NOBODY && cell->to != NOBODY)
        spread_add(&shift->farther, is - was, weight);
}

static void add_cells(struct comparer *comparer, const struct class_pair *pair, double weight)
{
    const struct shift_places *places = comparer->input->places;
    const struct cells *cells = &comparer->cells;
    struct shift *shift = comparer->shift;
    for (unsigned i = 0; i < cells->count; i++) {
        const struct cell *cell = &cells->of[i];
        const uint16_t from = cell->from == NOBODY ? places->nowhere : places->of_before[cell->from];
        const uint16_t to = cell->to == NOBODY ? places->nowhere : places->of_after[cell->to];
        const double share = weight / cells->all;
        shift->all += share * cell->count;
        shift->flows[(size_t)from * shift->count + to] += share * cell->count;
        if (from != to)
            shift->moved += share * cell->count;
        else
            shift->inside += share * cell->inside;
        add_distances(comparer, pair, cell, from != to, share * cell->count);
    }
}

static void add_pair(struct comparer *comparer, const struct class_pair *pair, double weight)
{
    const struct shift_input *input = comparer->input;
    const double parts[2] = {pair->v4, pair->v6};
    const uint32_t run_before = comparer->before ? comparer->before->run_of_class[pair->before] : 0;
    const uint32_t run_after = comparer->after ? comparer->after->run_of_class[pair->after] : 0;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        if (parts[v6] == 0)
            continue;
        fill_cells(comparer, run_before, run_after, input->same_buckets[v6]);
        add_cells(comparer, pair, weight * parts[v6] / (pair->v4 + pair->v6));
    }
}

static struct plan *plan_of_winners(const struct shift_side *side)
{
    if (side->spec == NULL)
        return NULL;
    struct plan_spec spec = *side->spec;
    spec.purpose = PLAN_TARGETS;
    spec.targets = 1;
    spec.by_winner = false; /* the winner is the same, and there are fewer selections */
    return policy_plan(side->policy, side->state, &spec);
}

void shift_add(struct shift *shift, const struct shift_input *input)
{
    struct comparer comparer = {
        .input = input, .shift = shift, .before = plan_of_winners(&input->before), .after = plan_of_winners(&input->after)};
    comparer.cells.of = mem_new((size_t)BUCKETS * TURNS, sizeof *comparer.cells.of);
    for (size_t i = 0; i < input->pair_count; i++)
        if (input->weights[i] > 0)
            add_pair(&comparer, &input->pairs[i], input->weights[i]);
    free(comparer.cells.of);
    plan_unref(comparer.before);
    plan_unref(comparer.after);
}
