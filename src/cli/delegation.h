/* sipsteer delegation: the parent's records for a zone, and whether they are there. Thread: main. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { GIVEN_MAX = 64 };

struct delegation_arguments {
    const char *config, *zone;
    bool check, json;
    const char *resolver;           /* ADDR[:PORT], or NULL */
    const char *parents;            /* ADDR[:PORT],..., or NULL */
    const char *servers[GIVEN_MAX]; /* NAME=ADDR[:PORT] */
    size_t server_count;
};

/* Returns the exit code: 0 all well, 1 faults, 2 it could not be found out. */
int delegation_run(const struct delegation_arguments *args);
