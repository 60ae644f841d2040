#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/name.h"

static size_t read_octets(const void *octets, size_t len, uint8_t out[NAME_OCTETS])
{
    struct reader r = reader_over(octets, len);
    return name_read(&r, out);
}

static void a_name_is_read_in_lower_case_and_stops_behind_its_root(void **state)
{
    uint8_t out[NAME_OCTETS];
    struct reader r = reader_over("\3WwW\2Ab\0rest", 12);
    (void)state;
    assert_int_equal(name_read(&r, out), 8);
    assert_memory_equal(out, "\3www\2ab", 8);
    assert_int_equal(reader_left(&r), 4);
}

static void any_octet_may_stand_in_a_label(void **state)
{
    uint8_t out[NAME_OCTETS];
    (void)state;
    assert_int_equal(read_octets("\4\0.\377\\\0", 6, out), 6);
    assert_memory_equal(out, "\4\0.\377\\", 6);
}

static void the_longest_name_works_and_one_octet_more_does_not(void **state)
{
    uint8_t octets[300], out[NAME_OCTETS];
    size_t len = 0;
    (void)state;
    for (int i = 0; i < 3; i++) {
        octets[len] = 63;
        memset(octets + len + 1, 'a', 63);
        len += 64;
    }
    octets[len] = 61;
    memset(octets + len + 1, 'b', 62);
    octets[len + 62] = 0;
    assert_int_equal(read_octets(octets, len + 63, out), 255);
    octets[len] = 62;
    octets[len + 63] = 0;
    assert_int_equal(read_octets(octets, len + 64, out), 0);
}

static void pointers_other_label_types_and_stumps_are_refused(void **state)
{
    uint8_t out[NAME_OCTETS];
    (void)state;
    assert_int_equal(read_octets("\300\14", 2, out), 0);
    assert_int_equal(read_octets("\1a\300\0", 4, out), 0);
    assert_int_equal(read_octets("\100a", 2, out), 0);
    assert_int_equal(read_octets("\201a", 2, out), 0);
    assert_int_equal(read_octets("", 0, out), 0);
    assert_int_equal(read_octets("\3ab", 3, out), 0);
    assert_int_equal(read_octets("\2ab", 3, out), 0);
}

static void text_goes_to_wire_and_back(void **state)
{
    static const struct {
        const char *text, *wire, *back;
        size_t len;
    } good[] = {{".", "", ".", 1},
                {"a", "\1a", "a.", 3},
                {"Sip.Example.", "\3sip\7example", "sip.example.", 13},
                {"a\\.b.c", "\3a.b\1c", "a\\.b.c.", 7},
                {"\\065\\000x", "\3a\0x", "a\\000x.", 5},
                {"*._udp", "\1*\4_udp", "*._udp.", 8}};
    uint8_t out[NAME_OCTETS];
    char text[NAME_TEXT];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(name_from_text(good[i].text, out), good[i].len);
        assert_memory_equal(out, good[i].wire, good[i].len);
        assert_string_equal(name_to_text(out, text), good[i].back);
    }
}

static void what_is_no_name_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "..", ".a", "a..b", "a\\", "a\\25", "a\\256b", "a\\2x5", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    uint8_t out[NAME_OCTETS];
    char longest[400];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(name_from_text(bad[i], out), 0);
    for (int i = 0; i < 130; i++)
        memcpy(longest + 2 * i, "a.", 3);
    assert_int_equal(name_from_text(longest, out), 0);
    longest[2 * 127] = 0;
    assert_int_equal(name_from_text(longest, out), 255);
}

static void below_is_by_labels_not_by_octets(void **state)
{
    size_t before = 99;
    (void)state;
    assert_true(name_below((const uint8_t *)"\1x\3sip", 7, (const uint8_t *)"\3sip", 5, &before));
    assert_int_equal(before, 2);
    assert_true(name_below((const uint8_t *)"\3sip", 5, (const uint8_t *)"\3sip", 5, &before));
    assert_int_equal(before, 0);
    assert_true(name_below((const uint8_t *)"\3sip", 5, (const uint8_t *)"", 1, NULL));
    assert_false(name_below((const uint8_t *)"\4xsip", 6, (const uint8_t *)"\3sip", 5, NULL));
    assert_false(name_below((const uint8_t *)"\3sip", 5, (const uint8_t *)"\1x\3sip", 7, NULL));
}

static void labels_and_length_are_counted(void **state)
{
    (void)state;
    assert_int_equal(name_labels((const uint8_t *)""), 0);
    assert_int_equal(name_labels((const uint8_t *)"\1a\2bc"), 2);
    assert_int_equal(name_len((const uint8_t *)"\1a\2bc"), 6);
}

/* The example of RFC 4034 6.1, and what its labels' octets make hard. */
static void sort_keys_are_in_canonical_order(void **state)
{
    static const char *const ordered[] = {
        "example.",         "a.example.",         "yljkjljk.a.example.",    "z.a.example.",          "zabc.a.example.",
        "z.example.",       "\\000.z.example.",   "\\000.\\000.z.example.", "\\000\\000.z.example.", "\\000\\001.z.example.",
        "\\001.z.example.", "a.\\001.z.example.", "\\001\\000.z.example.",  "*.z.example.",          "\\200.z.example.",
        "zz.example."};
    uint8_t before[NAME_SORT_KEY], key[NAME_SORT_KEY], name[NAME_OCTETS];
    size_t before_len = 0;
    (void)state;
    for (size_t i = 0; i < sizeof ordered / sizeof *ordered; i++) {
        assert_int_not_equal(name_from_text(ordered[i], name), 0);
        const size_t len = name_sort_key(name, key), common = len < before_len ? len : before_len;
        const int order = memcmp(before, key, common);
        assert_true(i == 0 || order < 0 || (order == 0 && before_len < len));
        memcpy(before, key, len);
        before_len = len;
    }
}

static void names_are_gone_over_up_to_their_end_or_pointer(void **state)
{
    (void)state;
    static const struct {
        const char *octets;
        size_t len, end; /* end 0: it is none */
    } cases[] = {{"\0x", 2, 1},  {"\3abc\0x", 6, 5}, {"\xc0\x0cx", 3, 2}, {"\3abc\xff\xffx", 7, 6}, {"", 0, 0},
                 {"\3ab", 3, 0}, {"\3abc", 4, 0},    {"\xc0", 1, 0},      {"\x40x", 2, 0},          {"\x80x", 2, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct reader r = reader_over(cases[i].octets, cases[i].len);
        name_skip(&r);
        assert_int_equal(r.bad, cases[i].end == 0);
        if (!r.bad)
            assert_int_equal(r.at - r.start, cases[i].end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_read_in_lower_case_and_stops_behind_its_root),
        cmocka_unit_test(any_octet_may_stand_in_a_label),
        cmocka_unit_test(the_longest_name_works_and_one_octet_more_does_not),
        cmocka_unit_test(pointers_other_label_types_and_stumps_are_refused),
        cmocka_unit_test(text_goes_to_wire_and_back),
        cmocka_unit_test(what_is_no_name_is_refused),
        cmocka_unit_test(below_is_by_labels_not_by_octets),
        cmocka_unit_test(labels_and_length_are_counted),
        cmocka_unit_test(names_are_gone_over_up_to_their_end_or_pointer),
        cmocka_unit_test(sort_keys_are_in_canonical_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
