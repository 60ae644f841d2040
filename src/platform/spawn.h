/* A command of the operator's run as a child: no shell, nothing of ours open in it but the pipe for what it prints, signals as they are by default, a
 * session of its own so that all it starts ends with it. Whoever waits for it watches two descriptors; nothing here waits, but the start itself
 * does until the program is loaded, which a stuck disk may delay: not for a thread that must be on time.
 * Thread: the caller's; no signal handler is needed and none may take SIGCHLD's place. */
#pragma once

#include "base/error.h"

#include <sys/types.h>

struct child {
    pid_t pid;
    int end_fd; /* readable once the child has ended */
    int out_fd; /* its standard output; does not block */
};

/* Starts argv[0], a path, with argv (NULL at the end), in the folder / and with no more than PATH and LC_ALL=C in its environment: what it does must not
 * depend on where the daemon was started. Standard input and error are /dev/null. False: it cannot be run. */
bool child_start(char *const argv[], struct child *ret_child, struct error *err);

/* The same, but in_fd (-1: /dev/null) is its standard input, and more (NULL at the end; NULL: nothing) is added to its environment. */
bool child_start_with(char *const argv[], int in_fd, char *const more[], struct child *ret_child, struct error *err);

/* True once the child has ended; *ret_code is its exit code, or 128 and the signal that ended it. What it has left running ends with it; only
 * child_release() remains. */
bool child_ended(struct child *child, int *ret_code);

/* Asks it and all that it has started to end (SIGTERM). */
void child_terminate(struct child *child);

/* Closes our end of its standard output; out_fd is -1 then. */
void child_close_output(struct child *child);

/* Kills it and all that it has started; end_fd tells when that is done. */
void child_kill(struct child *child);

/* Kills what still runs, reaps it and closes the descriptors. Waits 100 ms at most: one that cannot be killed is left to the end of the process. */
void child_release(struct child *child);
