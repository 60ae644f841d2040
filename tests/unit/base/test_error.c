#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/invariant.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void an_error_is_written_and_false_comes_back(void **state)
{
    (void)state;
    struct error err;
    assert_false(error_set(&err, "%s: %d", "zone", 7));
    assert_string_equal(err.text, "zone: 7");
    assert_false(error_set(&err, "again"));
    assert_string_equal(err.text, "again");
    assert_false(error_set(NULL, "nobody reads this"));
}

static void a_long_error_is_cut(void **state)
{
    (void)state;
    struct {
        struct error err;
        char after;
    } guarded = {.after = 'x'};
    char text[2000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    error_set(&guarded.err, "%s", text);
    assert_int_equal(strlen(guarded.err.text), sizeof guarded.err.text - 1);
    assert_int_equal(guarded.after, 'x');
}

/* What a child that breaks (or keeps) an invariant leaves: its wait status, and its standard error in out. */
static int run(int value, char *out, size_t room)
{
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL); /* cmocka has its own */
        invariant(value == 1);
        _exit(0);
    }
    close(ends[1]);
    const ssize_t got = read(ends[0], out, room - 1);
    out[got > 0 ? got : 0] = 0;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void a_broken_invariant_ends_the_process_and_says_where(void **state)
{
    (void)state;
    char out[500];
    int status = run(1, out, sizeof out);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_string_equal(out, "");
    status = run(2, out, sizeof out);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(out, "test_error.c:"));
    assert_non_null(strstr(out, "run: broken invariant: value == 1\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_written_and_false_comes_back),
        cmocka_unit_test(a_long_error_is_cut),
        cmocka_unit_test(a_broken_invariant_ends_the_process_and_says_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
