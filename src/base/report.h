/* A list of findings about the operator's input: everything wrong is told in one run, each finding with its place.
 * Thread: belongs to one thread at a time; the owner releases it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum severity { SEVERITY_WARNING, SEVERITY_ERROR };

struct finding {
    enum severity severity;
    char *text; /* "file:line: key.path: what is wrong, what was expected" */
};

struct report {
    struct finding *findings;
    size_t count, room;
    size_t errors; /* how many of them are errors */
};

void report_init(struct report *report);
void report_release(struct report *report);

/* Adds a finding. place may be NULL, else it is put in front as "place: ". Returns false, for `return report_error(...)`. */
bool report_error(struct report *report, const char *place, const char *format, ...) __attribute__((format(printf, 3, 4)));
void report_warning(struct report *report, const char *place, const char *format, ...) __attribute__((format(printf, 3, 4)));
