/* Worlds, states and specs at random, the same in every run. Thread: the test's. */
#pragma once

#include "policy/world.h"

enum { CLASSES = 24 };

static inline struct world *random_world(uint64_t *dice, uint8_t orders[CLASSES * WORLD_SITES])
{
    struct world *world = world_new();
    const unsigned sites = 1 + dice_below(dice, 8);
    for (unsigned i = 0; i < sites; i++) {
        world_site(world, (char[]){'s', (char)('a' + i), 0});
        const unsigned endpoints = 1 + dice_below(dice, dice_below(dice, 4) ? 4 : 20);
        for (unsigned k = 0; k < endpoints; k++)
            world_endpoint(world, 1 + dice_below(dice, 3), dice_below(dice, 5) * 100);
        struct site *site = &world->sites[i];
        site->min_up = 1 + dice_below(dice, 3);
        site->latitude = dice_below(dice, 180) - 90.0;
        site->longitude = dice_below(dice, 360) - 180.0;
        site->bias = dice_below(dice, 4) ? 0 : (int)dice_below(dice, 199) - 99;
    }
    for (unsigned number = 0; number < CLASSES; number++) {
        uint8_t *row = orders + number * sites;
        for (unsigned i = 0; i < sites; i++)
            row[i] = (uint8_t)i;
        for (unsigned i = 0; i < sites; i++) {
            const unsigned other = i + dice_below(dice, sites - i);
            const uint8_t swap = row[i];
            row[i] = row[other];
            row[other] = swap;
        }
    }
    for (unsigned i = 1; i < CLASSES; i++) { /* in lexicographic order */
        for (unsigned k = i; k > 0 && memcmp(orders + (k - 1) * sites, orders + k * sites, sites) > 0; k--) {
            uint8_t row[WORLD_SITES];
            memcpy(row, orders + k * sites, sites);
            memcpy(orders + k * sites, orders + (k - 1) * sites, sites);
            memcpy(orders + (k - 1) * sites, row, sites);
        }
    }
    world->classes = (struct classes){.count = CLASSES, .orders = orders};
    world_ready(world);
    return world;
}

/* From mostly well to all dead. */
static inline void random_state(struct world *world, uint64_t *dice)
{
    const unsigned mood = dice_below(dice, 4);
    for (size_t i = 0; i < world->config.endpoint_count; i++) {
        const unsigned probes = dice_below(dice, 4);
        for (unsigned k = 0; k < probes; k++) {
            const enum verdict verdict = mood == 3                     ? VERDICT_DOWN
                                         : dice_below(dice, 4) <= mood ? (enum verdict)dice_below(dice, 4)
                                                                       : VERDICT_UP;
            world_probe(world, (unsigned)i, dice_below(dice, 2) ? FAMILY_V4 : FAMILY_V6, (enum transport)dice_below(dice, TRANSPORT_COUNT),
                        verdict, dice_below(dice, 100));
        }
        if (probes == 0 && mood == 3)
            world->health[i].overall = VERDICT_DOWN;
        world->health[i].doubt = dice_below(dice, 8) == 0;
        world->endpoint_orders[i] = dice_below(dice, 6) ? ORDERED_NOTHING : (uint8_t)dice_below(dice, 3);
    }
    for (size_t i = 0; i < world->config.site_count; i++)
        world->site_orders[i] = dice_below(dice, 6) ? ORDERED_NOTHING : (uint8_t)dice_below(dice, 3);
    world->state.suspect = dice_below(dice, 4) == 0;
    world->state.suspect_since_ms = dice_below(dice, 100);
    for (unsigned i = 0; i < WORLD_ENDPOINTS / 64; i++)
        world->offered[i] = dice_below(dice, 2) ? ~(uint64_t)0 : hash_mix(*dice + i) | hash_mix(*dice - i - 1);
}

static inline struct plan_spec random_spec(struct world *world, uint64_t *dice)
{
    struct plan_spec spec = world->spec;
    spec.purpose = dice_below(dice, 4) ? PLAN_TARGETS : PLAN_TRANSPORTS;
    spec.policy = (enum policy_kind)dice_below(dice, 3);
    spec.srv = (enum srv_mode)dice_below(dice, 2);
    spec.on_all_down = (enum all_down)dice_below(dice, 3);
    spec.by_winner = dice_below(dice, 2);
    spec.targets = 1 + dice_below(dice, TARGETS_MAX);
    spec.transport = (int)dice_below(dice, TRANSPORT_COUNT + 1) - 1;
    spec.family = (enum family[]){FAMILY_NONE, FAMILY_V4, FAMILY_V6}[spec.transport < 0 ? dice_below(dice, 3) : 0];
    spec.site_count = 1 + dice_below(dice, (unsigned)world->config.site_count);
    for (size_t i = 0; i < world->config.site_count; i++) {
        const unsigned other = (unsigned)i + dice_below(dice, (unsigned)(world->config.site_count - i));
        const uint8_t swap = world->service_sites[i];
        world->service_sites[i] = world->service_sites[other];
        world->service_sites[other] = swap;
    }
    return spec;
}
