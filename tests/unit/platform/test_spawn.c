/* Commands as children: what they print and how they end, and that nothing is left of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/spawn.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SOON_MS = 20000 };

static struct child started(const char *script)
{
    char *const argv[] = {"/bin/sh", "-c", (char *)script, NULL};
    struct child child;
    struct error err = {""};
    if (!child_start(argv, &child, &err))
        fail_msg("%s", err.text);
    return child;
}

static int code_of(struct child *child)
{
    struct pollfd end = {.fd = child->end_fd, .events = POLLIN};
    int code = -1;
    assert_int_equal(poll(&end, 1, SOON_MS), 1);
    assert_true(child_ended(child, &code));
    return code;
}

/* All that it prints until its end. */
static void printed_by(const char *script, char *out, size_t room, int *ret_code)
{
    struct child child = started(script);
    *ret_code = code_of(&child);
    const ssize_t len = read(child.out_fd, out, room - 1);
    out[len > 0 ? len : 0] = '\0';
    child_release(&child);
}

static void a_command_prints_and_ends_with_its_code(void **state)
{
    (void)state;
    char out[64];
    int code;
    printed_by("echo 12; echo not this >&2; exit 3", out, sizeof out, &code);
    assert_string_equal(out, "12\n");
    assert_int_equal(code, 3);
}

static void a_signal_that_ends_it_shows_in_the_code(void **state)
{
    (void)state;
    char out[64];
    int code;
    printed_by("kill -TERM $$", out, sizeof out, &code);
    assert_int_equal(code, 128 + SIGTERM);
}

static void a_program_that_is_not_there_is_told(void **state)
{
    (void)state;
    char *const argv[] = {"/nowhere/at/all", NULL};
    struct child child;
    struct error err = {""};
    assert_false(child_start(argv, &child, &err));
    assert_non_null(strstr(err.text, "/nowhere/at/all"));
}

static void a_child_has_none_of_our_files_and_default_signals(void **state)
{
    (void)state;
    char out[64];
    int code;
    const int ours = dup(0);
    signal(SIGPIPE, SIG_IGN);
    sigset_t set, old;
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, &old);
    /* Three descriptors, and the one that ls reads the folder with; the first 28 signals, for the C library keeps two of its own. */
    printed_by("ls /proc/self/fd | wc -l; sed -nE 's/Sig(Blk|Ign):.*(.{7})$/\\2/p' /proc/self/status", out, sizeof out, &code);
    sigprocmask(SIG_SETMASK, &old, NULL);
    close(ours);
    assert_string_equal(out, "4\n0000000\n0000000\n");
}

/* A dead one may stay a while until its new parent has reaped it. */
static bool is_running(pid_t pid)
{
    char path[64], kind = 'Z';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *stat = fopen(path, "r");
    if (stat && fscanf(stat, "%*d %*s %c", &kind) != 1)
        kind = 'Z';
    if (stat)
        fclose(stat);
    return kind != 'Z';
}

static void a_running_child_has_not_ended_and_is_killed_with_what_it_started(void **state)
{
    (void)state;
    struct child child = started("sleep 1000 & echo $!; wait");
    struct pollfd printed = {.fd = child.out_fd, .events = POLLIN};
    int code;
    char out[32] = "";
    assert_false(child_ended(&child, &code));
    assert_int_equal(poll(&printed, 1, SOON_MS), 1);
    assert_true(read(child.out_fd, out, sizeof out - 1) > 0);
    const pid_t grandchild = (pid_t)strtol(out, NULL, 10);
    child_kill(&child);
    assert_int_equal(code_of(&child), 128 + SIGKILL);
    child_release(&child);
    for (int i = 0; i < SOON_MS / 10 && is_running(grandchild); i++)
        usleep(10000);
    assert_false(is_running(grandchild));
}

static void what_a_child_leaves_running_ends_with_it(void **state)
{
    (void)state;
    char out[64];
    int code;
    struct child child = started("sleep 1000 & exit 0");
    code = code_of(&child);
    assert_int_equal(code, 0);
    struct pollfd printed = {.fd = child.out_fd, .events = POLLIN};
    assert_int_equal(poll(&printed, 1, SOON_MS), 1); /* the pipe has no writer left */
    assert_int_equal(read(child.out_fd, out, sizeof out), 0);
    child_release(&child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_prints_and_ends_with_its_code),
        cmocka_unit_test(a_signal_that_ends_it_shows_in_the_code),
        cmocka_unit_test(a_program_that_is_not_there_is_told),
        cmocka_unit_test(a_child_has_none_of_our_files_and_default_signals),
        cmocka_unit_test(a_running_child_has_not_ended_and_is_killed_with_what_it_started),
        cmocka_unit_test(what_a_child_leaves_running_ends_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
