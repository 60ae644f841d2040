/* The texts that probes make and read: details for people, patterns, reports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/detail.h"
#include "probe/pattern.h"
#include "probe/report_text.h"

#include <stdlib.h>
#include <string.h>

static void shown_as(const char *octets, size_t len, const char *expected)
{
    char out[DETAIL_TEXT];
    detail_take(out, octets, len);
    assert_string_equal(out, expected);
}

static void the_first_line_is_kept(void **state)
{
    (void)state;
    shown_as("SIP OK|rtt=3ms\nmore\n", 19, "SIP OK|rtt=3ms");
    shown_as("one\r\ntwo", 8, "one");
    shown_as("trailing  \n", 11, "trailing");
    shown_as("\n", 1, "");
    shown_as(NULL, 0, "");
}

static void what_a_terminal_would_obey_is_replaced(void **state)
{
    (void)state;
    shown_as("a\x1b[2Jb\tc\x7f", 9, "a?[2Jb c?");
    shown_as("\xc2\x9b", 2, "??"); /* CSI as one character */
}

static void sound_utf8_stays_and_unsound_octets_do_not(void **state)
{
    (void)state;
    shown_as("\xc3\xa9t\xc3\xa9", 5, "\xc3\xa9t\xc3\xa9");
    shown_as("\xe2\x82\xac\xf0\x9f\x93\x9e", 7, "\xe2\x82\xac\xf0\x9f\x93\x9e");
    shown_as("\xff\xc0\xaf\xed\xa0\x80\xe2\x82", 8, "????????");
    shown_as("\xf4\x90\x80\x80", 4, "????");
}

static void a_long_line_is_cut_between_characters(void **state)
{
    (void)state;
    char line[4 * DETAIL_TEXT], out[DETAIL_TEXT];
    for (size_t i = 0; i + 2 < sizeof line; i += 3)
        memcpy(line + i, "\xe2\x82\xac", 3);
    detail_take(out, line, sizeof line / 3 * 3);
    assert_int_equal(strlen(out), (DETAIL_TEXT - 1) / 3 * 3);
}

static struct check check_at(void)
{
    static char host[] = "lb1.lon.example.com.", site[] = "london";
    return (struct check){.host = host, .site = site, .target = {{FAMILY_V4, {192, 0, 2, 7}}, 5061}};
}

static void filled_as(const char *pattern, const char *expected)
{
    const struct check check = check_at();
    char *text = pattern_fill(pattern, &check);
    assert_string_equal(text, expected);
    free(text);
}

static void parts_of_a_pattern_are_filled_in(void **state)
{
    (void)state;
    filled_as("%a", "192.0.2.7");
    filled_as("sip:%h:%p", "sip:lb1.lon.example.com:5061");
    filled_as("/run/%s/%h", "/run/london/lb1.lon.example.com");
    filled_as("100%% of %s", "100% of london");
    filled_as("", "");
    filled_as("%%a", "%a");
    filled_as("%", "%");
    filled_as("%x", "%x");
}

static enum verdict reported(const char *text, char detail[DETAIL_TEXT])
{
    struct endpoint_report push;
    const bool sound = report_read(text, strlen(text), &push);
    assert_int_equal(sound, push.verdict != VERDICT_UNKNOWN);
    memcpy(detail, push.detail, DETAIL_TEXT);
    return push.verdict;
}

static void a_report_is_a_word_and_what_follows_it_on_the_line(void **state)
{
    (void)state;
    char detail[DETAIL_TEXT];
    assert_int_equal(reported("up", detail), VERDICT_UP);
    assert_string_equal(detail, "");
    assert_int_equal(reported("draining \t 12 calls left\nnot this", detail), VERDICT_DRAINING);
    assert_string_equal(detail, "12 calls left");
    assert_int_equal(reported("down\r\n", detail), VERDICT_DOWN);
}

static void anything_else_is_no_report_and_is_shown(void **state)
{
    (void)state;
    char detail[DETAIL_TEXT];
    static const char *const wrong[] = {"", "UP", "upside", " up", "unknown", "u", "down!"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(reported(wrong[i], detail), VERDICT_UNKNOWN);
        assert_string_equal(detail, wrong[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_is_kept),
        cmocka_unit_test(what_a_terminal_would_obey_is_replaced),
        cmocka_unit_test(sound_utf8_stays_and_unsound_octets_do_not),
        cmocka_unit_test(a_long_line_is_cut_between_characters),
        cmocka_unit_test(parts_of_a_pattern_are_filled_in),
        cmocka_unit_test(a_report_is_a_word_and_what_follows_it_on_the_line),
        cmocka_unit_test(anything_else_is_no_report_and_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
