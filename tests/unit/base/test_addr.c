#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/addr.h"

#include <string.h>

static struct addr addr_of(const char *text)
{
    struct addr addr;
    assert_true(addr_parse(text, &addr));
    return addr;
}

static void addresses_are_read_and_written(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"::", "::"},
        {"2001:DB8:0:0::1", "2001:db8::1"},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    char text[ADDR_TEXT];
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const struct addr addr = addr_of(pairs[i][0]);
        assert_int_equal(addr.family, strchr(pairs[i][0], ':') ? FAMILY_V6 : FAMILY_V4);
        assert_ptr_equal(addr_format(&addr, text), text);
        assert_string_equal(text, pairs[i][1]);
    }
}

static void what_is_no_address_is_refused_and_leaves_the_result_alone(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           " 192.0.2.1",   "192.0.2.1 ",        "192.0.2",      "192.0.2.256",  "192.0.2.1.1", "192.0.2.01x",
        "1",          "0x7f000001",   "192.0.2.-1",        "192.0.2.1/24", "192.0.2.1:53", "[::1]",       "::1/128",
        "fe80::1%lo", "2001:db8:::1", "1:2:3:4:5:6:7:8:9", "12345::",      "localhost",    ":",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct addr addr = {.family = 77};
        assert_false(addr_parse(bad[i], &addr));
        assert_int_equal(addr.family, 77);
    }
}

static void no_address_is_a_dash(void **state)
{
    (void)state;
    char text[ADDR_TEXT];
    const struct addr none = {0};
    assert_string_equal(addr_format(&none, text), "-");
}

static void prefixes_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *text, *back;
        unsigned len;
    } cases[] = {
        {"192.0.2.0/24", "192.0.2.0/24", 24},    {"0.0.0.0/0", "0.0.0.0/0", 0},          {"192.0.2.1", "192.0.2.1/32", 32},
        {"192.0.2.1/32", "192.0.2.1/32", 32},    {"2001:db8::/32", "2001:db8::/32", 32}, {"::/0", "::/0", 0},
        {"2001:db8::1", "2001:db8::1/128", 128}, {"128.0.0.0/1", "128.0.0.0/1", 1},      {"2001:db8::8000/113", "2001:db8::8000/113", 113}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct prefix prefix;
        char text[PREFIX_TEXT];
        assert_true(prefix_parse(cases[i].text, &prefix));
        assert_int_equal(prefix.len, cases[i].len);
        assert_string_equal(prefix_format(&prefix, text), cases[i].back);
    }
}

static void prefixes_with_host_bits_or_wild_lengths_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "192.0.2.1/24",
        "192.0.2.0/22",
        "128.0.0.0/0",
        "2001:db8::1/127",
        "192.0.2.0/33",
        "::/129",
        "192.0.2.0/",
        "192.0.2.0/-1",
        "192.0.2.0/+8",
        "192.0.2.0/8x",
        "/24",
        "192.0.2.0/24/8",
        "",
        "192.0.2.0/000024",
        "192.0.2.0 /24",
        "x/8",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/8",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct prefix prefix;
        assert_false(prefix_parse(bad[i], &prefix));
    }
}

static void host_and_port_need_brackets_around_ipv6_only(void **state)
{
    (void)state;
    static const char *const good[] = {"127.0.0.1:5300", "[::1]:5300", "0.0.0.0:0", "[2001:db8::1]:65535"};
    static const char *const bad[] = {
        "127.0.0.1",
        "[::1]",
        "::1:53",
        "[127.0.0.1]:53",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:5x",
        "[::1]53",
        "[::1:53",
        "::1]:53",
        "[]:53",
        ":53",
        "",
        "[",
        "127.0.0.1: 53",
        "[::1]:53:4",
        "host:53",
        "[::1%lo]:53",
        "[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]:1",
    };
    struct hostport hostport;
    char text[HOSTPORT_TEXT];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(hostport_parse(good[i], &hostport));
        assert_string_equal(hostport_format(&hostport, text), good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(hostport_parse(bad[i], &hostport));
}

static void the_longest_texts_fit(void **state)
{
    (void)state;
    struct hostport hostport;
    struct prefix prefix;
    char text[HOSTPORT_TEXT];
    assert_true(hostport_parse("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535", &hostport));
    assert_string_equal(hostport_format(&hostport, text), "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
    assert_true(prefix_parse("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128", &prefix));
    assert_string_equal(prefix_format(&prefix, text), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
}

static void masking_keeps_the_leading_bits(void **state)
{
    (void)state;
    for (unsigned len = 0; len <= 130; len++) {
        struct addr addr = addr_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
        addr_mask(&addr, len);
        for (unsigned i = 0; i < 128; i++)
            assert_int_equal(addr_bit(&addr, i), i < len);
    }
    struct addr v4 = addr_of("192.0.2.255");
    addr_mask(&v4, 25);
    const struct addr expected = addr_of("192.0.2.128");
    assert_true(addr_equal(&v4, &expected));
}

static void equality_looks_at_the_family_too(void **state)
{
    (void)state;
    const struct addr zero4 = addr_of("0.0.0.0"), zero6 = addr_of("::"), one = addr_of("0.0.0.1");
    assert_true(addr_equal(&zero4, &zero4));
    assert_false(addr_equal(&zero4, &zero6));
    assert_false(addr_equal(&zero4, &one));
}

static void mapped_addresses_become_ipv4_and_others_stay(void **state)
{
    (void)state;
    struct addr addr = addr_of("::ffff:192.0.2.1");
    const struct addr plain = addr_of("192.0.2.1");
    addr_unmap(&addr);
    assert_true(addr_equal(&addr, &plain));
    addr_unmap(&addr);
    assert_true(addr_equal(&addr, &plain));
    static const char *const others[] = {"::192.0.2.1", "::fffe:192.0.2.1", "1::ffff:192.0.2.1", "::"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        addr = addr_of(others[i]);
        addr_unmap(&addr);
        assert_int_equal(addr.family, FAMILY_V6);
    }
}

static void families_have_their_sizes(void **state)
{
    (void)state;
    assert_int_equal(addr_octets(FAMILY_V4), 4);
    assert_int_equal(addr_octets(FAMILY_V6), 16);
    assert_int_equal(addr_bits(FAMILY_V4), 32);
    assert_int_equal(addr_bits(FAMILY_V6), 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_written),
        cmocka_unit_test(what_is_no_address_is_refused_and_leaves_the_result_alone),
        cmocka_unit_test(no_address_is_a_dash),
        cmocka_unit_test(prefixes_are_read_and_written),
        cmocka_unit_test(prefixes_with_host_bits_or_wild_lengths_are_refused),
        cmocka_unit_test(host_and_port_need_brackets_around_ipv6_only),
        cmocka_unit_test(the_longest_texts_fit),
        cmocka_unit_test(masking_keeps_the_leading_bits),
        cmocka_unit_test(equality_looks_at_the_family_too),
        cmocka_unit_test(mapped_addresses_become_ipv4_and_others_stay),
        cmocka_unit_test(families_have_their_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
