#include "probe/pattern.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART_TEXT = 64 };

/* The text that stands for the letter; NULL when nothing does. */
static const char *part(char letter, const struct check *check, char room[PART_TEXT])
{
    switch (letter) {
    case 'a': return addr_format(&check->target.addr, room);
    case 'p': snprintf(room, PART_TEXT, "%u", check->target.port); return room;
    case 's': return check->site;
    case 'h': return check->host;
    case '%': return "%";
    default: return NULL;
    }
}

/* A host is written without its final dot, as programs other than name servers like it. */
static size_t part_len(char letter, const char *text)
{
    const size_t len = strlen(text);
    return letter == 'h' && len > 1 && text[len - 1] == '.' ? len - 1 : len;
}

char *pattern_fill(const char *pattern, const struct check *check)
{
    char room[PART_TEXT], *text = NULL;
    size_t len = 0, space = 0;
    for (const char *at = pattern; *at; at++) {
        const char *with = *at == '%' ? part(at[1], check, room) : NULL;
        const size_t size = with ? part_len(at[1], with) : 1;
        text = mem_grow(text, &space, len + size + 1, 1);
        memcpy(text + len, with ? with : at, size);
        len += size;
        at += with != NULL;
    }
    if (!text)
        return mem_text("");
    text[len] = '\0';
    return text;
}
