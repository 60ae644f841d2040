/* Moments of the wall clock as text. Thread: any (values). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { WALL_TIME_TEXT = 32 };

/* RFC 3339 in UTC with milliseconds: "2026-03-01T08:15:30.250Z". Returns out. wall_ms: since 1970, before the year 10000. */
const char *wall_time_format(int64_t wall_ms, char out[WALL_TIME_TEXT]);

/* RFC 3339 with any offset; the seconds, their parts, the offset (local time is meant then) and all of the time of day may be left out, and a blank
 * may stand for the T. False when malformed or no such moment. */
bool wall_time_parse(const char *text, int64_t *ret_wall_ms);
