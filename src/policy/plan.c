/* Rule 6 and the making of plans. A plan is made in three steps: one pass over the classes finds which sites each one gets (its tuple)
 * and where that changes; each distinct tuple becomes a pick; a pick writes one selection for each distinct combination of its sites'
 * lineups. */
#include "policy/lineup.h"
#include "policy/room.h"

#include "base/hash.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { PRIORITY_STEP = 10 };

/* Where in plan.buckets a row is, and how to know it again. */
struct row {
    uint64_t hash;
    uint32_t index;
};

enum { ROWS_COMPARED = 64 };

struct maker {
    const struct policy *policy;
    const struct world_state *state;
    const struct plan_spec *spec;
    struct plan_spec here; /* spec, for the clients of the stretch at hand */
    struct slate slate;    /* as all below, of that stretch */
    struct route route;    /* of one class at a time, and how much of it there is */
    struct site_list list;
    uint32_t listed;
    bool listed_whole;
    bool by_winner;
    unsigned places; /* of an answer that tell it from others: all, or the winner's alone */
    uint8_t *doubts; /* by endpoint */
    struct plan *plan;
    size_t selection_room, choice_room, bucket_room, run_room;
    struct lineup *lineups[SITES_MAX]; /* by site, of those in use */
    struct numbering numbering;
    struct row *rows; /* that room made */
    size_t row_room, row_count;
};

/* A stretch of an answer: the first places of a lineup. */
struct section {
    struct lineup *lineup;
    unsigned places;
};

/* Ranked: unique priorities, which every user agent follows. Weighted: one priority for a tier of a site, live weights (RFC 2782). */
static void write_choices(const struct policy *policy, const struct plan_spec *spec, const uint16_t *endpoints, unsigned count,
                          struct choice *ret)
{
    uint16_t priority = 0;
    for (unsigned i = 0; i < count; i++) {
        const uint16_t one = endpoints[i], last = endpoints[i ? i - 1 : 0];
        const bool with_last = spec->srv == SRV_WEIGHTED && i > 0 && policy->site_of[one] == policy->site_of[last] &&
                               policy->tiers[one] == policy->tiers[last];
        if (!with_last)
            priority += PRIORITY_STEP;
        ret[i] = (struct choice){one, priority, spec->srv == SRV_WEIGHTED ? policy->weights[one] : 1};
    }
}

static bool site_in_doubt(const struct maker *maker, unsigned number)
{
    const struct site *site = &maker->policy->config->sites[number];
    for (size_t i = site->first_endpoint; i < (size_t)site->first_endpoint + site->endpoint_count; i++)
        if (maker->doubts[i])
            return true;
    return false;
}

static struct selection *new_selection(struct maker *maker)
{
    struct plan *plan = maker->plan;
    plan->selections = mem_grow(plan->selections, &maker->selection_room, plan->selection_count + 1, sizeof *plan->selections);
    struct selection *selection = &plan->selections[plan->selection_count++];
    *selection = (struct selection){.first = plan->choice_count, .kind = maker->slate.kind};
    return selection;
}

/* endpoints: slate.need of them, the winner first. */
static void add_selection(struct maker *maker, const uint16_t *endpoints)
{
    struct plan *plan = maker->plan;
    struct selection *selection = new_selection(maker);
    if (maker->spec->purpose == PLAN_TRANSPORTS) {
        const uint8_t site = maker->policy->site_of[endpoints[0]];
        selection->transports = maker->slate.transports[site];
        selection->doubt = site_in_doubt(maker, site);
        return;
    }
    const unsigned count = maker->slate.need;
    plan->choices = mem_grow(plan->choices, &maker->choice_room, plan->choice_count + count, sizeof *plan->choices);
    write_choices(maker->policy, maker->spec, endpoints, count, plan->choices + plan->choice_count);
    plan->choice_count += count;
    selection->count = (uint8_t)count;
    for (unsigned i = 0; i < count; i++)
        selection->doubt |= maker->doubts[endpoints[i]];
}

/* The selections of a pick, one for each distinct combination of its sections' lineups. */
static struct pick make_pick(struct maker *maker, const struct section *sections, unsigned count)
{
    struct plan *plan = maker->plan;
    struct pattern pattern = *lineup_pattern(sections[0].lineup, sections[0].places, &maker->numbering);
    for (unsigned i = 1; i < count; i++)
        pattern_combine(&pattern, lineup_pattern(sections[i].lineup, sections[i].places, &maker->numbering), &maker->numbering, &pattern);

