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

static void taking_moves_all_findings_to_the_end(void **state)
{
    (void)state;
    struct report all, part;
    report_init(&all);
    report_init(&part);
    report_take(&all, &part);
    assert_int_equal(all.count, 0);
    report_error(&all, NULL, "first");
    report_warning(&part, NULL, "second");
    report_error(&part, NULL, "third");
    report_take(&all, &part);
    assert_int_equal(all.count, 3);
    assert_int_equal(all.errors, 2);
    assert_string_equal(all.findings[1].text, "second");
    assert_string_equal(all.findings[2].text, "third");
    assert_int_equal(part.count, 0);
    assert_int_equal(part.errors, 0);
    assert_null(part.findings);
    report_error(&part, NULL, "usable");
    assert_int_equal(part.errors, 1);
    report_release(&part);
    report_release(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_carry_their_place_and_severity),
        cmocka_unit_test(a_place_with_a_percent_sign_is_no_format),
        cmocka_unit_test(many_findings_keep_their_order),
        cmocka_unit_test(taking_moves_all_findings_to_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
