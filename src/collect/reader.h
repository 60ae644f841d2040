/* A thread that reads files and starts commands for the collector: a disk that hangs then holds up those pages alone that need it.
 * Thread: the functions are for the collector's thread, or when that has ended for who has joined it. */
#pragma once

#include "base/error.h"
#include "platform/spawn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One file to read, or one command to start; the texts belong to whom the chore is for and outlive it. */
struct chore {
    const void *owner;
    const char *path;     /* file; or NULL */
    char *const *command; /* else */
    size_t most;          /* octets of the file */
    bool done;            /* false: err */
    struct error err;
    char *text; /* of the file, with a NUL behind it; to be freed */
    size_t len;
    uint64_t age_ms;    /* since the file was changed */
    struct child child; /* of the command */
    struct chore *next;
};

struct reader;

/* wake_fd: an eventfd that is raised whenever a chore has ended. */
struct reader *reader_new(int wake_fd, struct error *err);
/* Waits a moment for the chore under way; then reader_take() gives back all chores, done or not. False: it is stuck, the thread is left behind. */
bool reader_stop(struct reader *reader);
/* After reader_stop() was true. */
void reader_free(struct reader *reader);
void reader_push(struct reader *reader, struct chore *chore);
/* The next chore that has ended, or NULL. */
struct chore *reader_take(struct reader *reader);
/* Frees the chore and what it still holds. */
void chore_free(struct chore *chore);
