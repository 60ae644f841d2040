/* Rule 1, planned switches: what those in force mean for the callers of one spec and mark. Sites that they are switched away from stand back; named
 * sites stand first, or where the site left stood. Inside this folder only. Thread: see policy.h. */
#pragma once

#include "policy/policy.h"

enum { NO_SITE = 255, NO_DIVERSION = 255 };

struct detour {
    uint32_t mask; /* bit by diversion: those that concern these callers; 0: nothing below counts */
    const struct diversions *diversions;
    uint8_t by[SITES_MAX]; /* by site: the newest that takes callers away from it, or NO_DIVERSION */
};

/* The diversions that concern the callers of a spec and its mark. */
uint32_t detour_mask(const struct world_state *state, const struct plan_spec *spec);
void detour_init(struct detour *detour, const struct world_state *state, const struct plan_spec *spec);
/* Of all that it does; not of who ordered it. */
uint64_t detour_hash(const struct detour *detour, uint64_t hash);

/* All sites in the order of a class and bucket (for POLICY_ORDERED those of the service); some may be outside the service. */
struct site_list {
    const uint8_t *sites;
    size_t count;
    const uint8_t *as; /* by place in the list: as which site it counts in distance, for what takes another's place; NULL: each as itself */
};

/* Room for a list of sites. */
struct route {
    uint8_t sites[SITES_MAX], as[SITES_MAX];
    uint8_t by[SITES_MAX];  /* by place in the list: the diversion that put the site there, or NO_DIVERSION */
    uint8_t far[SITES_MAX]; /* by place: it follows from so many sites at the head of the list before */
};

/* The list as the switches change it, or the first places of it, at least so many (SITES_MAX: all); points into room. */
struct site_list detour_route(const struct detour *detour, struct site_list list, unsigned least, struct route *room);
