/* A file that is moved aside when it is full: FILE becomes FILE.1, that FILE.2, and so on; the oldest goes.
 * Thread: one (a sink's): each call may wait for the disk. */
#pragma once

#include "base/error.h"
#include "model/tap_config.h"

#include <stddef.h>

struct rotated {
    const char *path; /* the caller's */
    struct rotation limits;
    int fd; /* -1: not open */
    uint64_t size;
};

/* What is there is written on; anew: it is moved aside, unless it is empty. */
bool rotated_open(struct rotated *file, const char *path, const struct rotation *limits, bool anew, struct error *err);
/* All of it, or nothing: what was written in part is cut off again. */
bool rotated_write(struct rotated *file, const void *octets, size_t len, struct error *err);
bool rotated_is_full(const struct rotated *file);
/* Moves it aside and begins a new one. False: it is closed. */
bool rotated_turn(struct rotated *file, struct error *err);
/* Whether something else has moved it away: the path is another file now, or none. */
bool rotated_is_gone(const struct rotated *file);
void rotated_close(struct rotated *file);
