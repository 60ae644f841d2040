/* How far something that takes long has come, told by the thread that does it and seen by any other: a few atomics, no lock. Who does not tell anybody
 * (progress_use() was not called) pays a look at a thread's variable.
 * Thread: progress_use(), progress_begin(), progress_step() and progress_end() the one that works; progress_see() any. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
    _Atomic(const char *) what; /* NULL: nothing that takes long */
    _Atomic uint64_t done, of;
};

/* From now on this thread tells it here; NULL: nowhere. */
void progress_use(struct progress *progress);

/* What is done now, a static text as "compiling geo data", and of how many steps it is; 0: not known. */
void progress_begin(const char *what, uint64_t of);
void progress_step(uint64_t done);
void progress_end(void);

struct progress_seen {
    const char *what;
    int percent; /* -1: not known */
};
/* False: nothing that takes long. */
bool progress_see(const struct progress *progress, struct progress_seen *ret_seen);
