/* Moments to come as operators write them. Thread: any that keeps the time zone (localtime_r). */
#pragma once

#include "base/error.h"

#include <stdint.h>

/* "22:00" (the next time it is that late, local time), "+2h" (from now), "@1763848800" (seconds of the wall clock), or as wall_time_parse(). now_s: of the
 * wall clock. */
bool moment_parse(const char *text, int64_t now_s, int64_t *ret_s, struct error *err);
