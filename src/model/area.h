/* Where clients are, as a planned switch is narrowed: in some countries, continents and networks. Of one kind any will do, kinds must all hold; a kind that
 * has none narrows nothing. Plain values. Thread: any. */
#pragma once

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>

enum { AREAS_MAX = 32, AREA_COUNTRIES = 64, AREA_CONTINENTS = 7, AREA_PREFIXES = 48 };

struct area {
    char countries[AREA_COUNTRIES][2], continents[AREA_CONTINENTS][2]; /* upper case; ISO 3166-1; AF AN AS EU NA OC SA */
    struct prefix prefixes[AREA_PREFIXES];
    size_t country_count, continent_count, prefix_count;
};

struct areas {
    size_t count;
    struct area of[AREAS_MAX]; /* the first has bit 0 in the marks of classes */
};

/* Nothing narrows it: everybody is in it. */
bool area_is_whole(const struct area *area);
/* The bit of its mark, or 0 when it is not among them. areas may be NULL: none. */
uint32_t areas_bit(const struct areas *areas, const struct area *area);
/* Adds it unless it is there; false when there is no room. */
bool areas_add(struct areas *areas, const struct area *area);
/* Whether a has all that b has. NULL: none. */
bool areas_cover(const struct areas *a, const struct areas *b);
