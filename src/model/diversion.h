/* Planned switches that are in force, as policy takes them: who is to leave which sites, and where to. Sites and services by the index of one
 * configuration, areas by the marks of the classes of one compilation of geo data. Plain values. Thread: the owner's. */
#pragma once

#include "model/config.h"

enum { DIVERSIONS_MAX = 32, SITE_WORDS = (SITES_MAX + 63) / 64 };

/* One. It concerns the callers of its services (struct diversions) who are in its area. */
struct diversion {
    uint64_t id;                 /* of the order */
    uint32_t area;               /* the bit that classes.marks has where clients are in it; 0: everybody is */
    uint64_t leaves[SITE_WORDS]; /* bit by site: these stand back, and whoever would be there goes to the others; none: everybody goes */
    uint8_t to[SITES_MAX];       /* the sites in their order */
    uint8_t to_count;            /* 0: to whoever is next */
};

struct diversions {
    unsigned count;
    struct diversion of[DIVERSIONS_MAX]; /* the newest first: it has the last word */
    uint32_t *by_service;                /* bit by diversion: it concerns the service */
};

static inline bool diversion_leaves(const struct diversion *diversion, unsigned site)
{
    return diversion->leaves[site / 64] >> (site % 64) & 1;
}
