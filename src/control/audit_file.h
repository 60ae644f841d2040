/* The audit file on disk: lines are added at its end and never changed; a full one is renamed to FILE.1, that one to FILE.2 and so on.
 * Thread: any, one at a time (the audit's writer). */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct audit_file {
    char *path;    /* owned */
    uint64_t most; /* octets */
    unsigned keep; /* older files */
    int fd;        /* -1: not open */
    dev_t device;  /* of what is open */
    ino_t inode;
};

void audit_file_init(struct audit_file *file);
void audit_file_release(struct audit_file *file);
/* Takes effect with the next lines. */
void audit_file_set(struct audit_file *file, const char *path, uint64_t most, unsigned keep);

/* Adds whole lines and waits until they are on the disk. A file that is missing is made, with mode 0640 and the folders above it; one that somebody has
 * moved away is made anew. False: none of them is in the file; what had been written of them is cut off again. */
bool audit_file_add(struct audit_file *file, const char *lines, size_t len, struct error *err);

/* "FILE", "FILE.1" ... The caller frees. */
char *audit_file_name(const char *path, unsigned number);
