/* A registry of names: (space, text) -> number and origin, by hash, and the nearest name to a misspelt one.
 * Texts and origins are borrowed and must outlive the registry. Thread: the owner's; names_release() frees. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name_entry {
    const char *text; /* NULL: a free slot */
    uint32_t len, space, number;
    const void *origin; /* what declared it */
};

struct names {
    struct name_entry *slots;
    size_t slot_count, used;
};

void names_release(struct names *names);

/* Adds the name. When it is there already nothing changes and the earlier entry is returned, else NULL. */
const struct name_entry *names_add(struct names *names, const struct name_entry *entry);

/* The entry, or NULL. */
const struct name_entry *names_find(const struct names *names, uint32_t space, const char *text, size_t len);

/* The name of that space that a person who wrote text most likely meant, or NULL when none is close. */
const char *names_nearest(const struct names *names, uint32_t space, const char *text);
