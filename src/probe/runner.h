/* Runs the commands of exec probes: a thread of its own starts them, reads what they print and sees to their end.
 *
 * Starting a program waits until the kernel has loaded it, which a slow disk may delay; so it is not the engine's thread that waits. posix_spawn()
 * shares the memory until then instead of copying page tables: what a start costs does not grow with the daemon. That is why no helper
 * process is kept for it.
 * Thread: runner_new(), runner_post(), runner_give_up() and runner_free() are the engine's; what is inside is the runner's own. */
#pragma once

#include "base/error.h"
#include "platform/spawn.h"
#include "probe/mail.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RUN_AT_ONCE_MAX = 32,     /* commands; further ones wait for their turn */
    OUTPUT_MAX = 512,         /* kept of what one prints; the rest is read and thrown away */
    TERMINATE_GRACE_MS = 500, /* from SIGTERM to SIGKILL */
};

struct task;

/* One command from its posting to its coming back by mail. */
struct errand {
    struct mail mail;   /* set by the poster: where it comes back to */
    struct task *task;  /* the poster's: NULL when nobody waits for it any more */
    char **argv;        /* NULL at the end; errand_free() frees it */
    uint64_t latest_ms; /* later than that its start would be in vain: it comes back without having run */

    atomic_bool given_up, started; /* shared */

    struct errand *next; /* from here on the runner's until it comes back */
    struct child child;
    uint64_t kill_at_ms; /* 0: not asked to end yet */
    bool killed;
    bool ran; /* false: err says why it could not be run; neither when it was given up before */
    int code; /* as child_ended() tells it */
    char output[OUTPUT_MAX];
    size_t output_len;
    struct error err;
};

struct runner;

/* NULL: the thread cannot be started. */
struct runner *runner_new(struct probe_engine *engine, struct error *err);
/* Kills what runs; every errand comes back. Leaves a thread behind that the kernel does not let go within a second. */
void runner_free(struct runner *runner);

void runner_post(struct runner *runner, struct errand *errand);
/* Its end is wanted: SIGTERM to it and all it has started, then SIGKILL. It comes back when it is gone. */
void runner_give_up(struct runner *runner, struct errand *errand);

void errand_free(struct errand *errand);
