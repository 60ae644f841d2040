#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/decimal.h"

static void shares_are_read_with_and_without_their_sign(void **state)
{
    (void)state;
    double percent;
    assert_true(percent_parse("20%", &percent) && percent == 20);
    assert_true(percent_parse("20", &percent) && percent == 20);
    assert_true(percent_parse("0.5%", &percent) && percent == 0.5);
    assert_true(percent_parse("0", &percent) && percent == 0);
    assert_true(percent_parse("100.000000%", &percent) && percent == 100);
    assert_true(percent_parse("33.333333", &percent) && percent > 33.333332 && percent < 33.333334);
}

static void what_is_no_share_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "%",
                                        ".",
                                        ".5",
                                        "5.",
                                        "-1",
                                        "+1",
                                        " 1",
                                        "1 %",
                                        "1%%",
                                        "100.1",
                                        "101%",
                                        "1e1",
                                        "nan",
                                        "0x10",
                                        "1,5",
                                        "1000000000000000000000",
                                        "1.0000000",
                                        "20%x"};
    double percent;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (percent_parse(wrong[i], &percent))
            fail_msg("taken: \"%s\"", wrong[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_read_with_and_without_their_sign),
        cmocka_unit_test(what_is_no_share_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
