#include "base/base64.h"

/* The six bits of a letter, or 64. */
static unsigned bits_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0') + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

size_t base64_decode(const char *text, size_t len, uint8_t *out, size_t room)
{
    const size_t padding = len < 4 || text[len - 1] != '=' ? 0 : text[len - 2] == '=' ? 2 : 1;
    const size_t octets = len / 4 * 3 - padding;
    uint32_t group = 0;
    if (len == 0 || len % 4 != 0 || octets > room)
        return 0;
    for (size_t i = 0, made = 0; i < len; i++) {
        const unsigned bits = i < len - padding ? bits_of(text[i]) : 0;
        if (bits > 63)
            return 0;
        group = group << 6 | bits;
        for (unsigned k = 0; i % 4 == 3 && k < 3; k++) {
            const uint8_t octet = (uint8_t)(group >> (16 - 8 * k));
            if (made < octets)
                out[made++] = octet;
            else if (octet != 0)
                return 0;
        }
    }
    return octets;
}
