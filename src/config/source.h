/* The configuration file and all that it includes as one text, with the way back from a line of it to file and line.
 * It reads for libconfig what libconfig 1.5 cannot be trusted with: @include (its scanner ends the process when one is a folder),
 * whole numbers beyond 32 bits (wrapped silently), endless nesting, arrays of mixed types (an array becomes a list); and it finds keys given twice without stopping there.
 * Thread: any one; source_release() frees. */
#pragma once

#include "base/report.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    SOURCE_MAX = 64 << 20, /* octets over all files */
    SOURCE_FILES_MAX = 1000,
    INCLUDE_DEPTH_MAX = 10,
    NESTING_MAX = 16,      /* the deepest sound value needs five */
    GROUP_KEYS_MAX = 4096, /* libconfig compares each key with all others of its group */
};

/* From this line of the text on, it is this file from this line on. */
struct stretch {
    unsigned line;
    const char *file;
    unsigned file_line;
};

struct source {
    char *text; /* without comments and @includes, ending in a newline and NUL */
    size_t len, room;
    struct stretch *stretches; /* by line */
    size_t stretch_count, stretch_room;
    char **held; /* texts to free with it: the files' names and contents, and others' */
    size_t held_count, held_room;
};

/* A key that stands a second time in its group is told and then renamed to begin with this, so that reading can go on. */
#define REPEATED_KEY '*'

/* Reads the file. False when it cannot be gone on with; everything wrong is in report either way. */
bool source_read(const char *path, struct report *report, struct source *ret_source);
/* The same for a text that was not read from a file; path is for messages and for the folder of @includes. */
bool source_from_text(const char *path, const char *text, size_t len, struct report *report, struct source *ret_source);
void source_release(struct source *source);

/* Keeps the text until source_release() and returns it. */
const char *source_hold(struct source *source, char *text);

/* "file:line" of a line of the text; the caller frees. */
char *source_place(const struct source *source, unsigned line);

/* path as it counts from the folder of file: itself when absolute. The caller frees. */
char *path_beside(const char *file, const char *path);
