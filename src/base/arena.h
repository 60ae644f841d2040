/* Memory that lives and dies together: bump allocation in chunks, freed as one. For data that is built once and then only read.
 * Thread: one at a time while it grows. */
#pragma once

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    size_t left;                /* octets free in the newest */
    size_t used;                /* octets handed out */
};

void arena_init(struct arena *arena);
void arena_release(struct arena *arena);

/* Zeroed room for size octets, aligned for any type up to 8 octets. */
void *arena_new(struct arena *arena, size_t size);
/* Room without alignment, for octets; a copy of len octets at from. */
void *arena_copy(struct arena *arena, const void *from, size_t len);
