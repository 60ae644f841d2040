#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cursor.h"

static const uint8_t octets[] = {1, 2, 3, 4, 5, 6, 7, 8};

static void numbers_are_read_in_network_order(void **state)
{
    (void)state;
    struct reader r = reader_over(octets, sizeof octets);
    assert_int_equal(read_u8(&r), 1);
    assert_int_equal(read_u16(&r), 0x0203);
    assert_int_equal(read_u32(&r), 0x04050607);
    assert_int_equal(reader_left(&r), 1);
    assert_false(r.bad);
    static const uint8_t high[] = {0xff, 0xfe, 0xfd, 0xfc};
    r = reader_over(high, 4);
    assert_int_equal(read_u32(&r), 0xfffefdfc);
    assert_int_equal(get_u16(high), 0xfffe);
    assert_int_equal(get_u32(high), 0xfffefdfc);
}

static void every_read_is_bounded_at_every_length(void **state)
{
    (void)state;
    for (size_t len = 0; len <= sizeof octets; len++) {
        struct reader r = reader_over(octets, len);
        assert_int_equal(read_u8(&r), len >= 1 ? 1 : 0);
        assert_int_equal(r.bad, len < 1);
        r = reader_over(octets, len);
        assert_int_equal(read_u16(&r), len >= 2 ? 0x0102 : 0);
        assert_int_equal(r.bad, len < 2);
        r = reader_over(octets, len);
        assert_int_equal(read_u32(&r), len >= 4 ? 0x01020304 : 0);
        assert_int_equal(r.bad, len < 4);
        for (size_t want = 0; want <= sizeof octets + 1; want++) {
            r = reader_over(octets, len);
            const uint8_t *span = read_span(&r, want);
            assert_int_equal(r.bad, want > len);
            if (want <= len) {
                assert_ptr_equal(span, octets);
                assert_int_equal(reader_left(&r), len - want);
            } else {
                assert_null(span);
                assert_int_equal(reader_left(&r), len);
            }
        }
    }
}

static void a_failed_read_stays_failed(void **state)
{
    (void)state;
    struct reader r = reader_over(octets, 3);
    assert_int_equal(read_u32(&r), 0);
    assert_true(r.bad);
    assert_int_equal(read_u8(&r), 0); /* there would be one */
    assert_null(read_span(&r, 0));
    assert_ptr_equal(r.at, octets);
}

static void a_length_near_the_top_does_not_wrap(void **state)
{
    (void)state;
    uint8_t room[4];
    struct reader r = reader_over(octets, 4);
    struct writer w = writer_over(room, 4);
    assert_null(read_span(&r, SIZE_MAX));
    assert_null(write_span(&w, SIZE_MAX));
    assert_true(r.bad && w.bad);
}

static void numbers_are_written_in_network_order(void **state)
{
    (void)state;
    static const uint8_t expected[] = {0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 'x', 'y'};
    uint8_t room[sizeof expected];
    struct writer w = writer_over(room, sizeof room);
    write_u8(&w, 0xab);
    write_u16(&w, 0xcdef);
    write_u32(&w, 0x01234567);
    write_bytes(&w, "xy", 2);
    write_bytes(&w, NULL, 0);
    assert_false(w.bad);
    assert_int_equal(writer_len(&w), sizeof expected);
    assert_int_equal(writer_room(&w), 0);
    assert_memory_equal(room, expected, sizeof expected);
    put_u16(room, 0x1234);
    put_u32(room + 2, 0xfedcba98);
    assert_memory_equal(room, "\x12\x34\xfe\xdc\xba\x98", 6);
}

static void every_write_is_bounded_at_every_length(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 5; len++)
        for (size_t want = 1; want <= 4; want *= 2) {
            uint8_t room[8];
            memset(room, 0xee, sizeof room);
            struct writer w = writer_over(room, len);
            if (want == 1)
                write_u8(&w, 0);
            else if (want == 2)
                write_u16(&w, 0);
            else
                write_u32(&w, 0);
            assert_int_equal(w.bad, want > len);
            assert_int_equal(writer_len(&w), want > len ? 0 : want);
            for (size_t i = 0; i < sizeof room; i++)
                assert_int_equal(room[i], !w.bad && i < want ? 0 : 0xee);
        }
}

static void a_failed_write_stays_failed(void **state)
{
    (void)state;
    uint8_t room[3] = {9, 9, 9};
    struct writer w = writer_over(room, 3);
    write_u32(&w, 1);
    write_u8(&w, 1);
    assert_true(w.bad);
    assert_null(write_span(&w, 0));
    assert_int_equal(writer_len(&w), 0);
    assert_memory_equal(room, "\t\t\t", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_in_network_order),    cmocka_unit_test(every_read_is_bounded_at_every_length),
        cmocka_unit_test(a_failed_read_stays_failed),           cmocka_unit_test(a_length_near_the_top_does_not_wrap),
        cmocka_unit_test(numbers_are_written_in_network_order), cmocka_unit_test(every_write_is_bounded_at_every_length),
        cmocka_unit_test(a_failed_write_stays_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