    const uint32_t base = plan->selection_count;
    for (unsigned number = 0; number < pattern.count; number++) {
        uint16_t endpoints[TARGETS_MAX];
        unsigned filled = 0;
        for (unsigned i = 0; i < count; i++) {
            memcpy(endpoints + filled, sections[i].lineup->who[pattern.first[number]], sections[i].places * sizeof *endpoints);
            filled += sections[i].places;
        }
        if (maker->by_winner)
            winner_fill(maker->policy, &maker->slate, maker->spec, endpoints[0], endpoints);
        add_selection(maker, endpoints);
    }
    if (pattern.count == 1)
        return (struct pick){.index = base, .uniform = true};

    const uint32_t row = plan->bucket_count;
    plan->buckets = mem_grow(plan->buckets, &maker->bucket_room, row + BUCKETS, sizeof *plan->buckets);
    plan->bucket_count += BUCKETS;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
        plan->buckets[row + bucket] = base + pattern.of[bucket];
    return (struct pick){.index = row, .uniform = false};
}

/* Of a winner only the site matters to PLAN_TRANSPORTS: all winners of a site are alike. */
static void forget_winner(const struct maker *maker, uint16_t *endpoint)
{
    if (maker->spec->purpose == PLAN_TRANSPORTS)
        *endpoint = maker->policy->config->sites[maker->policy->site_of[*endpoint]].first_endpoint;
}

static struct lineup *site_lineup(struct maker *maker, unsigned site)
{
    struct lineup **lineup = &maker->lineups[site];
    if (*lineup)
        return *lineup;
    const unsigned size = maker->slate.sizes[site];
    const unsigned places = size < maker->places ? size : maker->places;
    *lineup = mem_new(1, sizeof **lineup);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        site_fill(maker->policy, &maker->slate, site, bucket, places, (*lineup)->who[bucket]);
        forget_winner(maker, (*lineup)->who[bucket]);
    }
    return *lineup;
}

static struct pick pick_of_sites(struct maker *maker, const uint8_t *sites, unsigned count)
{
    struct section sections[TARGETS_MAX];
    unsigned left = maker->places;
    for (unsigned i = 0; i < count; i++) {
        const unsigned size = maker->slate.sizes[sites[i]];
        sections[i] = (struct section){site_lineup(maker, sites[i]), size < left ? size : left};
        left -= sections[i].places;
    }
    return make_pick(maker, sections, count);
}

/* The pick of each tuple that has been seen: open addressing, at most half full. A tuple is its sites, then NO_SITE. */

struct tuple {
    uint8_t sites[TARGETS_MAX];
    struct pick pick;
    bool taken;
};

struct tuples {
    struct tuple *slots;
    size_t size, count;
};

static struct tuple *tuples_find(const struct tuples *tuples, const uint8_t sites[TARGETS_MAX])
{
    size_t at = hash_bytes(sites, TARGETS_MAX, 0) & (tuples->size - 1);
    while (tuples->slots[at].taken && memcmp(tuples->slots[at].sites, sites, TARGETS_MAX) != 0)
        at = (at + 1) & (tuples->size - 1);
    return &tuples->slots[at];
}

static void tuples_grow(struct tuples *tuples)
{
    const struct tuples old = *tuples;
    tuples->size = old.size ? old.size * 2 : 1024;
    tuples->slots = mem_new(tuples->size, sizeof *tuples->slots);
    for (size_t i = 0; i < old.size; i++)
        if (old.slots[i].taken)
            *tuples_find(tuples, old.slots[i].sites) = old.slots[i];
    free(old.slots);
}

static struct pick pick_of_tuple(struct maker *maker, struct tuples *tuples, const uint8_t sites[TARGETS_MAX], unsigned count)
{
    struct tuple *tuple = tuples_find(tuples, sites);
    if (tuple->taken)
        return tuple->pick;
    *tuple = (struct tuple){.pick = pick_of_sites(maker, sites, count), .taken = true};
    memcpy(tuple->sites, sites, TARGETS_MAX);
    const struct pick pick = tuple->pick;
    if (++tuples->count * 2 > tuples->size)
        tuples_grow(tuples);
    return pick;
}

/* What the buckets of a class get where room parts them between sites. */
struct parting {
    struct pick picks[SITES_MAX]; /* by first site */
    bool made[SITES_MAX];
};

static uint32_t picked(const struct plan *plan, struct pick pick, unsigned bucket)
{
    return pick.uniform ? pick.index : plan->buckets[pick.index + bucket];
}

