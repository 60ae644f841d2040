#include "policy/calibration.h"

#include "base/hash.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Queries whose calls last at a site. */
struct part {
    float queries;
    uint8_t site;
};

enum { LEARN_FAST = 2 }; /* the share of a surprise that is learned in a small part of the time that calls last, by that part */
enum { LOAD_MOST = 2 };  /* so many times its capacity is the most that is believed of a site */
enum { PARTS_MAX = 16 }; /* of the sites that a line's calls are at; what is left of others is not followed */

struct entry {
    uint64_t key;
    double factor;  /* calls of a query */
    double queries; /* last seen: a second, times how long calls last */
    unsigned part_count;
    bool seen;
    struct part parts[PARTS_MAX];
};

struct calibration {
    struct entry *entries; /* open addressing, at most half full; key 0: free */
    size_t size, count;
    double factor;
    bool started, measured;
    double foreign[SITES_MAX];
};

/* No factor is farther than this from that of all. */
static const double factor_span = 1000;

struct calibration *calibration_new(void)
{
    return mem_new(1, sizeof(struct calibration));
}

void calibration_free(struct calibration *calibration)
{
    if (calibration)
        free(calibration->entries);
    free(calibration);
}

double calibration_factor(const struct calibration *calibration)
{
    return calibration->measured ? calibration->factor : 0;
}

void calibration_set_factor(struct calibration *calibration, double factor)
{
    calibration->factor = factor;
    calibration->measured = factor > 0;
}

static struct entry *find_entry(const struct calibration *calibration, uint64_t key)
{
    size_t at = key & (calibration->size - 1);
    while (calibration->entries[at].key && calibration->entries[at].key != key)
        at = (at + 1) & (calibration->size - 1);
    return &calibration->entries[at];
}

/* Makes room for so many more, and leaves out those who have nothing left. */
static void make_room(struct calibration *calibration, size_t more)
{
    const struct calibration old = *calibration;
    size_t size = 1024;
    while (size < (old.count + more) * 2)
        size *= 2;
    calibration->entries = mem_new(size, sizeof *calibration->entries);
    calibration->size = size;
    calibration->count = 0;
    for (size_t i = 0; i < old.size; i++) {
        if (old.entries[i].key == 0 || (old.entries[i].part_count == 0 && !old.entries[i].seen))
            continue;
        *find_entry(calibration, old.entries[i].key) = old.entries[i];
        calibration->count++;
    }
    free(old.entries);
}

/* To about six kilometres: of classes that prefer the sites in the same order. */
static uint64_t place_key(const struct classes *classes, uint32_t number)
{
    const struct class_place *place = classes->places ? &classes->places[number] : NULL;
    const int32_t at[3] = {place ? (int32_t)(place->x * 1000) : 0, place ? (int32_t)(place->y * 1000) : 0,
                           place ? (int32_t)(place->z * 1000) : 0};
    return hash_bytes(at, sizeof at, 0);
}

/* By names, so that what was learned outlives a reload: of the sites of the class and of the spec. */
static uint64_t key_of(const struct balance_input *input, const uint64_t *names, const struct flow *flow)
{
    const struct plan_spec *spec = &input->specs[input->spec_of_service[flow->service]];
    const uint8_t *order = class_order(input->policy->classes, flow->class);
    uint64_t key =
        place_key(input->policy->classes, flow->class) ^ spec->policy ^ (uint64_t)class_mark(input->policy->classes, flow->class) << 32;
    for (size_t i = 0; i < spec->site_count; i++)
        key = (key ^ names[spec->sites[i]]) * 0x9fb21c651e98df25ULL;
    for (size_t i = 0; i < input->policy->config->site_count; i++)
        key = (key ^ names[order[i]]) * 0x9fb21c651e98df25ULL;
    key = hash_mix(key);
    return key ? key : 1;
}

static void hash_names(const struct config *config, uint64_t ret[SITES_MAX])
{
    for (size_t i = 0; i < config->site_count; i++)
        ret[i] = hash_bytes(config->sites[i].name, strlen(config->sites[i].name), 0);
}

static struct part *part_of(struct entry *entry, uint8_t site)
{
    for (unsigned i = 0; i < entry->part_count; i++)
        if (entry->parts[i].site == site)
            return &entry->parts[i];
    if (entry->part_count < PARTS_MAX) {
        entry->parts[entry->part_count] = (struct part){0, site};
        return &entry->parts[entry->part_count++];
    }
    struct part *least = entry->parts;
    for (unsigned i = 1; i < entry->part_count; i++)
        if (entry->parts[i].queries < least->queries)
            least = &entry->parts[i];
    *least = (struct part){0, site};
    return least;
}

