/* One pass over the letters of a configuration text, into struct source: see source.h for what it looks after.
 * Private to source.c. Thread: the caller's. */
#pragma once

#include "config/names.h"
#include "config/source.h"

/* A bracket that is open, and what it stands at: a key, or an item of the list around it. */
struct bracket {
    char letter;
    unsigned line;  /* of source.text */
    uint32_t group; /* number of this group among all */
    const char *key;
    size_t key_len;
    size_t item, keys; /* commas seen (list, array); keys seen (group) */
};

struct scanner {
    struct source *source;
    struct report *report;
    const char *path; /* of the main file: @include counts from its folder */
    size_t octets;
    unsigned files, depth, line; /* line: of source.text, where the next letter goes */
    uint32_t groups;
    struct names keys;                    /* space: the group's number */
    const char *word, *key;               /* the last word, if only blanks followed it; the last key, until its value opens */
    size_t word_len, key_len, word_at;    /* word_at: in source.text */
    struct bracket open[NESTING_MAX + 1]; /* [0] is the file itself */
};

/* Reads text, which is the contents of file; false when there is no going on. */
bool scan_text(struct scanner *scanner, const char *file, const char *text, size_t len, unsigned include_depth);

/* Reads the file and scans it. place is where it was asked for, or NULL. In source.c. */
bool scan_file(struct scanner *scanner, const char *file, const char *place, unsigned include_depth);
