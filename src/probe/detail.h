/* What a probe has to tell people beyond its reason: one short line that tables, JSON and the log can show as it is. Pure.
 * Thread: any (values). */
#pragma once

#include "health/health.h"

#include <stdarg.h>
#include <stddef.h>

/* The first line of the octets as sound UTF-8 (RFC 3629) without control characters; what is neither becomes "?", what does not fit is cut between
 * characters. */
void detail_take(char out[DETAIL_TEXT], const char *octets, size_t len);
/* printf-made, then as above. */
void detail_setv(char out[DETAIL_TEXT], const char *format, va_list args) __attribute__((format(printf, 2, 0)));
void detail_set(char out[DETAIL_TEXT], const char *format, ...) __attribute__((format(printf, 2, 3)));
