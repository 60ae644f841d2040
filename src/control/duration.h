/* Spans of time as operators write and read them. Thread: any (values). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { DURATION_TEXT = 32 };

/* "200ms", "30s", "5m", "1h30m", "2d"; a plain number is seconds. False when malformed or longer than ten years. */
bool duration_parse(const char *text, uint64_t *ret_ms);

/* "850ms", "12s", "3m12s", "2h05m", "3d04h". Returns out. */
const char *duration_format(uint64_t ms, char out[DURATION_TEXT]);
