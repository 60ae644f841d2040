/* Heap memory that never comes back NULL: out of memory ends the process, because no answer could be trusted after it.
 * Callers bound sizes that come from outside before they ask. Memory is freed with free().
 * Thread: any. */
#pragma once

#include <stddef.h>

/* Zeroed room for count items of size octets. */
void *mem_new(size_t count, size_t size);

/* A copy of len octets at from (len may be 0: the result is still to be freed). */
void *mem_copy(const void *from, size_t len);

/* A copy of a text. */
char *mem_text(const char *text);

/* A printf-made text. */
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Makes room for at least need items of size octets behind items, doubling *room; new room is not zeroed.
 * Returns the (perhaps moved) items. items may be NULL with *room 0. */
void *mem_grow(void *items, size_t *room, size_t need, size_t size);
