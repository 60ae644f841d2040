#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lines_say_their_level, plain),
        cmocka_unit_test_setup(lines_above_the_level_are_dropped, plain),
        cmocka_unit_test_setup(the_journal_gets_its_priorities, plain),
        cmocka_unit_test_setup(a_long_line_is_cut_and_still_ends, plain),
        cmocka_unit_test_setup(a_line_of_every_length_near_the_limit_is_whole, plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
