/* Files as this folder reads them: an unchangeable copy in memory (a memfd), because a mapped file that somebody truncates in
 * place ends the process with SIGBUS; and the stamp by which a later change is noticed.
 * Thread: the owner's. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* What stat() says of a file; equal stamps mean an unchanged file. All zero: there is none. */
struct stamp {
    uint64_t device, inode, size;
    int64_t modified_s, modified_ns;
};

struct stamp stamp_of(const char *path);
bool stamp_equal(const struct stamp *a, const struct stamp *b);

/* Copies the file. The descriptor is the caller's to close. */
bool source_copy(const char *path, int *ret_fd, struct stamp *ret_stamp, struct error *err);

/* The copy's text with a NUL behind it (heap, the caller's). Files beyond 64 MB are refused. */
bool source_text(const char *path, char **ret_text, struct stamp *ret_stamp, struct error *err);
