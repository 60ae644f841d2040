/* Steering by load, for steer.c. Thread: the owner's. */
#pragma once

#include "sim/steerer.h"

struct ours;
struct ours *ours_new(const struct config *config);
void ours_free(struct ours *ours);

/* Once a second; true: a new plan is needed. Sets steerer->state.room. */
bool ours_look(struct ours *ours, struct steerer *steerer, bool changed, uint64_t now_ms);

/* An answer was given. */
void ours_count(struct ours *ours, const struct steerer *steerer, const struct cache *cache);
