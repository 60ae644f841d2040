/* Texts of the configuration with parts that differ by check: %a the address, %h the host, %p the port, %s the site, %% a percent sign. Pure.
 * Thread: any. */
#pragma once

#include "probe/probe.h"

/* The pattern with its parts filled in; the caller frees. What the configuration would refuse stays as it is. */
char *pattern_fill(const char *pattern, const struct check *check);
