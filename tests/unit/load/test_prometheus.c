/* Selectors, and what they find in Prometheus pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "load/prometheus.h"

#include <stdio.h>
#include <string.h>

static struct page_sum read_with(const char *text, const char *page)
{
    struct selector selector;
    struct error err = {""};
    if (!selector_parse(text, &selector, &err))
        fail_msg("%s: %s", text, err.text);
    return prometheus_read(page, strlen(page), &selector);
}

static void finds(const char *selector, const char *page, size_t series, double value)
{
    const struct page_sum sum = read_with(selector, page);
    if (sum.series != series || sum.sum != value || sum.bad)
        fail_msg("%s: %zu series, %g, bad line %zu\n%s", selector, sum.series, sum.sum, sum.bad, page);
}

static void a_bare_name_finds_every_series_of_it_and_no_other_metric(void **state)
{
    (void)state;
    finds("a", "a 1\n", 1, 1);
    finds("a", "a 1", 1, 1);
    finds("a", "# HELP a text a 7\n# TYPE a gauge\n\nab 5\na_b 6\na{x=\"1\"} 2\r\na 3\n_a 9\n", 2, 5);
    finds("a:b", "a:b 4\na 1\n", 1, 4);
    finds("b", "a 1\n", 0, 0);
    finds("a", "", 0, 0);
}

static void labels_choose_among_series(void **state)
{
    (void)state;
    static const char page[] = "s{type=\"own\"} 12\ns{type=\"foreign\"} 3\ns{type=\"own\",node=\"2\"} 5\ns 100\n";
    finds("s{type=\"own\"}", page, 2, 17);
    finds("s{type=\"own\",node=\"\"}", page, 1, 12);
    finds("s{type!=\"own\"}", page, 2, 103);
    finds("s{type!=\"\"}", page, 3, 20);
    finds("s{type=\"\"}", page, 1, 100);
    finds("s { type = \"own\" , node = \"2\" , }", page, 1, 5);
    finds("s{}", page, 4, 120);
    finds("s{type=\"ow\"}", page, 0, 0);
    finds("s{type=\"owner\"}", page, 0, 0);
    finds("s{node=\"own\"}", page, 0, 0);
}

static void escapes_in_values_are_undone_on_both_sides(void **state)
{
    (void)state;
    static const char page[] = "m{a=\"x\\\"y\",b=\"1,2}\"} 1\nm{a=\"back\\\\slash\"} 2\nm{a=\"li\\nne\"} 4\n";
    finds("m{a=\"x\\\"y\"}", page, 1, 1);
    finds("m{b=\"1,2}\"}", page, 1, 1);
    finds("m{a=\"back\\\\slash\"}", page, 1, 2);
    finds("m{a=\"li\\nne\"}", page, 1, 4);
}

static void values_are_decimal_and_infinite_ones_do_not_count(void **state)
{
    (void)state;
    finds("a", "a 1.5e3\n", 1, 1500);
    finds("a", "a -3\n", 1, -3);
    finds("a", "a\t7\t\n", 1, 7);
    const struct page_sum sum = read_with("a", "a +Inf\na NaN\na -Inf\na 2\n");
    assert_int_equal(sum.series, 1);
    assert_int_equal(sum.ignored, 3);
    assert_int_equal(sum.bad, 0);
    assert_true(sum.sum == 2);
}

static void timestamps_and_exemplars_are_told_apart_from_values(void **state)
{
    (void)state;
    const struct page_sum kamailio = read_with("kamailio_dialog_active_dialogs", "kamailio_dialog_active_dialogs 10 1795288582213\n");
    assert_true(kamailio.sum == 10 && kamailio.stamped && kamailio.stamp == 1795288582213);
    const struct page_sum open =
        read_with("a_total", "a_total{x=\"1\"} 17 1520879607.789 # {id=\"#\"} 0.67 1520879607.5\na_total 1 # {} 1\n# EOF\n");
    assert_true(open.sum == 18 && open.series == 2 && open.stamp == 1520879607.789);
    assert_false(read_with("a", "a 1\n").stamped);
    assert_true(read_with("a", "a 1 5\na 1 9\na 1 7\n").stamp == 9);
}

static void malformed_lines_of_the_metric_are_told_by_number_and_others_passed_by(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "a",
        "a ",
        "a x",
        "a 1 x",
        "a 1 2 3",
        "a 0x10",
        "a 1e",
        "a{ 1",
        "a{x} 1",
        "a{x=1} 1",
        "a{x=\"1} 1",
        "a{x=\"1\" 1",
        "a{=\"1\"} 1",
        "a{x=\"1\"y=\"2\"} 1",
        "a{x=\"1\"}",
        "a{1x=\"\"} 1",
        "a 1 NaN",
        "a nan(1)",
        "a \"1\"",
        "a{x=\"1\\",
        "a 1111111111111111111111111111111111111111111111111111111111111111",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char page[256];
        snprintf(page, sizeof page, "b 1\n%s\na 5\n", bad[i]);
        const struct page_sum sum = read_with("a", page);
        if (sum.bad != 2 || sum.series != 1 || sum.sum != 5)
            fail_msg("\"%s\": bad line %zu, %zu series", bad[i], sum.bad, sum.series);
    }
    finds("a", "<html>\n\xff\xfe{}{}\n{\"quoted\"} 1\nb{{{ 1\na 1\n", 1, 1);
}

static void selectors_that_cannot_be_meant_are_refused_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } wrong[] = {
        {"", "name of a metric"},
        {"1a", "name of a metric"},
        {"{a=\"b\"}", "name of a metric"},
        {"a b", "more than"},
        {"a{", "label's name"},
        {"a{b", "= or !="},
        {"a{b=", "quotes"},
        {"a{b=c}", "quotes"},
        {"a{b=\"c}", "closing quote"},
        {"a{b=\"c\"", "comma or }"},
        {"a{b=\"c\"}x", "more than"},
        {"a{b=~\"c\"}", "not supported"},
        {"a{b!~\"c\"}", "not supported"},
        {"a{b=\"c\",,}", "label's name"},
        {"a{1=\"c\"}", "label's name"},
        {"a-b", "more than"},
        {"m{a=\"\",b=\"\",c=\"\",d=\"\",e=\"\",f=\"\",g=\"\",h=\"\",i=\"\"}", "more than 8"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct selector selector;
        struct error err = {""};
        if (selector_parse(wrong[i].text, &selector, &err) || !strstr(err.text, wrong[i].why))
            fail_msg("%s: \"%s\"", wrong[i].text, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bare_name_finds_every_series_of_it_and_no_other_metric),
        cmocka_unit_test(labels_choose_among_series),
        cmocka_unit_test(escapes_in_values_are_undone_on_both_sides),
        cmocka_unit_test(values_are_decimal_and_infinite_ones_do_not_count),
        cmocka_unit_test(timestamps_and_exemplars_are_told_apart_from_values),
        cmocka_unit_test(malformed_lines_of_the_metric_are_told_by_number_and_others_passed_by),
        cmocka_unit_test(selectors_that_cannot_be_meant_are_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
