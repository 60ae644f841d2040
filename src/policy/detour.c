#include "policy/detour.h"

#include "base/hash.h"

#include <string.h>

static bool concerns(const struct diversion *diversion, uint32_t mark)
{
    return diversion->area == 0 || (mark & diversion->area);
}

/* The number of the first diversion of a mask, which is the newest. */
static unsigned first_of(uint32_t mask)
{
    return (unsigned)__builtin_ctz(mask);
}

uint32_t detour_mask(const struct world_state *state, const struct plan_spec *spec)
{
    const struct diversions *diversions = state->diversions;
    uint32_t mask = diversions && diversions->count ? diversions->by_service[spec->service] : 0;
    for (uint32_t left = mask; left; left &= left - 1)
        if (!concerns(&diversions->of[first_of(left)], spec->mark))
            mask &= ~(left & -left);
    return mask;
}

static bool leaves_any(const struct diversion *diversion)
{
    uint64_t any = 0;
    for (unsigned i = 0; i < SITE_WORDS; i++)
        any |= diversion->leaves[i];
    return any != 0;
}

static void note_leaves(struct detour *detour, unsigned number)
{
    const struct diversion *diversion = &detour->diversions->of[number];
    for (unsigned word = 0; word < SITE_WORDS; word++)
        for (uint64_t left = diversion->leaves[word]; left; left &= left - 1) {
            const unsigned site = word * 64 + (unsigned)__builtin_ctzll(left);
            if (detour->by[site] == NO_DIVERSION)
                detour->by[site] = (uint8_t)number;
        }
}

void detour_init(struct detour *detour, const struct world_state *state, const struct plan_spec *spec)
{
    detour->mask = detour_mask(state, spec);
    detour->diversions = state->diversions;
    memset(detour->by, NO_DIVERSION, sizeof detour->by);
    for (uint32_t left = detour->mask; left; left &= left - 1)
        note_leaves(detour, first_of(left));
}

uint64_t detour_hash(const struct detour *detour, uint64_t hash)
{
    for (uint32_t left = detour->mask; left; left &= left - 1) {
        const struct diversion *diversion = &detour->diversions->of[first_of(left)];
        hash = hash_bytes(diversion->leaves, sizeof diversion->leaves, hash_mix(hash + diversion->to_count + 1));
        hash = hash_bytes(diversion->to, diversion->to_count, hash);
    }
    return hash;
}

/* A route on its way; what stands back comes at the end. */
struct walk {
    const struct detour *detour;
    struct route *route;
    unsigned count, back_count;
    uint8_t far;
    bool seen[SITES_MAX];
    uint8_t back[SITES_MAX];
};

static inline void put(struct walk *walk, uint8_t site, uint8_t as, uint8_t by)
{
    walk->route->sites[walk->count] = site;
    walk->route->as[walk->count] = as;
    walk->route->far[walk->count] = walk->far;
    walk->route->by[walk->count++] = by;
}

/* Sites that take the place of others may have been left themselves: then their place is taken in turn. Each is met once, so this ends. */
static void visit(struct walk *walk, uint8_t site, uint8_t as, uint8_t by)
{
    if (walk->seen[site])
        return;
    walk->seen[site] = true;
    const uint8_t left_by = walk->detour->by[site];
    if (left_by == NO_DIVERSION) {
        put(walk, site, as, by);
        return;
    }
    const struct diversion *diversion = &walk->detour->diversions->of[left_by];
    for (unsigned i = 0; i < diversion->to_count; i++)
        visit(walk, diversion->to[i], as, left_by);
    walk->back[walk->back_count++] = site;
}

static void visit_heads(struct walk *walk, uint8_t nearest)
{
    for (uint32_t left = walk->detour->mask; left; left &= left - 1) {
        const struct diversion *diversion = &walk->detour->diversions->of[first_of(left)];
        for (unsigned k = 0; !leaves_any(diversion) && k < diversion->to_count; k++)
            visit(walk, diversion->to[k], nearest, (uint8_t)first_of(left));
    }
}

struct site_list detour_route(const struct detour *detour, struct site_list list, unsigned least, struct route *room)
{
    struct walk walk = {.detour = detour, .route = room};
    if (list.count)
        visit_heads(&walk, list.sites[0]);
    size_t i = 0;
    for (; i < list.count && walk.count < least; i++) {
        walk.far = (uint8_t)(i + 1);
        visit(&walk, list.sites[i], list.sites[i], NO_DIVERSION);
    }
    for (unsigned k = 0; i == list.count && k < walk.back_count; k++)
        put(&walk, walk.back[k], walk.back[k], NO_DIVERSION);
    return (struct site_list){room->sites, walk.count, room->as};
}
