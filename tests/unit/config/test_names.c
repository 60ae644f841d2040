/* Names: their form, their registry, and what a misspelt one was meant to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/nearest.h"
#include "config/dnsname.h"
#include "config/names.h"

#include <stdio.h>
#include <string.h>

#define TEN "0123456789"
#define LABEL_63 TEN TEN TEN TEN TEN TEN "012"
#define LABEL_61 TEN TEN TEN TEN TEN TEN "0"

static void sound(const char *text, const char *expected)
{
    char name[DNS_NAME_TEXT];
    assert_null(dns_name_read(text, name));
    assert_string_equal(name, expected);
}

static void unsound(const char *text, const char *why)
{
    char name[DNS_NAME_TEXT];
    const char *told = dns_name_read(text, name);
    assert_non_null(told);
    assert_string_equal(told, why);
}

static void host_names_become_lower_case_with_a_final_dot(void **state)
{
    (void)state;
    sound("LB1.Example.COM", "lb1.example.com.");
    sound("lb1.example.com.", "lb1.example.com.");
    sound("_sip._udp.a-b", "_sip._udp.a-b.");
}

static void a_label_of_63_and_a_name_of_255_octets_are_the_longest(void **state)
{
    (void)state;
    char name[DNS_NAME_TEXT];
    sound(LABEL_63, LABEL_63 ".");
    unsound(LABEL_63 "3", "a label of more than 63 octets");
    const char *longest = LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61; /* 4 length octets, 250 letters and the root: 255 */
    assert_null(dns_name_read(longest, name));
    assert_int_equal(strlen(name), 254);
    assert_null(dns_name_read(LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61 ".", name));
    unsound(LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61 "1", "more than 255 octets");
    unsound(LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_61 "1.", "more than 255 octets");
    unsound(LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63, "more than 255 octets");
}

static void other_octets_and_empty_labels_make_no_host_name(void **state)
{
    (void)state;
    unsound("", "an empty name");
    unsound(".", "an empty label");
    unsound(".a", "an empty label");
    unsound("a..", "an empty label");
    unsound("a b", "only letters, digits, -, _ and dots make a host name");
    unsound("*.a", "only letters, digits, -, _ and dots make a host name");
    unsound("\xc3\xbc", "only letters, digits, -, _ and dots make a host name");
}

static void a_registry_of_many_names_finds_each_in_its_own_space(void **state)
{
    (void)state;
    enum { MANY = 2000 };
    static char texts[MANY][16];
    struct names names = {0};
    assert_null(names_find(&names, 0, "n1", 2));
    for (uint32_t i = 0; i < MANY; i++) {
        const int len = snprintf(texts[i], sizeof texts[i], "n%u", i / 2);
        assert_null(names_add(&names, &(struct name_entry){.text = texts[i], .len = (uint32_t)len, .space = i % 2, .number = i}));
    }
    for (uint32_t i = 0; i < MANY; i++)
        assert_int_equal(names_find(&names, i % 2, texts[i], strlen(texts[i]))->number, i);
    assert_null(names_find(&names, 2, "n1", 2));
    assert_null(names_find(&names, 0, "n1000", 5));
    const struct name_entry again = {.text = "n7", .len = 2, .space = 1, .number = 99};
    assert_int_equal(names_add(&names, &again)->number, 15);
    names_release(&names);
}

static void a_slip_of_the_pen_finds_the_name_that_was_meant(void **state)
{
    (void)state;
    static const char *const known[] = {"london", "frankfurt", "lb", "amsterdam"};
    static const struct {
        const char *written, *meant;
    } slips[] = {
        {"lodnon", "london"}, {"lndon", "london"}, {"Frankfort", "frankfurt"}, {"amsterdamm", "amsterdam"}, {"l", "lb"}, {"paris", NULL},
        {"xy", NULL},         {"", NULL},
    };
    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
        const char *near = NULL;
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
            near = closer_name(slips[i].written, near, known[k]);
        if (slips[i].meant)
            assert_string_equal(near, slips[i].meant);
        else
            assert_null(near);
    }
}

static void a_name_of_more_than_64_octets_gets_no_suggestion(void **state)
{
    (void)state;
    assert_non_null(closer_name(LABEL_63 "x", NULL, LABEL_63));
    assert_null(closer_name(LABEL_63 "xx", NULL, LABEL_63));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_names_become_lower_case_with_a_final_dot),
        cmocka_unit_test(a_label_of_63_and_a_name_of_255_octets_are_the_longest),
        cmocka_unit_test(other_octets_and_empty_labels_make_no_host_name),
        cmocka_unit_test(a_registry_of_many_names_finds_each_in_its_own_space),
        cmocka_unit_test(a_slip_of_the_pen_finds_the_name_that_was_meant),
        cmocka_unit_test(a_name_of_more_than_64_octets_gets_no_suggestion),
    };
    return cmocka_run_group_tests_name("config names", tests, NULL, NULL);
}
