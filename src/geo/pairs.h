/* Two compilations of geo data, walked together: which class each address has in the one and in the other. For comparing two configurations.
 * Thread: any; slow (both tries are walked whole). */
#pragma once

#include "geo/geo.h"
#include "model/class_pair.h"

/* Every pair of classes that some address has, sorted by the class before and then by the one after; the caller frees them. before and after may be the
 * same. Addresses of which neither knows anything are mostly nobody's: they are in v4 and v6, but not in known. */
struct class_pair *geo_pairs(const struct geo *before, const struct geo *after, size_t *ret_count);
