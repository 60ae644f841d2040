/* The Prometheus text format: what is written is what a reader of it expects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/exposition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct page page;

static void expect(const char *wanted)
{
    size_t len;
    char *text = page_take(&page, &len);
    assert_string_equal(text, wanted);
    assert_int_equal(len, strlen(wanted));
    free(text);
}

static void a_family_begins_with_help_and_type(void **state)
{
    (void)state;
    page_family(&page, "x_total", SERIES_COUNTER, "of \\ and \n and \"");
    page_family(&page, "y", SERIES_GAUGE, "h");
    page_family(&page, "z", SERIES_HISTOGRAM, "h");
    expect("# HELP x_total of \\\\ and \\n and \"\n# TYPE x_total counter\n# HELP y h\n# TYPE y gauge\n# HELP z h\n# TYPE z histogram\n");
}

static void labels_are_escaped_and_parted(void **state)
{
    (void)state;
    page_sample(&page, "x", (const struct label[LABELS_MAX]){{NULL, NULL}}, 1);
    page_sample(&page, "x", (const struct label[LABELS_MAX]){{"a", "q\"b\\n\nl\xc3\xa9"}, {"b", ""}}, 2);
    page_sample(&page, "x", (const struct label[LABELS_MAX]){{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}}, 3);
    expect("x 1\nx{a=\"q\\\"b\\\\n\\nl\xc3\xa9\",b=\"\"} 2\nx{a=\"1\",b=\"2\",c=\"3\",d=\"4\"} 3\n");
}

static void values_are_exact_where_they_are_whole(void **state)
{
    (void)state;
    static const double values[] = {0, 9007199254740992.0, 0.25, 1e-7, 1234567.5, -3, 1e300};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        page_sample(&page, "x", (const struct label[LABELS_MAX]){{NULL, NULL}}, values[i]);
    page_sample(&page, "x", (const struct label[LABELS_MAX]){{NULL, NULL}}, NAN);
    page_sample(&page, "x", (const struct label[LABELS_MAX]){{NULL, NULL}}, INFINITY);
    page_sample(&page, "x", (const struct label[LABELS_MAX]){{NULL, NULL}}, -INFINITY);
    expect("x 0\nx 9007199254740992\nx 0.25\nx 1e-07\nx 1234567.5\nx -3\nx 1e+300\nx NaN\nx +Inf\nx -Inf\n");
}

static void buckets_are_summed_up(void **state)
{
    (void)state;
    static const double bounds[] = {0.001, 0.5};
    static const uint64_t counts[] = {3, 0, 4};
    page_histogram(&page, "x", (const struct label[LABELS_MAX]){{"p", "q"}}, &(struct histogram){bounds, 2, counts, 12.5});
    expect("x_bucket{p=\"q\",le=\"0.001\"} 3\nx_bucket{p=\"q\",le=\"0.5\"} 3\nx_bucket{p=\"q\",le=\"+Inf\"} 7\nx_sum{p=\"q\"} 12.5\n"
           "x_count{p=\"q\"} 7\n");
}

static void an_empty_page_is_an_empty_text(void **state)
{
    (void)state;
    expect("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_begins_with_help_and_type),    cmocka_unit_test(labels_are_escaped_and_parted),
        cmocka_unit_test(values_are_exact_where_they_are_whole), cmocka_unit_test(buckets_are_summed_up),
        cmocka_unit_test(an_empty_page_is_an_empty_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
