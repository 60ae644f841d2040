/* The operator's orders in force: a list by target, pure, wall time is an argument.
 * Thread: the owner's (the director's). */
#pragma once

#include "base/error.h"
#include "control/target.h"

struct overrides {
    struct override *items;
    size_t count, room;
};

/* What the orders mean for one configuration; arrays by index, owned. */
struct effects {
    uint8_t *endpoints, *sites; /* enum order_state */
    uint8_t *services;          /* enum service_state */
};

void overrides_release(struct overrides *overrides);
void overrides_copy(const struct overrides *from, struct overrides *ret_to);

/* The order on this very target (full form), or NULL. */
const struct override *overrides_find(const struct overrides *overrides, const char *target);

/* Adds the order; one on the same target is replaced. */
void overrides_put(struct overrides *overrides, const struct override *order);

/* Lifts the order on the target: for good, or until until_s (0: for good). Refused, with a hint at what does hold the target back, when there is none. */
bool overrides_enable(struct overrides *overrides, const struct config *config, const struct target *target, int64_t until_s,
                      struct error *err);

/* Takes out one order that has ended by now; false when there is none (left). */
bool overrides_take_ended(struct overrides *overrides, int64_t wall_s, struct override *ret_ended);

/* When the next order ends or comes back into force, 0 for never. */
int64_t overrides_next_s(const struct overrides *overrides, int64_t wall_s);

void effects_init(struct effects *effects, const struct config *config);
void effects_release(struct effects *effects);

/* Fills effects from what is in force now. Orders whose target is not in config have no effect. */
void overrides_apply(const struct overrides *overrides, const struct config *config, int64_t wall_s, struct effects *effects);
