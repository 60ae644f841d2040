#include "control/duration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void spans_are_read_with_their_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } cases[] = {{"200ms", 200},     {"2s", 2000},
                 {"5m", 300000},     {"1h", 3600000},
                 {"2d", 172800000},  {"90", 90000},
                 {"1h30m", 5400000}, {"1d2h3m4s5ms", 93784005},
                 {"0s", 0},          {"3650d", UINT64_C(315360000000)}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t ms;
        assert_true(duration_parse(cases[i].text, &ms));
        assert_int_equal(ms, cases[i].ms);
    }
}

static void what_is_no_span_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"",
                                        "s",
                                        "5x",
                                        "-5s",
                                        "5 s",
                                        "1.5h",
                                        "30m1h",
                                        "5s5s",
                                        "1h30",
                                        "5ms5",
                                        "3651d",
                                        "99999999999999999999d",
                                        "400000000000",
                                        " 5s",
                                        "5s ",
                                        "18446744073709551615"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t ms;
        if (duration_parse(cases[i], &ms))
            fail_msg("\"%s\" was taken", cases[i]);
    }
}

static void spans_are_written_in_two_units_at_most(void **state)
{
    (void)state;
    static const struct {
        uint64_t ms;
        const char *text;
    } cases[] = {{0, "0ms"},        {999, "999ms"},     {1000, "1s"},        {59999, "59s"},
                 {192000, "3m12s"}, {7500000, "2h05m"}, {86400000, "1d00h"}, {273600000, "3d04h"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[DURATION_TEXT];
        assert_string_equal(duration_format(cases[i].ms, text), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_are_read_with_their_units),
        cmocka_unit_test(what_is_no_span_is_refused),
        cmocka_unit_test(spans_are_written_in_two_units_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
