#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/compress.h"
#include "dns/message.h"

static const uint8_t qname[] = "\1a\3sip\4test";
static uint8_t buffer[65535];

static const uint8_t *rest(const struct compressor *c)
{
    return c->w.start + HEADER_LEN + sizeof qname + 4;
}

static void names_point_at_the_longest_suffix_of_the_question(void **state)
{
    struct compressor c;
    (void)state;
    compress_begin(&c, buffer, sizeof buffer, qname, sizeof qname, true);
    compress_name(&c, qname);
    compress_name(&c, (const uint8_t *)"\1b\3SIP\4test");
    compress_name(&c, (const uint8_t *)"\5other");
    assert_memory_equal(rest(&c), "\300\14\1b\300\16\5other", 13);
    assert_int_equal(c.pointer_count, 2);
    assert_int_equal(c.pointers[0], HEADER_LEN + sizeof qname + 4);
    assert_int_equal(c.pointers[1], HEADER_LEN + sizeof qname + 8);
}

static void names_point_at_names_written_before(void **state)
{
    struct compressor c;
    (void)state;
    compress_begin(&c, buffer, sizeof buffer, qname, sizeof qname, true);
    compress_name(&c, (const uint8_t *)"\2ns\5other");
    compress_name(&c, (const uint8_t *)"\3ns2\5other");
    compress_name(&c, (const uint8_t *)"\2ns\5other");
    assert_memory_equal(rest(&c), "\2ns\5other\0\3ns2\300\37\300\34", 18);
}

static void a_wildcards_own_name_is_never_pointed_at(void **state)
{
    struct compressor c;
    (void)state;
    compress_begin(&c, buffer, sizeof buffer, qname, sizeof qname, false);
    compress_name(&c, qname);
    assert_memory_equal(rest(&c), "\1a\300\16", 4);
}

static void a_repeated_label_does_not_point_into_itself(void **state)
{
    struct compressor c;
    (void)state;
    compress_begin(&c, buffer, sizeof buffer, qname, sizeof qname, true);
    compress_name(&c, (const uint8_t *)"\1x\1x\1x");
    assert_memory_equal(rest(&c), "\1x\1x\1x", 7);
    compress_name(&c, (const uint8_t *)"\1y\1x\1x");
    assert_memory_equal(rest(&c) + 7, "\1y\300\36", 4);
}

static void beyond_a_pointers_reach_names_are_written_out(void **state)
{
    struct compressor c;
    (void)state;
    compress_begin(&c, buffer, sizeof buffer, qname, sizeof qname, true);
    assert_non_null(write_span(&c.w, 0x4000));
    const size_t from = writer_len(&c.w);
    compress_name(&c, (const uint8_t *)"\3far");
    compress_name(&c, (const uint8_t *)"\3far");
    assert_memory_equal(c.w.start + from, "\3far\0\3far", 10);
}

static void a_full_buffer_is_noticed(void **state)
{
    struct compressor c;
    (void)state;
    compress_begin(&c, buffer, HEADER_LEN + sizeof qname + 4 + 3, qname, sizeof qname, true);
    compress_name(&c, (const uint8_t *)"\5other");
    assert_true(c.w.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_point_at_the_longest_suffix_of_the_question), cmocka_unit_test(names_point_at_names_written_before),
        cmocka_unit_test(a_wildcards_own_name_is_never_pointed_at),          cmocka_unit_test(a_repeated_label_does_not_point_into_itself),
        cmocka_unit_test(beyond_a_pointers_reach_names_are_written_out),     cmocka_unit_test(a_full_buffer_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
