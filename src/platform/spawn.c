#include "platform/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_FOREIGN_FD = 3, SIGNALLED = 128, KILL_WAIT_MS = 100, MORE_MAX = 32 /* variables of the caller's */ };

static void arrange_files(posix_spawn_file_actions_t *files, int in_fd, int out_fd)
{
    posix_spawn_file_actions_init(files);
    posix_spawn_file_actions_addchdir_np(files, "/");
    if (in_fd >= 0)
        posix_spawn_file_actions_adddup2(files, in_fd, STDIN_FILENO);
    else
        posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(files, out_fd, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(files, FIRST_FOREIGN_FD);
}

/* Our threads block signals, and SIGPIPE is ignored: a child would inherit both. */
static void arrange_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(attributes);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn(char *const argv[], int in_fd, int out_fd, char *const more[], pid_t *ret_pid)
{
    static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
    char *environment[MORE_MAX + 3] = {path, locale, NULL};
    for (size_t i = 0; more && more[i] && i < MORE_MAX; i++)
        environment[i + 2] = more[i];
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    arrange_files(&files, in_fd, out_fd);
    arrange_signals(&attributes);
    const int wrong = posix_spawn(ret_pid, argv[0], &files, &attributes, argv, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return wrong;
}

bool child_start(char *const argv[], struct child *ret_child, struct error *err)
{
    return child_start_with(argv, -1, NULL, ret_child, err);
}

bool child_start_with(char *const argv[], int in_fd, char *const more[], struct child *ret_child, struct error *err)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return error_set(err, "cannot make a pipe: %s", strerror(errno));
    fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
    *ret_child = (struct child){.end_fd = -1, .out_fd = pipe_fds[0]};
    const int wrong = spawn(argv, in_fd, pipe_fds[1], more, &ret_child->pid);
    close(pipe_fds[1]);
    if (wrong) {
        close(pipe_fds[0]);
        return error_set(err, "cannot run %s: %s", argv[0], strerror(wrong));
    }
    ret_child->end_fd = pidfd_open(ret_child->pid, 0);
    if (ret_child->end_fd >= 0)
        return true;
    error_set(err, "cannot watch %s: %s", argv[0], strerror(errno));
    child_release(ret_child);
    return false;
}

/* While nobody has reaped the child, its number, which is its group's, is nobody else's. */
static void kill_group(const struct child *child)
{
    kill(-child->pid, SIGKILL);
    kill(child->pid, SIGKILL); /* should it not have made its session yet */
}

bool child_ended(struct child *child, int *ret_code)
{
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
        return false;
    kill_group(child);
    waitpid(child->pid, NULL, 0);
    child->pid = 0;
    *ret_code = info.si_code == CLD_EXITED ? info.si_status : SIGNALLED + info.si_status;
    return true;
}

void child_terminate(struct child *child)
{
    if (child->pid > 0)
        kill(-child->pid, SIGTERM);
}

void child_close_output(struct child *child)
{
    if (child->out_fd >= 0)
        close(child->out_fd);
    child->out_fd = -1;
}

void child_kill(struct child *child)
{
    if (child->pid > 0)
        kill_group(child);
}

void child_release(struct child *child)
{
    struct pollfd end = {.fd = child->end_fd, .events = POLLIN};
    int code;
    child_kill(child);
    if (child->pid > 0 && child->end_fd >= 0)
        poll(&end, 1, KILL_WAIT_MS);
    if (child->pid > 0)
        child_ended(child, &code);
    if (child->end_fd >= 0)
        close(child->end_fd);
    child_close_output(child);
    *child = (struct child){.end_fd = -1, .out_fd = -1};
}
