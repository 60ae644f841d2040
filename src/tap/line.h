/* A record as a line of JSON, for the query log. docs/seeing.md has the fields.
 * Thread: any (pure). */
#pragma once

#include "tap/meaning.h"
#include "tap/point.h"

enum { LINE_OCTETS = 8192 };

/* What a record is read with. meaning NULL: its service and sites cannot be named any more. states (enum site_state by site) NULL: not known. */
struct line_reading {
    int64_t clock_ns; /* what makes wall-clock time (since 1970) of its times */
    const struct meaning *meaning;
    const uint8_t *states;
};

/* Writes the line, with its end, to out and returns its length. */
size_t line_write(const struct tap_record *record, const struct line_reading *reading, char out[LINE_OCTETS]);
