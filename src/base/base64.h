/* Base64 (RFC 4648 4), strictly: no spaces, whole groups of four, padded, no loose bits. Thread: any (values). */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Octets written to out; 0 when the text is none, empty, or more than room octets. */
size_t base64_decode(const char *text, size_t len, uint8_t *out, size_t room);
