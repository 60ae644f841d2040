#include "control/serials.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void serials_release(struct serials *serials)
{
    for (size_t i = 0; i < serials->count; i++)
        free(serials->items[i].name);
    free(serials->items);
    *serials = (struct serials){0};
}

struct serials serials_copy(const struct serials *serials)
{
    struct serials copy = {0};
    for (size_t i = 0; i < serials->count; i++)
        serials_put(&copy, serials->items[i].name, serials->items[i].serial, serials->items[i].print);
    return copy;
}

static struct zone_serial *find(const struct serials *serials, const char *name)
{
    for (size_t i = 0; i < serials->count; i++)
        if (strcmp(serials->items[i].name, name) == 0)
            return &serials->items[i];
    return NULL;
}

const struct zone_serial *serials_find(const struct serials *serials, const char *name)
{
    return find(serials, name);
}

void serials_put(struct serials *serials, const char *name, uint32_t serial, uint64_t print)
{
    struct zone_serial *item = find(serials, name);
    if (item == NULL) {
        serials->items = mem_grow(serials->items, &serials->room, serials->count + 1, sizeof *serials->items);
        item = &serials->items[serials->count++];
        item->name = mem_text(name);
    }
    item->serial = serial;
    item->print = print;
}
