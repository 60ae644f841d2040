/* What went wrong in the environment (files, sockets, libraries): a message built where it is known, logged once at the top.
 * Functions that can fail this way return true for success and fill err on false.
 * Thread: the struct belongs to the caller. */
#pragma once

#include <stdbool.h>

struct error {
    char text[512]; /* one line, no newline at the end */
};

/* Writes the message and returns false, so that callers can write `return error_set(err, ...)`. err may be NULL. */
bool error_set(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
