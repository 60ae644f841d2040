/* Rules 3 and 7: from how endpoints stand to who can be chosen, down to the last resorts. */
#include "policy/rules.h"

#include "base/hash.h"
#include "base/invariant.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* By standing: its grade, from the best pool that is not empty. */
static const uint8_t grades_of_well[] = {GRADE_FIRST, GRADE_SECOND, GRADE_NONE, GRADE_NONE, GRADE_NONE};
static const uint8_t grades_of_reserve[] = {GRADE_NONE, GRADE_NONE, GRADE_FIRST, GRADE_SECOND, GRADE_NONE};

static size_t grade_by_standing(const uint8_t *standings, size_t count, const uint8_t table[], uint8_t *ret_grades)
{
    size_t candidates = 0;
    for (size_t i = 0; i < count; i++) {
        ret_grades[i] = table[standings[i]];
        candidates += ret_grades[i] != GRADE_NONE;
    }
    return candidates;
}

/* Serve-all: everyone that the RRset has, as if up; the disabled only if there is nobody else. */
static size_t grade_everyone(const uint8_t *causes, size_t count, bool disabled_too, uint8_t *ret_grades)
{
    size_t candidates = 0;
    for (size_t i = 0; i < count; i++) {
        const bool there = causes[i] != CAUSE_NOT_OFFERED && causes[i] != CAUSE_NOT_IN_SERVICE;
        const bool disabled = causes[i] == CAUSE_ENDPOINT_DISABLE || causes[i] == CAUSE_SITE_DISABLE;
        ret_grades[i] = there && (disabled_too || !disabled) ? GRADE_FIRST : GRADE_NONE;
        candidates += ret_grades[i] != GRADE_NONE;
    }
    return candidates;
}

/* The pools, best first; the number of candidates. 0: slate->kind says what to do. */
static size_t slate_grade(struct slate *slate, const struct plan_spec *spec, const uint8_t *standings, const uint8_t *causes, size_t count)
{
    slate->kind = SELECTION_STEERED;
    size_t candidates = grade_by_standing(standings, count, grades_of_well, slate->grades);
    if (candidates == 0)
        candidates = grade_by_standing(standings, count, grades_of_reserve, slate->grades);
    if (candidates == 0 && spec->on_all_down == ALL_DOWN_SERVE_ALL)
        candidates = grade_everyone(causes, count, false, slate->grades);
    if (candidates == 0 && spec->on_all_down == ALL_DOWN_SERVE_ALL)
        candidates = grade_everyone(causes, count, true, slate->grades);
    if (candidates == 0)
        slate->kind = spec->on_all_down == ALL_DOWN_STATIC ? SELECTION_STATIC : SELECTION_EMPTY;
    return candidates;
}

/* For each site and transport, the best standing of an endpoint seen through that transport. */
static void best_by_transport(const struct policy *policy, const struct world_state *state, const struct plan_spec *spec,
                              uint8_t ret_best[SITES_MAX][TRANSPORT_COUNT])
{
    const size_t count = policy->config->endpoint_count;
    uint8_t *standings = mem_new(count, 1);
    memset(ret_best, STANDING_OUT, (size_t)SITES_MAX * TRANSPORT_COUNT);
    for (int transport = 0; transport < TRANSPORT_COUNT; transport++) {
        struct plan_spec through = *spec;
        through.transport = transport;
        policy_standings(policy, state, &through, standings, NULL);
        for (size_t i = 0; i < count; i++) {
            uint8_t *best = &ret_best[policy->site_of[i]][transport];
            if (standings[i] < *best)
                *best = standings[i];
        }
    }
    free(standings);
}

/* What works at each site. A site that is chosen although nothing works there by the rules (last resort, or each transport alone is below
 * min_up) offers what stands in reserve, else everything: a winner without a way to it would be no answer. */
static void slate_transports(struct slate *slate, const struct policy *policy, const struct world_state *state,
                             const struct plan_spec *spec)
{
    uint8_t best[SITES_MAX][TRANSPORT_COUNT];
    best_by_transport(policy, state, spec, best);
    for (size_t site = 0; site < policy->config->site_count; site++) {
        unsigned well = 0, reserve = 0;
        for (unsigned transport = 0; transport < TRANSPORT_COUNT; transport++) {
            well |= (unsigned)(best[site][transport] <= STANDING_UNKNOWN) << transport;
            reserve |= (unsigned)(best[site][transport] <= STANDING_LAST) << transport;
        }
        slate->transports[site] = (uint8_t)(well ? well : reserve ? reserve : EVERY_TRANSPORT);
    }
}