/* Old calls end, new ones come, each with the time that a call lasts and an answer is kept; gone: how much of the old ones. Several services may share
 * a line. */
static void follow(struct entry *entry, const uint8_t sites[BUCKETS], double queries, double gone)
{
    for (unsigned i = 0; i < entry->part_count && !entry->seen; i++)
        entry->parts[i].queries *= (float)(1 - gone);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        if (sites[bucket] == NO_SITE)
            continue;
        part_of(entry, sites[bucket])->queries += (float)(queries / BUCKETS * gone);
    }
    entry->queries = queries + (entry->seen ? entry->queries : 0);
    entry->seen = true;
}

static void forget_crumbs(struct entry *entry, double gone)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < entry->part_count; i++) {
        if (!entry->seen)
            entry->parts[i].queries *= (float)(1 - gone);
        if (entry->parts[i].queries > 1e-6f)
            entry->parts[kept++] = entry->parts[i];
    }
    entry->part_count = kept;
}

static void follow_all(struct calibration *calibration, const struct calibration_step *step)
{
    const struct balance_input *input = step->input;
    const double lasts_ms = step->hold_ms + input->ttl_ms / 2.0;
    const double gone =
        calibration->started ? -expm1(-(double)step->elapsed_ms / lasts_ms) : 1; /* at first: all has been as it is for long */
    uint64_t names[SITES_MAX];
    uint8_t sites[BUCKETS];
    hash_names(input->policy->config, names);
    for (size_t i = 0; i < calibration->size; i++)
        calibration->entries[i].seen = false;
    make_room(calibration, input->flow_count);
    for (size_t i = 0; i < input->flow_count; i++) {
        const uint64_t key = key_of(input, names, &input->flows[i]);
        struct entry *entry = find_entry(calibration, key);
        if (entry->key == 0) {
            *entry = (struct entry){.key = key, .factor = calibration->factor};
            calibration->count++;
        }
        market_choices(step->market, step->prices_m, i, sites);
        follow(entry, sites, input->flows[i].rate * step->hold_ms / 1000, gone);
    }
    for (size_t i = 0; i < calibration->size; i++)
        if (calibration->entries[i].key)
            forget_crumbs(&calibration->entries[i], gone);
    calibration->started = true;
}

static void expect(const struct calibration *calibration, double *ret_expected)
{
    memset(ret_expected, 0, SITES_MAX * sizeof *ret_expected);
    for (size_t i = 0; i < calibration->size; i++)
        for (unsigned k = 0; k < calibration->entries[i].part_count; k++)
            ret_expected[calibration->entries[i].parts[k].site] +=
                calibration->entries[i].factor * (double)calibration->entries[i].parts[k].queries;
}

static bool is_measured(const struct fullness *site)
{
    return site->capacity > 0 && site->load.trust > 0;
}

/* A source may err by more than there can be. */
static double seen_at(const struct fullness *site)
{
    return fmin(site->load.calls, LOAD_MOST * site->capacity);
}

/* The first measurement ever says what queries mean on the whole. */
static void learn_scale(struct calibration *calibration, const struct calibration_step *step)
{
    double queries[SITES_MAX] = {0}, seen = 0, asked = 0;
    for (size_t i = 0; i < calibration->size; i++)
        for (unsigned k = 0; k < calibration->entries[i].part_count; k++)
            queries[calibration->entries[i].parts[k].site] += (double)calibration->entries[i].parts[k].queries;
    for (size_t i = 0; i < step->market->site_count; i++) {
        const struct fullness *site = &step->input->sites[i];
        if (!is_measured(site))
            continue;
        seen += seen_at(site) * site->load.trust;
        asked += queries[i] * site->load.trust;
    }
    if (asked <= 0 || seen <= 0)
        return;
    calibration->factor = seen / asked;
    calibration->measured = true;
    for (size_t i = 0; i < calibration->size; i++)
        calibration->entries[i].factor = calibration->factor;
}

/* How much more than expected is seen where this line's calls should be, by their places; and how well that is known. */
static double surprise(const struct entry *entry, const double *ratios, const double *trusts, double *ret_known)
{
    double all = 0, known = 0, sum = 0;
    for (unsigned i = 0; i < entry->part_count; i++) {
        const struct part *part = &entry->parts[i];
        all += (double)part->queries;
        known += (double)part->queries * trusts[part->site];
        sum += (double)part->queries * trusts[part->site] * ratios[part->site];
    }
    *ret_known = all > 0 ? known / all : 0;
    return known > 0 ? sum / known : 1;
}