/* The same row may be there already: classes next to each other are often parted alike. */
static struct pick pick_of_row(struct maker *maker, const uint32_t row[BUCKETS])
{
    struct plan *plan = maker->plan;
    const uint64_t hash = hash_bytes(row, BUCKETS * sizeof *row, 0);
    for (size_t i = maker->row_count; i > 0 && i + ROWS_COMPARED > maker->row_count; i--)
        if (maker->rows[i - 1].hash == hash && memcmp(plan->buckets + maker->rows[i - 1].index, row, BUCKETS * sizeof *row) == 0)
            return (struct pick){.index = maker->rows[i - 1].index};
    const uint32_t index = plan->bucket_count;
    plan->buckets = mem_grow(plan->buckets, &maker->bucket_room, index + BUCKETS, sizeof *plan->buckets);
    memcpy(plan->buckets + index, row, BUCKETS * sizeof *row);
    plan->bucket_count += BUCKETS;
    maker->rows = mem_grow(maker->rows, &maker->row_room, maker->row_count + 1, sizeof *maker->rows);
    maker->rows[maker->row_count++] = (struct row){hash, index};
    return (struct pick){.index = index};
}

enum { LISTED_FIRST = 6 };
static const uint32_t UNLISTED = UINT32_MAX;

/* All sites in the order of a class; of a route, which takes long to find, mostly the beginning is enough. */
static struct site_list list_of_class(struct maker *maker, uint32_t class_number, bool whole)
{
    const struct detour *detour = &maker->slate.detour;
    if (detour->mask == 0)
        return natural_order(maker->policy, maker->spec, class_number, 0);
    if (maker->listed == class_number && (maker->listed_whole || !whole))
        return maker->list;
    const struct site_list natural = natural_order(maker->policy, maker->spec, class_number, 0);
    maker->list = detour_route(detour, natural, whole ? SITES_MAX : LISTED_FIRST, &maker->route);
    maker->listed = class_number;
    maker->listed_whole = whole || maker->list.count >= natural.count;
    return maker->list;
}

/* Whether the end of the list was met while there is more. */
static bool fell_short(const struct maker *maker, struct site_list list, size_t walked)
{
    return maker->slate.detour.mask && !maker->listed_whole && walked >= list.count;
}

/* How far into the class's own order that is. */
static size_t natural_walked(const struct maker *maker, size_t walked)
{
    return maker->slate.detour.mask && walked ? maker->route.far[walked - 1] : walked;
}

/* *ret_walked grows to how far into the order one had to look. */
static struct pick pick_behind(struct maker *maker, struct tuples *tuples, uint32_t class_number, uint8_t first, size_t *ret_walked)
{
    uint8_t sites[TARGETS_MAX];
    size_t walked;
    memset(sites, NO_SITE, sizeof sites);
    struct site_list list = list_of_class(maker, class_number, false);
    unsigned count = sites_collect(&maker->slate, list, first, maker->places, sites, &walked);
    if (fell_short(maker, list, walked))
        count = sites_collect(&maker->slate, list_of_class(maker, class_number, true), first, maker->places, sites, &walked);
    *ret_walked = walked > *ret_walked ? walked : *ret_walked;
    return pick_of_tuple(maker, tuples, sites, count);
}

/* Rule 4 for a class whose nearest site is full or only coming back. */
static struct pick pick_by_room(struct maker *maker, struct tuples *tuples, uint32_t class_number, size_t *ret_walked)
{
    struct contest contest;
    room_contest(maker->policy, &maker->slate, maker->spec, class_number, 0, &contest);
    if (contest.count == 1)
        return pick_behind(maker, tuples, class_number, contest.of[0].site, ret_walked);
    struct parting parting = {.made = {false}};
    uint32_t row[BUCKETS];
    bool uniform = true;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const uint8_t site = contest_winner(&contest, bucket);
        if (!parting.made[site])
            parting.picks[site] = pick_behind(maker, tuples, class_number, site, ret_walked);
        parting.made[site] = true;
        row[bucket] = picked(maker->plan, parting.picks[site], bucket);
        uniform &= row[bucket] == row[0];
    }
    return uniform ? (struct pick){.index = row[0], .uniform = true} : pick_of_row(maker, row);
}

static bool same_pick(const struct pick *a, const struct pick *b)
{
    return a->index == b->index && a->uniform == b->uniform;
}

/* Starts a new run unless the last one has this pick. */
static void add_run(struct maker *maker, struct pick pick)
{
    struct plan *plan = maker->plan;
    if (plan->run_count > 0 && same_pick(&plan->picks[plan->run_count - 1], &pick))
        return;
    plan->picks = mem_grow(plan->picks, &maker->run_room, plan->run_count + 1, sizeof *plan->picks);
    plan->picks[plan->run_count++] = pick;
}

/* Classes stand in lexicographic order: mostly a class agrees with the one before as far as that one was looked at. But where a price is in play it
 * counts how far the class is from each site, too. */
