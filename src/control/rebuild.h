/* A new world of the same configuration: signatures renewed, keys changed, a zone replaced; and the time that signatures go by. For control/ only.
 * Thread: the director's. */
#pragma once

#include <stdint.h>

struct director;
struct zone;

/* The time that signatures go by: the wall clock, unless that has jumped. Seconds. */
int64_t signing_wall_s(const struct director *director);
/* Wall clock - time since boot, suspension included, as it is now. */
int64_t signing_clock_offset_ms(void);
void signing_trust_clock(struct director *director);
/* Begins what is due: signatures, keys, zones that wait to be put in. */
void rebuild_pass(struct director *director);
/* This zone (plain, the reference is taken) shall soon take the place of the configuration's with the same apex, unless that is newer. */
void rebuild_with(struct director *director, struct zone *zone);
void rebuild_release(struct director *director);