static void learn(struct calibration *calibration, const struct calibration_step *step, const double *expected)
{
    double ratios[SITES_MAX], trusts[SITES_MAX] = {0}, calls = 0, queries = 0;
    const double pace = -expm1(-(double)LEARN_FAST * step->elapsed_ms / step->hold_ms);
    for (size_t i = 0; i < step->market->site_count; i++) {
        const struct fullness *site = &step->input->sites[i];
        trusts[i] = is_measured(site) ? site->load.trust : 0;
        ratios[i] = (seen_at(site) + 1) / (expected[i] + 1); /* one call more in both: where there is next to nothing, nothing is learned */
    }
    for (size_t i = 0; i < calibration->size; i++) {
        struct entry *entry = &calibration->entries[i];
        double known;
        const double ratio = fmax(0.25, fmin(surprise(entry, ratios, trusts, &known), 4));
        entry->factor *= pow(ratio, pace * known);
        entry->factor = fmax(calibration->factor / factor_span, fmin(entry->factor, calibration->factor * factor_span));
        calls += entry->factor * entry->queries;
        queries += entry->queries;
    }
    if (queries > 0)
        calibration->factor = calls / queries;
}

/* Twice the deviation of a count is chance. What is beyond takes room at once, and gives it back as fast as calls end. What is missing gives room, as
 * slowly, and no more of it in all than is taken elsewhere: calls that are here and not there were misplaced, not invented. More than all the room there is
 * cannot be taken, and would be long in going. */
static void find_foreign(struct calibration *calibration, const struct calibration_step *step, const double *expected)
{
    const double gone = -expm1(-(double)step->elapsed_ms / step->hold_ms);
    const size_t sites = step->market->site_count;
    double now[SITES_MAX], beyond = 0, missing = 0;
    for (size_t i = 0; i < sites; i++) {
        const struct fullness *site = &step->input->sites[i];
        const double more = is_measured(site) ? seen_at(site) - expected[i] : 0, chance = 2 * sqrt(expected[i]);
        now[i] = site->load.trust * (more > 0 ? fmin(fmax(0, more - chance), site->capacity) : fmin(0, more + chance));
        beyond += fmax(0, now[i]);
        missing += fmax(0, -now[i]);
    }
    for (size_t i = 0; i < sites; i++) {
        if (now[i] < 0 && missing > beyond)
            now[i] *= beyond / missing;
        const bool at_once = now[i] > 0 && now[i] > calibration->foreign[i];
        calibration->foreign[i] = at_once ? now[i] : calibration->foreign[i] + (now[i] - calibration->foreign[i]) * gone;
    }
}

void calibration_look(struct calibration *calibration, const struct calibration_step *step, double *ret_expected, double *ret_foreign)
{
    follow_all(calibration, step);
    if (!calibration->measured)
        learn_scale(calibration, step);
    expect(calibration, ret_expected);
    memset(ret_foreign, 0, step->market->site_count * sizeof *ret_foreign);
    if (!calibration->measured)
        return;
    learn(calibration, step, ret_expected);
    expect(calibration, ret_expected);
    find_foreign(calibration, step, ret_expected);
    memcpy(ret_foreign, calibration->foreign, step->market->site_count * sizeof *ret_foreign);
}

void calibration_weigh(const struct calibration *calibration, const struct balance_input *input, uint32_t hold_ms, double *ret_calls)
{
    uint64_t names[SITES_MAX];
    hash_names(input->policy->config, names);
    for (size_t i = 0; i < input->flow_count; i++) {
        const struct entry *entry = calibration->size ? find_entry(calibration, key_of(input, names, &input->flows[i])) : NULL;
        const double factor = entry && entry->key ? entry->factor : calibration->factor;
        ret_calls[i] = factor * input->flows[i].rate * hold_ms / 1000;
    }
}

void calibration_renumber(struct calibration *calibration, const uint8_t new_of[SITES_MAX])
{
    double foreign[SITES_MAX] = {0};
    for (size_t i = 0; i < SITES_MAX; i++)
        if (new_of[i] != NO_SITE)
            foreign[new_of[i]] = calibration->foreign[i];
    memcpy(calibration->foreign, foreign, sizeof foreign);
    for (size_t i = 0; i < calibration->size; i++) {
        struct entry *entry = &calibration->entries[i];
        unsigned kept = 0;
        for (unsigned k = 0; k < entry->part_count; k++)
            if (new_of[entry->parts[k].site] != NO_SITE)
                entry->parts[kept++] = (struct part){entry->parts[k].queries, new_of[entry->parts[k].site]};
        entry->part_count = kept;
    }
}
