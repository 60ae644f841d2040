/* The lines of a file from the last one back to the first, in pieces, so that a large file costs no memory. Thread: any (values). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct lines_back {
    int fd;
    off_t left; /* octets of the file in front of what was read */
    char *text;
    size_t room, from, end; /* text[from .. end) was read and not given yet */
    size_t line_most;
    bool begun, over;
};

/* As the file is now; what is added later is not read. False: it cannot be read (errno); nothing to close. */
bool lines_back_open(struct lines_back *lines, const char *path, size_t line_most);
void lines_back_close(struct lines_back *lines);

/* Whether the line is one of those that come after what is sought; LINE_UNSOUND where that cannot be told. */
enum line_place { LINE_BEFORE, LINE_AFTER, LINE_UNSOUND };
typedef enum line_place line_place_fn(const char *line, size_t len, const void *context);

/* Right after opening: leaves out most of the lines at the end that are LINE_AFTER, without reading all of them. The lines must be in order. */
void lines_back_skip(struct lines_back *lines, line_place_fn *place, const void *context);

/* The line before the one given last, without its newline; valid until the next call. Of one longer than line_most the length is line_most + 1. False:
 * there is none left, or reading fails. */
bool lines_back_next(struct lines_back *lines, const char **ret_line, size_t *ret_len);
