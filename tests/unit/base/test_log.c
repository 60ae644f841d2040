#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int ends[2], kept;

/* Standard error goes to a pipe until captured() is called. */
static void capture(void)
{
    assert_int_equal(pipe(ends), 0);
    kept = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
}

static const char *captured(void)
{
    static char text[8192];
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[1]);
    const ssize_t got = read(ends[0], text, sizeof text - 1);
    text[got > 0 ? got : 0] = 0;
    close(ends[0]);
    return text;
}

static int plain(void **state)
{
    (void)state;
    unsetenv("JOURNAL_STREAM");
    log_set_level(LOG_NOTICE);
    return 0;
}

static void lines_say_their_level(void **state)
{
    (void)state;
    capture();
    log_error("cannot bind %s", "[::1]:53");
    log_warning("site %d", 7);
    log_notice("ready");
    assert_string_equal(captured(), "error: cannot bind [::1]:53\nwarning: site 7\nready\n");
}

static void lines_above_the_level_are_dropped(void **state)
{
    (void)state;
    capture();
    log_debug("unseen");
    log_set_level(LOG_DEBUG);
    log_debug("seen");
    log_set_level(LOG_ERROR);
    log_warning("unseen");
    log_notice("unseen");
    log_error("seen");
    assert_string_equal(captured(), "debug: seen\nerror: seen\n");
}

static void the_journal_gets_its_priorities(void **state)
{
    (void)state;
    setenv("JOURNAL_STREAM", "8:1", 1);
    log_set_level(LOG_DEBUG);
    capture();
    log_error("a");
    log_warning("b");
    log_notice("c");
    log_debug("d");
    assert_string_equal(captured(), "<3>a\n<4>b\n<5>c\n<7>d\n");
}

static void a_long_line_is_cut_and_still_ends(void **state)
{
    (void)state;
    char text[5000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    capture();
    log_error("%s", text);
    const char *line = captured();
    const size_t len = strlen(line);
    assert_in_range(len, 2000, 2048);
    assert_int_equal(strspn(line + 7, "a"), len - 8);
    assert_int_equal(line[len - 1], '\n');
}

static void a_line_of_every_length_near_the_limit_is_whole(void **state)
{
    (void)state;
    char text[2100];
    for (size_t want = 2020; want < 2060; want++) {
        memset(text, 'b', want);
        text[want] = 0;
        capture();
        log_notice("%s", text);
        const char *line = captured();
        const size_t len = strlen(line);
        assert_int_equal(line[len - 1], '\n');
        assert_int_equal(strspn(line, "b"), len - 1);
        assert_true(len - 1 == want || len >= 2046);
    }
}

static void fill_pipe(void)
{
    static const char filling[4096];
    const int flags = fcntl(ends[1], F_GETFL);
    fcntl(ends[1], F_SETFL, flags | O_NONBLOCK);
    while (write(ends[1], filling, sizeof filling) > 0)
        continue;
    while (write(ends[1], filling, 1) > 0)
        continue;
    fcntl(ends[1], F_SETFL, flags);
}

/* Logs; how many lines; the calls must not wait. */
static size_t log_much(void)
{
    enum { LINES = 2000 };
    char text[200];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    const uint64_t before_ms = clock_ms();
    for (int i = 0; i < LINES; i++)
        log_notice("line %d %s", i, text);
    log_flush(200);
    assert_in_range(clock_ms() - before_ms, 150, 5000);
    return LINES;
}

/* Lines are whole and in order, and all that are missing are told of. This is the last case: the thread cannot be stopped. */
static void a_reader_who_does_not_read_holds_nobody_up_and_is_told_what_is_lost(void **state)
{
    (void)state;
    alarm(60);
    capture();
    struct error err;
    assert_true(log_start(&err));
    log_notice("before");
    log_flush(20000);
    fill_pipe();
    const size_t logged = log_much();
    FILE *from = fdopen(ends[0], "r");
    char *text = NULL;
    size_t room = 0, seen = 0, lost = 0, number;
    while (seen + lost < logged && getdelim(&text, &room, '\n', from) > 0) {
        const char *at = text;
        while (!*at && at < text + room) /* what the pipe was filled with */
            at++;
        if (sscanf(at, "line %zu", &number) == 1) {
            assert_int_equal(number, seen + lost);
            assert_int_equal(strlen(at), strlen("line  \n") + 199 + (size_t)snprintf(NULL, 0, "%zu", number));
            seen++;
        } else if (sscanf(at, "warning: %zu lines of the log are lost", &number) == 1) {
            lost += number;
        } else {
            assert_string_equal(at, "before\n");
        }
    }
    assert_true(seen > 0 && lost > 0);
    assert_int_equal(seen + lost, logged);
    free(text);
    dup2(kept, STDERR_FILENO);
    fclose(from);
    alarm(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lines_say_their_level, plain),
        cmocka_unit_test_setup(lines_above_the_level_are_dropped, plain),
        cmocka_unit_test_setup(the_journal_gets_its_priorities, plain),
        cmocka_unit_test_setup(a_long_line_is_cut_and_still_ends, plain),
        cmocka_unit_test_setup(a_line_of_every_length_near_the_limit_is_whole, plain),
        cmocka_unit_test_setup(a_reader_who_does_not_read_holds_nobody_up_and_is_told_what_is_lost, plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
