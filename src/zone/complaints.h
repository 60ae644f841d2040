/* The findings of one load: with their place, and not without end. Thread: the loader's. The names of the files belong to it. */
#pragma once

#include "base/report.h"

#include <stdint.h>

enum { ERRORS_MAX = 100, WARNINGS_MAX = 100, FILES_MAX = 1000 };

struct place {
    uint32_t line; /* 0: the file as a whole */
    uint16_t file;
};

struct complaints {
    struct report *report;
    char **files; /* by struct place's file */
    size_t file_count, file_room;
    size_t errors, warnings;
};

void complaints_init(struct complaints *complaints, struct report *report);
void complaints_release(struct complaints *complaints);
/* The number of a file that is now read. */
uint16_t complaints_file(struct complaints *complaints, const char *path);

/* Returns false. */
bool complain(struct complaints *complaints, struct place place, const char *format, ...) __attribute__((format(printf, 3, 4)));
void complain_mildly(struct complaints *complaints, struct place place, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* So many errors that going on helps nobody. */
bool complaints_full(const struct complaints *complaints);
