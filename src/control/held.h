/* A copy of a setup as it is at one moment, for a thread that takes its time over it: world and place by reference, the rest copied.
 * Thread: made in the owner's of the setup, read in any one. Released by its owner. */
#pragma once

#include "control/setup.h"

struct held {
    struct world *world;
    struct place *place;
    struct world_state state;       /* points to the arrays below */
    struct endpoint_health *health; /* of the named checks, too */
    uint8_t *kept;
    uint8_t *endpoint_orders, *site_orders, *services; /* enum order_state, enum service_state */
    struct diversions *diversions;                     /* NULL: none */
    uint32_t *prices_m;
    uint16_t *site_shares, *endpoint_shares;
};

void held_init(struct held *held, const struct setup *setup);
void held_release(struct held *held);

/* The orders are these instead; and the place another one of the same configuration (a reference is taken). */
void held_order(struct held *held, const struct effects *effects, struct place *place);
/* The endpoint counts as up, whatever probes have seen of it. */
void held_assume_up(struct held *held, size_t endpoint);
/* It is down, and has been for so long that nobody suspects anything. */
void held_assume_down(struct held *held, size_t endpoint);
