#include "base/memory.h"

#include "base/invariant.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

static void *checked(void *memory)
{
    if (memory == NULL) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *mem_new(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *mem_copy(const void *from, size_t len)
{
    void *copy = checked(malloc(len ? len : 1));
    if (len)
        memcpy(copy, from, len);
    return copy;
}

char *mem_text(const char *text)
{
    return mem_copy(text, strlen(text) + 1);
}

char *mem_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = NULL;
    const int len = vasprintf(&text, format, args);
    va_end(args);
    invariant(len >= 0);
    return text;
}

void *mem_grow(void *items, size_t *room, size_t need, size_t size)
{
    if (need <= *room)
        return items;
    size_t next = *room ? *room : 8;
    while (next < need)
        next *= 2;
    invariant(size == 0 || next <= SIZE_MAX / size);
    *room = next;
    return checked(realloc(items, next * size));
}