struct plan_spec spec_effective(const struct plan_spec *spec)
{
    struct plan_spec effective = *spec;
    if (spec->purpose == PLAN_TRANSPORTS) {
        effective.transport = -1;
        effective.family = FAMILY_NONE;
        effective.targets = 1;
    }
    return effective;
}

void slate_init(struct slate *slate, const struct policy *policy, const struct world_state *state, const struct plan_spec *spec)
{
    const size_t count = policy->config->endpoint_count;
    uint8_t *standings = mem_new(count, 1), *causes = mem_new(count, 1);
    const struct plan_spec seen = spec_effective(spec);
    invariant(seen.targets >= 1 && seen.targets <= TARGETS_MAX);
    *slate = (struct slate){.grades = mem_new(count, 1), .room = state->room};
    memset(slate->site_grades, GRADE_NONE, sizeof slate->site_grades);
    detour_init(&slate->detour, state, spec);

    policy_standings(policy, state, &seen, standings, causes);
    const size_t candidates = slate_grade(slate, &seen, standings, causes, count);
    slate->need = (unsigned)(candidates < seen.targets ? candidates : seen.targets);
    for (size_t i = 0; i < count; i++) {
        const uint8_t site = policy->site_of[i];
        slate->sizes[site] += slate->grades[i] != GRADE_NONE;
        if (slate->grades[i] < slate->site_grades[site])
            slate->site_grades[site] = slate->grades[i];
    }
    if (spec->purpose == PLAN_TRANSPORTS)
        slate_transports(slate, policy, state, &seen);
    free(standings);
    free(causes);
}

void slate_release(struct slate *slate)
{
    free(slate->grades);
}

/* Whether a plan shows that this endpoint is in doubt: one that cannot be chosen may come and go unseen. */
static bool doubt_shows(const struct slate *slate, const struct policy *policy, const struct plan_spec *spec, size_t endpoint)
{
    return (spec->purpose == PLAN_TRANSPORTS ? slate->site_grades[policy->site_of[endpoint]] : slate->grades[endpoint]) != GRADE_NONE;
}

static uint64_t hash_shares(const struct slate *slate, const struct policy *policy, uint64_t hash)
{
    const struct room *room = &slate->room;
    for (size_t i = 0; i < policy->config->site_count; i++) {
        const uint64_t price_m = room->prices_m ? room->prices_m[i] : 0, share = room->site_shares ? room->site_shares[i] : SHARE_WHOLE;
        if (slate->site_grades[i] != GRADE_NONE && (price_m || share != SHARE_WHOLE))
            hash = hash_mix(hash ^ hash_mix((price_m << 16 | share) + ((uint64_t)i << 48)));
    }
    for (size_t i = 0; room->endpoint_shares && i < policy->config->endpoint_count; i++)
        if (slate->grades[i] != GRADE_NONE && room->endpoint_shares[i] != SHARE_WHOLE)
            hash = hash_mix(hash ^ hash_mix((uint64_t)i << 32 | room->endpoint_shares[i]));
    return hash;
}

/* Of the clients of one mark. */
static uint64_t hash_mark(const struct policy *policy, const struct world_state *state, const struct plan_spec *spec, uint64_t seed)
{
    struct slate slate;
    slate_init(&slate, policy, state, spec);
    const uint32_t choosing[] = {spec->purpose, spec->policy, spec->srv, spec->targets, slate.kind, spec->by_winner};
    uint64_t hash = detour_hash(&slate.detour, hash_bytes(choosing, sizeof choosing, seed));
    if (spec->policy == POLICY_ORDERED)
        hash = hash_bytes(spec->sites, spec->site_count, hash);
    hash = hash_bytes(slate.grades, policy->config->endpoint_count, hash);
    hash = hash_bytes(slate.transports, sizeof slate.transports, hash);
    for (size_t i = 0; i < policy->config->endpoint_count; i++)
        if (state->health[i].doubt && doubt_shows(&slate, policy, spec, i))
            hash = hash_mix(hash ^ (i + 1));
    hash = hash_shares(&slate, policy, hash);
    slate_release(&slate);
    return hash;
}

uint64_t policy_spec_hash(const struct policy *policy, const struct world_state *state, const struct plan_spec *spec)
{
    uint64_t hash = 0;
    uint32_t last = 0;
    for (size_t i = 0; i < policy->stretch_count; i++) {
        const struct plan_spec here = spec_of_class(policy, spec, policy->stretches[i]);
        const uint32_t mask = detour_mask(state, &here);
        if (i == 0 || mask != last)
            hash = hash_mark(policy, state, &here, i == 0 ? 0 : hash_mix(hash + policy->stretches[i]));
        last = mask;
    }
    return hash;
}
