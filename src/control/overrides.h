/* The operator's orders: a list by age, pure, time (monotonic) is an argument. Of several orders on one target the newest holds; the older ones
 * under it all end later than it does, and hold again then. An order that begins later is planned until then, and changes nothing. Switches hold beside
 * each other and beside the rest.
 * Thread: the owner's (the director's). */
#pragma once

#include "base/error.h"
#include "control/target.h"
#include "model/area.h"
#include "model/diversion.h"

struct overrides {
    struct override *items; /* those that have not begun yet first, the others in the order in which they began */
    size_t count, room;
    uint64_t last_id; /* that was given */
};

/* What the orders mean for one configuration; arrays by index, owned. */
struct effects {
    uint8_t *endpoints, *sites; /* enum order_state */
    uint8_t *services;          /* enum service_state */
    struct diversions *diversions;
};

void overrides_release(struct overrides *overrides);
void overrides_copy(const struct overrides *from, struct overrides *ret_to);

/* The newest order on this very target (full form) that has begun, or NULL. */
const struct override *overrides_find(const struct overrides *overrides, const char *target);
/* The order on the same target that holds once this one (an item) has ended, or NULL. */
const struct override *overrides_beneath(const struct overrides *overrides, const struct override *order);

/* The order with this id, or NULL. */
const struct override *overrides_by_id(const struct overrides *overrides, uint64_t id);

/* Adds the order, with a new id if it has none. Those on the same target that do not outlast it are replaced, unless it is planned. Returns its id. */
uint64_t overrides_put(struct overrides *overrides, const struct override *order);
/* Takes it out; false when there is none with this id. */
bool overrides_remove(struct overrides *overrides, uint64_t id);
/* Lets one planned order begin that is due, as if it were given now; false when there is none (left). */
bool overrides_begin_due(struct overrides *overrides, uint64_t now_ms, struct override *ret_begun);
/* Switches there are, planned ones too: at most DIVERSIONS_MAX fit. */
size_t overrides_switches(const struct overrides *overrides);
/* Whether what it is about is in the configuration. */
bool override_known(const struct override *order, const struct config *config);
/* The areas that geo has to tell apart for the switches, planned ones too; as many as there is room for. */
void overrides_areas(const struct overrides *overrides, struct areas *ret_areas);

/* Lifts the orders on the target: for good, or until until_ms (0: for good). Refused, with a hint at what does hold the target back, when there is
 * none. */
bool overrides_enable(struct overrides *overrides, const struct config *config, const struct target *target, uint64_t until_ms,
                      struct error *err);

/* Takes out all orders of this kind, but for those on the target `but` (NULL: all); or, the other way round, those on the target alone. How many. */
size_t overrides_drop(struct overrides *overrides, enum order kind, const char *but);
size_t overrides_withdraw(struct overrides *overrides, enum order kind, const char *target);

/* Takes out one order that has ended by now; false when there is none (left). */
bool overrides_take_ended(struct overrides *overrides, uint64_t now_ms, struct override *ret_ended);

/* When the next order begins, ends or comes back into force, 0 for never. */
uint64_t overrides_next_ms(const struct overrides *overrides, uint64_t now_ms);

/* override_to_wall() of all. */
void overrides_to_wall(struct overrides *overrides, uint64_t now_ms, int64_t wall_ms);

void effects_init(struct effects *effects, const struct config *config);
void effects_release(struct effects *effects);
/* To be released, too. */
struct effects effects_copy(const struct effects *effects, const struct config *config);

/* Fills effects from what is in force now. Orders whose target is not in config have no effect; nor have switches for an area that is not among areas, those
 * of the geo data in use (NULL: none). */
void overrides_apply(const struct overrides *overrides, const struct config *config, const struct areas *areas, uint64_t now_ms,
                     struct effects *effects);
bool effects_equal(const struct effects *a, const struct effects *b, const struct config *config);
