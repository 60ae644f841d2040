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

/* A share from 0 to 100 percent: "20", "20%", "0.5%"; at most six digits before and behind the point. False when it is anything else. */
static inline bool percent_parse(const char *text, double *ret_percent)
{
    uint64_t whole = 0, parts = 0, unit = 1;
    unsigned digits = 0;
    for (; *text >= '0' && *text <= '9' && digits < 6; text++, digits++)
        whole = whole * 10 + (unsigned)(*text - '0');
    bool sound = digits > 0;
    if (*text == '.') {
        for (text++; *text >= '0' && *text <= '9' && unit < 1000000; text++, unit *= 10)
            parts = parts * 10 + (unsigned)(*text - '0');
        sound &= unit > 1;
    }
    text += *text == '%';
    *ret_percent = (double)whole + (double)parts / (double)unit;
    return sound && *text == '\0' && *ret_percent <= 100;
}
