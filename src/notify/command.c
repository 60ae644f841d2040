/* A command is told: the message on its standard input and in its environment. */
#include "notify/hook.h"

#include "base/clock.h"
#include "base/memory.h"
#include "platform/spawn.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LOOK_MS = 100 /* how soon it is seen that it is to be broken off */ };

/* The body in memory, as a file to read from its start; -1: there is none. */
static int make_input(const char *body)
{
    const int fd = memfd_create("message", MFD_CLOEXEC);
    const size_t len = strlen(body);
    if (fd >= 0 && write(fd, body, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* What it prints is of no use, but it must not wait for a reader. */
static void read_away(const struct child *child)
{
    char text[4096];
    while (read(child->out_fd, text, sizeof text) > 0) {
    }
}

static bool wait_end(struct child *child, const struct hook_config *hook, const struct abort_flag *abort, struct error *err)
{
    const uint64_t end_ms = clock_ms() + hook->timeout_ms;
    struct pollfd at[] = {{.fd = child->end_fd, .events = POLLIN}, {.fd = child->out_fd, .events = POLLIN}};
    for (int code;;) {
        if (child_ended(child, &code))
            return code == 0 || error_set(err, "%s ends with %d", hook->command[0], code);
        if (atomic_load(&abort->set))
            return error_set(err, "broken off");
        const uint64_t now_ms = clock_ms();
        if (now_ms >= end_ms)
            return error_set(err, "%s does not end within %u ms", hook->command[0], hook->timeout_ms);
        const uint64_t left_ms = end_ms - now_ms;
        if (poll(at, 2, left_ms < LOOK_MS ? (int)left_ms : LOOK_MS) > 0 && at[1].revents)
            read_away(child);
        if (at[1].revents & POLLHUP)
            at[1].fd = -1;
    }
}

bool command_tell(const struct hook_config *hook, const struct message *message, const struct abort_flag *abort, struct error *err)
{
    struct child child;
    char **argv = mem_new(hook->command_count + 1, sizeof *argv);
    memcpy(argv, hook->command, hook->command_count * sizeof *argv);
    const int in_fd = make_input(message->body);
    bool done = in_fd >= 0 ? child_start_with(argv, in_fd, message->variables, &child, err)
                           : error_set(err, "there is no memory for the message: %s", strerror(errno));
    free(argv);
    if (in_fd >= 0)
        close(in_fd);
    if (!done)
        return false;
    done = wait_end(&child, hook, abort, err);
    child_release(&child);
    return done;
}
