#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/report.h"

#include <stdio.h>

static void findings_carry_their_place_and_severity(void **state)
{
    (void)state;
    struct report report;
    report_init(&report);
    assert_false(report_error(&report, "file:3", "%s is %d", "port", 70000));
    report_warning(&report, "file:4", "odd");
    assert_false(report_error(&report, NULL, "no place"));
    assert_int_equal(report.count, 3);
    assert_int_equal(report.errors, 2);
    assert_string_equal(report.findings[0].text, "file:3: port is 70000");
    assert_int_equal(report.findings[0].severity, SEVERITY_ERROR);
    assert_string_equal(report.findings[1].text, "file:4: odd");
    assert_int_equal(report.findings[1].severity, SEVERITY_WARNING);
    assert_string_equal(report.findings[2].text, "no place");
    report_release(&report);
    assert_int_equal(report.count, 0);
    report_release(&report); /* once more does no harm */
}

static void a_place_with_a_percent_sign_is_no_format(void **state)
{
    (void)state;
    struct report report;
    report_init(&report);
    report_error(&report, "100%s.zone:1", "bad");
    assert_string_equal(report.findings[0].text, "100%s.zone:1: bad");
    report_release(&report);
}

static void many_findings_keep_their_order(void **state)
{
    (void)state;
    struct report report;
    char expected[32];
    report_init(&report);
    for (int i = 0; i < 1000; i++)
        report_warning(&report, NULL, "%d", i);
    for (int i = 0; i < 1000; i++) {
        snprintf(expected, sizeof expected, "%d", i);
        assert_string_equal(report.findings[i].text, expected);
    }
    assert_int_equal(report.errors, 0);
    report_release(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_carry_their_place_and_severity),
        cmocka_unit_test(a_place_with_a_percent_sign_is_no_format),
        cmocka_unit_test(many_findings_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
