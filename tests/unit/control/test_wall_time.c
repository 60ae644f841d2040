#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/wall_time.h"

#include <stdlib.h>
#include <time.h>

static void assert_time(const char *text, int64_t expected)
{
    int64_t at_ms = -1;
    if (!wall_time_parse(text, &at_ms))
        fail_msg("\"%s\" is not read", text);
    assert_int_equal(at_ms, expected);
}

static void what_is_written_is_read_alike(void **state)
{
    (void)state;
    static const int64_t all[] = {0, 1, 999, 951782399999, 1772324130250, 253402300799999};
    char text[WALL_TIME_TEXT];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_time(wall_time_format(all[i], text), all[i]);
    assert_string_equal(wall_time_format(1772324130250, text), "2026-03-01T00:15:30.250Z");
}

static void offsets_and_shorter_forms_are_read(void **state)
{
    (void)state;
    assert_time("2026-03-01T00:15:30Z", 1772324130000);
    assert_time("2026-03-01t01:15:30.25+01:00", 1772324130250);
    assert_time("2026-02-28 19:15:30.123456-05:00", 1772324130123);
    assert_time("2026-03-01T00:15Z", 1772324100000);
}

static void without_an_offset_the_local_time_is_meant(void **state)
{
    (void)state;
    setenv("TZ", "XYZ-2", 1); /* two hours east of UTC */
    tzset();
    assert_time("2026-03-01T02:15:30", 1772324130000);
    assert_time("2026-03-01 02:15", 1772324100000);
    assert_time("2026-03-01", 1772316000000);
    unsetenv("TZ");
    tzset();
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const all[] = {"",
                                      "2026",
                                      "2026-3-1",
                                      "2026-13-01",
                                      "2026-04-31",
                                      "2026-02-29T00:00:00Z",
                                      "2026-03-01T24:00:00Z",
                                      "2026-03-01T00:60Z",
                                      "2026-03-01T00",
                                      "2026-03-01T00:15:30.Z",
                                      "2026-03-01T00:15:30Zx",
                                      "2026-03-01T00:15:30+1",
                                      "2026-03-01T00:15:30+24:00",
                                      "1969-12-31T23:59:59Z",
                                      "1970-01-01T00:00:00+01:00",
                                      "x2026-03-01"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        int64_t at_ms;
        if (wall_time_parse(all[i], &at_ms))
            fail_msg("\"%s\" is read", all[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_alike),
        cmocka_unit_test(offsets_and_shorter_forms_are_read),
        cmocka_unit_test(without_an_offset_the_local_time_is_meant),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
