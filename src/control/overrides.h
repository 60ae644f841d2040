/* The operator's orders: a list by age, pure, time (monotonic) is an argument. Of several orders on one target the newest holds; the older ones
 * under it all end later than it does, and hold again then.
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

/* The newest order on this very target (full form), or NULL. */
const struct override *overrides_find(const struct overrides *overrides, const char *target);
/* The order on the same target that holds once this one (an item) has ended, or NULL. */
const struct override *overrides_beneath(const struct overrides *overrides, const struct override *order);

/* Adds the order. Those on the same target that do not outlast it are replaced. */
void overrides_put(struct overrides *overrides, const struct override *order);

/* Lifts the orders on the target: for good, or until until_ms (0: for good). Refused, with a hint at what does hold the target back, when there is
 * none. */
bool overrides_enable(struct overrides *overrides, const struct config *config, const struct target *target, uint64_t until_ms,
                      struct error *err);

/* Takes out one order that has ended by now; false when there is none (left). */
bool overrides_take_ended(struct overrides *overrides, uint64_t now_ms, struct override *ret_ended);

/* When the next order ends or comes back into force, 0 for never. */
uint64_t overrides_next_ms(const struct overrides *overrides, uint64_t now_ms);

/* override_to_wall() of all. */
void overrides_to_wall(struct overrides *overrides, uint64_t now_ms, int64_t wall_ms);

void effects_init(struct effects *effects, const struct config *config);
void effects_release(struct effects *effects);

/* Fills effects from what is in force now. Orders whose target is not in config have no effect. */
void overrides_apply(const struct overrides *overrides, const struct config *config, uint64_t now_ms, struct effects *effects);
