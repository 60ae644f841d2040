/* Which service and class of a new configuration, or of new geo data, is which of the old. */
#include "base/memory.h"
#include "load/demand.h"

#include <stdlib.h>
#include <string.h>

struct named {
    const char *name;
    uint32_t number;
};

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct named *)left)->name, ((const struct named *)right)->name);
}

static uint32_t number_of(struct named *sorted, size_t count, const char *name)
{
    const struct named wanted = {.name = name};
    const struct named *found = bsearch(&wanted, sorted, count, sizeof *sorted, by_name);
    return found ? found->number : DEMAND_GONE;
}

uint32_t *demand_match_services(const struct config *old, const struct config *new)
{
    struct named *names = mem_new(new->service_count + 1, sizeof *names);
    uint32_t *to = mem_new(old->service_count + 1, sizeof *to);
    for (uint32_t i = 0; i < new->service_count; i++)
        names[i] = (struct named){new->services[i].name, i};
    qsort(names, new->service_count, sizeof *names, by_name);
    for (size_t i = 0; i < old->service_count; i++)
        to[i] = number_of(names, new->service_count, old->services[i].name);
    free(names);
    return to;
}

static uint32_t *match_sites(const struct config *old, const struct config *new)
{
    struct named *names = mem_new(new->site_count + 1, sizeof *names);
    uint32_t *to = mem_new(old->site_count + 1, sizeof *to);
    for (uint32_t i = 0; i < new->site_count; i++)
        names[i] = (struct named){new->sites[i].name, i};
    qsort(names, new->site_count, sizeof *names, by_name);
    for (size_t i = 0; i < old->site_count; i++)
        to[i] = number_of(names, new->site_count, old->sites[i].name);
    free(names);
    return to;
}

/* From begin to end, the first class whose order is not before the row. Classes of one mark are sorted by their rows. */
static uint32_t first_not_before(const struct classes *classes, uint32_t begin, uint32_t end, const uint8_t *row)
{
    uint32_t low = begin, high = end;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (memcmp(class_order(classes, middle), row, classes->site_count) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static unsigned apart(unsigned a, unsigned b)
{
    return a > b ? a - b : b - a;
}

/* Of those from begin to end, the class with this order and the nearest band. */
static uint32_t find_among(const struct classes *classes, uint32_t begin, uint32_t end, const uint8_t *row, unsigned band)
{
    uint32_t best = DEMAND_GONE;
    for (uint32_t i = first_not_before(classes, begin, end, row); i < end; i++) {
        if (memcmp(class_order(classes, i), row, classes->site_count) != 0)
            break;
        if (best == DEMAND_GONE || apart(class_band(classes, i), band) < apart(class_band(classes, best), band))
            best = i;
    }
    return best;
}

static uint32_t end_of_mark(const struct classes *classes, uint32_t begin)
{
    uint32_t low = begin + 1, high = classes->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (class_mark(classes, middle) == class_mark(classes, begin))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The same of all; rather with this mark. Classes are sorted by their marks first. */
static uint32_t find_class(const struct classes *classes, const uint8_t *row, unsigned band, uint32_t mark)
{
    uint32_t best = DEMAND_GONE;
    for (uint32_t begin = 0, end; begin < classes->count; begin = end) {
        end = end_of_mark(classes, begin);
        const uint32_t found = find_among(classes, begin, end, row, band);
        if (found != DEMAND_GONE && (best == DEMAND_GONE || class_mark(classes, begin) == mark))
            best = found;
    }
    return best;
}

uint32_t *demand_match_classes(const struct config *old, const struct classes *old_classes, const struct config *new,
                               const struct classes *new_classes)
{
    uint32_t *sites = match_sites(old, new), *to = mem_new(old_classes->count, sizeof *to);
    for (uint32_t i = 0; i < old_classes->count; i++) {
        const uint8_t *order = class_order(old_classes, i);
        uint8_t row[SITES_MAX];
        size_t count = 0;
        for (size_t s = 0; s < old_classes->site_count; s++)
            if (sites[order[s]] != DEMAND_GONE)
                row[count++] = (uint8_t)sites[order[s]];
        to[i] = count == new_classes->site_count ? find_class(new_classes, row, class_band(old_classes, i), class_mark(old_classes, i))
                                                 : DEMAND_GONE;
    }
    free(sites);
    return to;
}
