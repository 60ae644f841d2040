/* Reads the small files of push probes in a thread of its own, so that a disk or a file system that hangs delays no probe.
 * Thread: file_reader_new(), file_reader_post() and file_reader_free() are the engine's; what is inside is the reader's own. */
#pragma once

#include "base/error.h"
#include "probe/mail.h"

#include <stddef.h>
#include <stdint.h>

enum { REPORT_FILE_MAX = 1024 }; /* octets read; a report is a word and a line */

struct task;

/* One file to read, from its posting to its coming back by mail. */
struct reading {
    struct mail mail; /* set by the poster */
    struct reading *next;
    struct task *task; /* the poster's: NULL when nobody waits for it any more */
    char *path;        /* freed with it */
    int failed;        /* an errno; 0: what follows was read */
    int64_t age_ms;    /* since it was modified, by the wall clock; negative: in the future */
    char text[REPORT_FILE_MAX];
    size_t len;
};

struct file_reader;

/* NULL: the thread cannot be started. */
struct file_reader *file_reader_new(struct probe_engine *engine, struct error *err);
/* Every reading comes back. Leaves a thread behind that the kernel does not let go within a second. */
void file_reader_free(struct file_reader *reader);
void file_reader_post(struct file_reader *reader, struct reading *reading);
void reading_free(struct reading *reading);
