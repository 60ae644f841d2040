/* The client classes: each is one order of all sites. Immutable. Thread: any. */
#pragma once

#include <stdint.h>

/* Where a class's clients are, on the whole. */
struct class_place {
    float x, y, z; /* on the unit sphere: the middle of its networks; all 0: not known */
    float weight;  /* how many addresses they have, as a share of those of all classes; 0 if not known */
};

struct classes {
    uint32_t count;   /* at least 1 */
    uint32_t unknown; /* the class of clients of unknown place: the sites in the configuration's order */
    uint8_t site_count;
    const uint8_t *orders;            /* count * site_count site indices, best first; classes in lexicographic order of these rows */
    const struct class_place *places; /* by class; NULL: none is known */
};

static inline const uint8_t *class_order(const struct classes *classes, uint32_t number)
{
    return classes->orders + (uint64_t)number * classes->site_count;
}
