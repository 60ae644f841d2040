#include "probe/detail.h"

#include <stdio.h>
#include <string.h>

/* Octets of the sound sequence in front, 0 when there is none. */
static size_t sequence(const unsigned char *at, size_t left)
{
    const unsigned char first = at[0];
    if (first < 0x80)
        return first >= ' ' && first != 0x7f;
    const size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || len > left)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    /* Overlong forms, surrogates, what lies beyond U+10FFFF, and the control characters U+0080 to U+009F. */
    const unsigned char second = at[1];
    const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
                       (first == 0xf4 && second > 0x8f) || (first == 0xc2 && second < 0xa0);
    return wrong ? 0 : len;
}

void detail_take(char out[DETAIL_TEXT], const char *octets, size_t len)
{
    const unsigned char *at = (const unsigned char *)octets, *const end = len ? at + len : at; /* octets may be NULL when there are none */
    size_t used = 0;
    while (at < end && *at != '\n' && *at != '\r' && *at) {
        const size_t sound = sequence(at, (size_t)(end - at)), size = sound ? sound : 1;
        if (used + size > DETAIL_TEXT - 1)
            break;
        if (sound)
            memcpy(out + used, at, size);
        else
            out[used] = *at == '\t' ? ' ' : '?';
        used += size;
        at += size;
    }
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
}

void detail_setv(char out[DETAIL_TEXT], const char *format, va_list args)
{
    char text[4 * DETAIL_TEXT];
    vsnprintf(text, sizeof text, format, args);
    detail_take(out, text, strlen(text));
}

void detail_set(char out[DETAIL_TEXT], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    detail_setv(out, format, args);
    va_end(args);
}