static void plan_by_class(struct maker *maker, uint32_t begin, uint32_t end)
{
    struct plan *plan = maker->plan;
    struct tuples tuples = {NULL, 0, 0};
    tuples_grow(&tuples);
    size_t walked = 0;
    bool by_order = false;
    for (uint32_t number = begin; number < end; number++) {
        if (number == begin || !by_order || maker->policy->agreed[number] < walked) {
            const struct site_list list = list_of_class(maker, number, false);
            bool plain;
            by_order = room_by_order(&maker->slate, list, &plain, &walked);
            if (fell_short(maker, list, walked))
                by_order = room_by_order(&maker->slate, list_of_class(maker, number, true), &plain, &walked);
            add_run(maker, plain ? pick_behind(maker, &tuples, number, NO_SITE, &walked) : pick_by_room(maker, &tuples, number, &walked));
            walked = natural_walked(maker, walked);
        }
        plan->run_of_class[number] = plan->run_count - 1;
    }
    free(tuples.slots);
}

/* Ordered: one tuple for everyone, unless room parts them. Weighted: each bucket has its own order of sites. Either way the lineup is over all of
 * them. */
static void plan_for_all(struct maker *maker)
{
    struct lineup *lineup = mem_new(1, sizeof *lineup);
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        struct route route;
        const uint8_t first = room_first(maker->policy, &maker->slate, maker->spec, 0, bucket);
        bucket_fill(maker->policy, &maker->slate, site_order(maker->policy, &maker->slate, maker->spec, 0, bucket, &route), first, bucket,
                    maker->places, lineup->who[bucket]);
        forget_winner(maker, lineup->who[bucket]);
    }
    add_run(maker, make_pick(maker, &(struct section){lineup, maker->places}, 1));
    free(lineup);
}

/* Nobody can be chosen: one selection for everyone says what to do. */
static void plan_without_candidates(struct maker *maker)
{
    new_selection(maker);
    add_run(maker, (struct pick){.index = maker->plan->selection_count - 1, .uniform = true});
}

/* Classes from begin on whom the same planned switches concern: where they end. */
static uint32_t end_of_alike(const struct maker *maker, const struct plan_spec *spec, uint32_t begin)
{
    const struct policy *policy = maker->policy;
    const struct plan_spec first = spec_of_class(policy, spec, begin);
    const uint32_t mask = detour_mask(maker->state, &first);
    size_t stretch = stretch_of(policy, begin) + 1;
    for (; stretch < policy->stretch_count; stretch++) {
        const struct plan_spec here = spec_of_class(policy, spec, policy->stretches[stretch]);
        if (detour_mask(maker->state, &here) != mask)
            break;
    }
    return policy->stretches[stretch];
}

static void plan_alike(struct maker *maker, const struct plan_spec *spec, uint32_t begin, uint32_t end)
{
    struct plan *plan = maker->plan;
    maker->here = spec_of_class(maker->policy, spec, begin);
    maker->listed = UNLISTED;
    slate_init(&maker->slate, maker->policy, maker->state, &maker->here);
    maker->places = maker->by_winner ? 1 : maker->slate.need;
    if (maker->slate.kind == SELECTION_STEERED && spec->policy == POLICY_NEAREST) {
        plan_by_class(maker, begin, end);
    } else {
        if (maker->slate.kind != SELECTION_STEERED)
            plan_without_candidates(maker);
        else
            plan_for_all(maker);
        for (uint32_t number = begin; number < end; number++)
            plan->run_of_class[number] = plan->run_count - 1;
    }
    slate_release(&maker->slate);
    for (size_t i = 0; i < SITES_MAX; i++) {
        free(maker->lineups[i]);
        maker->lineups[i] = NULL;
    }
}

struct plan *policy_plan(const struct policy *policy, const struct world_state *state, const struct plan_spec *spec)
{
    struct maker *maker = mem_new(1, sizeof *maker);
    maker->policy = policy;
    maker->state = state;
    maker->spec = &maker->here;
    maker->plan = mem_new(1, sizeof *maker->plan);
    struct plan *plan = maker->plan;
    plan->class_count = policy->classes->count;
    plan->run_of_class = mem_new(plan->class_count, sizeof *plan->run_of_class);
    atomic_init(&plan->refs, 1);

    maker->by_winner = spec->by_winner && spec->purpose == PLAN_TARGETS; /* transports are the winner's alone in any case */
    maker->doubts = mem_new(policy->config->endpoint_count, 1);
    for (size_t i = 0; i < policy->config->endpoint_count; i++)
        maker->doubts[i] = state->health[i].doubt;
    for (uint32_t begin = 0, end; begin < plan->class_count; begin = end) {
        end = end_of_alike(maker, spec, begin);
        plan_alike(maker, spec, begin, end);
    }
    free(maker->doubts);
    free(maker->rows);
    free(maker);
    return plan;
}
