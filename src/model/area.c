#include "model/area.h"

#include <string.h>

bool area_is_whole(const struct area *area)
{
    return area->country_count == 0 && area->continent_count == 0 && area->prefix_count == 0;
}

static bool same_prefixes(const struct area *a, const struct area *b)
{
    if (a->prefix_count != b->prefix_count)
        return false;
    for (size_t i = 0; i < a->prefix_count; i++)
        if (a->prefixes[i].len != b->prefixes[i].len || !addr_equal(&a->prefixes[i].addr, &b->prefixes[i].addr))
            return false;
    return true;
}

static bool same_area(const struct area *a, const struct area *b)
{
    return a->country_count == b->country_count && a->continent_count == b->continent_count &&
           memcmp(a->countries, b->countries, a->country_count * sizeof *a->countries) == 0 &&
           memcmp(a->continents, b->continents, a->continent_count * sizeof *a->continents) == 0 && same_prefixes(a, b);
}

uint32_t areas_bit(const struct areas *areas, const struct area *area)
{
    for (size_t i = 0; areas && i < areas->count; i++)
        if (same_area(&areas->of[i], area))
            return UINT32_C(1) << i;
    return 0;
}

bool areas_add(struct areas *areas, const struct area *area)
{
    if (areas_bit(areas, area))
        return true;
    if (areas->count == AREAS_MAX)
        return false;
    areas->of[areas->count++] = *area;
    return true;
}

bool areas_cover(const struct areas *a, const struct areas *b)
{
    for (size_t i = 0; b && i < b->count; i++)
        if (areas_bit(a, &b->of[i]) == 0)
            return false;
    return true;
}
