/* The client classes: each is one order of all sites and, with few sites, one band of how much farther the second site is than the first, so that
 * the clients whom a move harms least can be told from the others. Immutable. Thread: any. */
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
    const uint8_t
        *orders; /* count * site_count site indices, best first; classes in the order of their marks, then lexicographic order of these
                              rows, then of bands */
    const uint8_t *bands;             /* by class; NULL: all are 0 */
    const struct class_place *places; /* by class; NULL: none is known */
    const uint32_t *marks; /* by class: in which of the areas that were asked for its clients are, a bit for each; NULL: nobody asked */
};

static inline const uint8_t *class_order(const struct classes *classes, uint32_t number)
{
    return classes->orders + (uint64_t)number * classes->site_count;
}

static inline unsigned class_band(const struct classes *classes, uint32_t number)
{
    return classes->bands ? classes->bands[number] : 0;
}

enum { CLASS_BANDS = 16 };

static inline uint32_t class_mark(const struct classes *classes, uint32_t number)
{
    return classes->marks ? classes->marks[number] : 0;
}

/* The band of clients whose second site seems so many kilometres farther than their first. */
unsigned class_band_of(double km);

/* From how many kilometres on; 0 for the first, for clients of unknown place, and where the operator names the first site. */
unsigned class_band_km(unsigned band);
