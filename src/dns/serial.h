/* Serial numbers of zones, which wrap around (RFC 1982). Thread: any. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether a is later than b. Two that are half a circle apart have no order: neither is later. */
static inline bool serial_after(uint32_t a, uint32_t b)
{
    const uint32_t ahead = a - b;
    return ahead != 0 && ahead < 0x80000000u;
}
