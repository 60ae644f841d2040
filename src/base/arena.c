#include "base/arena.h"

#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 64 * 1024 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
    uint8_t octets[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

void arena_release(struct arena *arena)
{
    for (struct arena_chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    arena_init(arena);
}

static uint8_t *take(struct arena *arena, size_t size)
{
    struct arena_chunk *newest = arena->chunks;
    uint8_t *at = newest->octets + newest->size - arena->left;
    arena->left -= size;
    arena->used += size;
    return at;
}

static void make_room(struct arena *arena, size_t size)
{
    if (arena->chunks && arena->left >= size)
        return;
    const size_t room = size > CHUNK / 4 ? size : CHUNK;
    struct arena_chunk *chunk = mem_new(1, sizeof *chunk + room);
    chunk->size = room;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->left = room;
}

void *arena_new(struct arena *arena, size_t size)
{
    make_room(arena, size + 7);
    const struct arena_chunk *newest = arena->chunks;
    const uintptr_t at = (uintptr_t)(newest->octets + newest->size - arena->left);
    take(arena, (size_t)(-at & 7));
    return take(arena, size);
}

void *arena_copy(struct arena *arena, const void *from, size_t len)
{
    make_room(arena, len);
    uint8_t *to = take(arena, len);
    if (len)
        memcpy(to, from, len);
    return to;
}
