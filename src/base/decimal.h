/* Decimal numbers in text, strictly: digits only, nothing before or behind, within bounds. strtoul() takes signs, spaces and what does not
 * fit. Thread: any. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* False when it is no number or larger than max. Leading zeroes are allowed, ten digits in all. */
static inline bool decimal_parse(const char *text, uint32_t max, uint32_t *ret_number)
{
    uint64_t value = 0;
    unsigned digits = 0;
    for (; *text >= '0' && *text <= '9' && digits <= 10; text++, digits++)
        value = value * 10 + (unsigned)(*text - '0');
    *ret_number = (uint32_t)value;
    return *text == '\0' && digits > 0 && digits <= 10 && value <= max;
}
