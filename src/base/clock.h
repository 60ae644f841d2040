/* Time. Decisions use monotonic milliseconds only; wall time is for what people read and for what outlives the process.
 * Pure folders (health, load, policy) never include this: they take time as an argument. Thread: any. */
#pragma once

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC. */
uint64_t clock_ms(void);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t clock_ns(void);

/* Milliseconds of CLOCK_BOOTTIME, which goes on while the machine is suspended. */
uint64_t clock_boot_ms(void);

/* Seconds since 1970 (CLOCK_REALTIME). */
int64_t clock_wall_s(void);

/* Milliseconds since 1970 (CLOCK_REALTIME). */
int64_t clock_wall_ms(void);

/* Nanoseconds since 1970 (CLOCK_REALTIME). */
int64_t clock_wall_ns(void);
