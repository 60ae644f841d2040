/* The client classes: each is one order of all sites. Immutable. Thread: any. */
#pragma once

#include <stdint.h>

struct classes {
    uint32_t count;   /* at least 1 */
    uint32_t unknown; /* the class of clients of unknown place: the sites in the configuration's order */
    uint8_t site_count;
    const uint8_t *orders; /* count * site_count site indices, best first; classes in lexicographic order of these rows */
};

static inline const uint8_t *class_order(const struct classes *classes, uint32_t number)
{
    return classes->orders + (uint64_t)number * classes->site_count;
}
