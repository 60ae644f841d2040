#include "config/names.h"

#include "base/hash.h"
#include "base/memory.h"
#include "base/nearest.h"

#include <stdlib.h>
#include <string.h>

void names_release(struct names *names)
{
    free(names->slots);
    *names = (struct names){0};
}

/* The slot that holds the name, or the free one where it belongs. There is always a free one. */
static struct name_entry *slot_of(const struct names *names, uint32_t space, const char *text, size_t len)
{
    const size_t mask = names->slot_count - 1;
    size_t at = hash_bytes(text, len, space) & mask;
    for (;; at = (at + 1) & mask) {
        struct name_entry *slot = &names->slots[at];
        if (slot->text == NULL || (slot->space == space && slot->len == len && memcmp(slot->text, text, len) == 0))
            return slot;
    }
}

static void grow(struct names *names)
{
    struct names larger = {.slot_count = names->slot_count ? names->slot_count * 2 : 64, .used = names->used};
    larger.slots = mem_new(larger.slot_count, sizeof *larger.slots);
    for (size_t i = 0; i < names->slot_count; i++) {
        const struct name_entry *entry = &names->slots[i];
        if (entry->text)
            *slot_of(&larger, entry->space, entry->text, entry->len) = *entry;
    }
    free(names->slots);
    *names = larger;
}

const struct name_entry *names_add(struct names *names, const struct name_entry *entry)
{
    if (names->used * 2 >= names->slot_count)
        grow(names);
    struct name_entry *slot = slot_of(names, entry->space, entry->text, entry->len);
    if (slot->text)
        return slot;
    *slot = *entry;
    names->used++;
    return NULL;
}

const struct name_entry *names_find(const struct names *names, uint32_t space, const char *text, size_t len)
{
    if (names->slot_count == 0)
        return NULL;
    const struct name_entry *slot = slot_of(names, space, text, len);
    return slot->text ? slot : NULL;
}

const char *names_nearest(const struct names *names, uint32_t space, const char *text)
{
    const char *best = NULL;
    for (size_t i = 0; i < names->slot_count; i++) {
        const struct name_entry *entry = &names->slots[i];
        if (entry->text && entry->space == space)
            best = closer_name(text, best, entry->text);
    }
    return best;
}
