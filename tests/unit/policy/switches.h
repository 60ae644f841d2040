/* Planned switches at random, on a world whose classes bear marks. Thread: the test's. */
#pragma once

#include "policy/random.h"

#include "model/diversion.h"

enum { SERVICES = 4, AREAS = 3 };

struct switches {
    struct diversions diversions;
    uint32_t by_service[SERVICES], marks[CLASSES];
};

static inline void leave(struct diversion *diversion, unsigned site)
{
    diversion->leaves[site / 64] |= UINT64_C(1) << (site % 64);
}

/* Marks of the classes, in order; orders: of the world, in lexicographic order, which is kept within each mark. */
static inline void random_marks(struct world *world, struct switches *switches, uint64_t *dice)
{
    uint32_t mark = 0;
    for (unsigned i = 0; i < CLASSES; i++) {
        if (mark + 1 < 1 << AREAS && dice_below(dice, 6) == 0)
            mark += 1 + dice_below(dice, 2) * (mark + 2 < 1 << AREAS);
        switches->marks[i] = mark;
    }
    world->classes.marks = switches->marks;
    world_ready(world);
}

static inline void random_switches(struct world *world, struct switches *switches, uint64_t *dice)
{
    const unsigned sites = (unsigned)world->config.site_count;
    switches->diversions = (struct diversions){.count = dice_below(dice, 5), .by_service = switches->by_service};
    memset(switches->by_service, 0, sizeof switches->by_service);
    for (unsigned i = 0; i < switches->diversions.count; i++) {
        struct diversion *diversion = &switches->diversions.of[i];
        *diversion = (struct diversion){.id = 100 + i, .area = dice_below(dice, 2) ? UINT32_C(1) << dice_below(dice, AREAS) : 0};
        const bool next = dice_below(dice, 3) == 0;
        for (unsigned site = 0; site < sites; site++)
            if ((next || dice_below(dice, 2)) && dice_below(dice, sites) == 0)
                leave(diversion, site);
        if (next)
            leave(diversion, dice_below(dice, sites));
        for (unsigned k = 0; !next && k < 1 + dice_below(dice, 3) && k < sites; k++)
            diversion->to[diversion->to_count++] = (uint8_t)((dice_below(dice, sites)) % sites);
        for (unsigned service = 0; service < SERVICES; service++)
            switches->by_service[service] |= (uint32_t)(dice_below(dice, 2) == 0) << i;
    }
    world->state.diversions = &switches->diversions;
}
