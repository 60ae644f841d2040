/* Wrong tokens, under virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/tries.h"

#include <stdio.h>

enum { NOON_MS = 1000000 };

static struct addr addr_of(const char *text)
{
    struct addr addr;
    assert_true(addr_parse(text, &addr));
    return addr;
}

static void fail_times(struct tries *tries, const struct addr *addr, unsigned times, uint64_t now_ms)
{
    unsigned count;
    while (times-- > 0)
        tries_fail(tries, addr, now_ms, &count);
}

static void ten_failures_block_and_time_lifts_it(void **state)
{
    (void)state;
    struct tries *tries = tries_new(7);
    const struct addr addr = addr_of("192.0.2.1");
    unsigned wait_s = 0;
    fail_times(tries, &addr, TRIES_MAX - 1, NOON_MS);
    assert_false(tries_blocked(tries, &addr, NOON_MS, &wait_s));
    fail_times(tries, &addr, 1, NOON_MS);
    assert_true(tries_blocked(tries, &addr, NOON_MS, &wait_s));
    assert_int_equal(wait_s, TRIES_REFILL_MS / 1000);
    assert_true(tries_blocked(tries, &addr, NOON_MS + TRIES_REFILL_MS - 1, &wait_s));
    assert_false(tries_blocked(tries, &addr, NOON_MS + TRIES_REFILL_MS, &wait_s));
    fail_times(tries, &addr, 1, NOON_MS + TRIES_REFILL_MS);
    assert_true(tries_blocked(tries, &addr, NOON_MS + TRIES_REFILL_MS, &wait_s));
    tries_free(tries);
}

static void other_addresses_are_not_blocked_but_all_of_a_64_are(void **state)
{
    (void)state;
    struct tries *tries = tries_new(7);
    const struct addr one = addr_of("192.0.2.1"), other = addr_of("192.0.2.2"), mapped = addr_of("::ffff:192.0.2.1");
    const struct addr six = addr_of("2001:db8::1"), near = addr_of("2001:db8::ffff"), far = addr_of("2001:db8:0:1::1");
    unsigned wait_s;
    fail_times(tries, &one, TRIES_MAX, NOON_MS);
    fail_times(tries, &six, TRIES_MAX, NOON_MS);
    assert_true(tries_blocked(tries, &one, NOON_MS, &wait_s));
    assert_true(tries_blocked(tries, &mapped, NOON_MS, &wait_s));
    assert_false(tries_blocked(tries, &other, NOON_MS, &wait_s));
    assert_true(tries_blocked(tries, &near, NOON_MS, &wait_s));
    assert_false(tries_blocked(tries, &far, NOON_MS, &wait_s));
    tries_free(tries);
}

static void failures_are_told_at_once_and_then_once_a_minute_with_their_number(void **state)
{
    (void)state;
    struct tries *tries = tries_new(7);
    const struct addr addr = addr_of("192.0.2.1");
    unsigned count = 0;
    assert_true(tries_fail(tries, &addr, NOON_MS, &count));
    assert_int_equal(count, 1);
    for (unsigned i = 1; i <= 5; i++)
        assert_false(tries_fail(tries, &addr, NOON_MS + i, &count));
    assert_true(tries_fail(tries, &addr, NOON_MS + TRIES_TOLD_MS, &count));
    assert_int_equal(count, 6);
    tries_free(tries);
}

/* Who has just been blocked stays so, whoever else fails: a row gives up the one that failed the longest ago. */
static void a_flood_of_addresses_takes_no_more_room_and_no_fresh_block(void **state)
{
    (void)state;
    struct tries *tries = tries_new(7);
    unsigned wait_s, count;
    for (unsigned i = 0; i < 100000; i++) {
        struct addr addr = {.family = FAMILY_V4, .bytes = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
        tries_fail(tries, &addr, NOON_MS + i, &count);
    }
    const struct addr late = addr_of("192.0.2.1");
    fail_times(tries, &late, TRIES_MAX, NOON_MS + 100000);
    assert_true(tries_blocked(tries, &late, NOON_MS + 100000, &wait_s));
    tries_free(tries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_failures_block_and_time_lifts_it),
        cmocka_unit_test(other_addresses_are_not_blocked_but_all_of_a_64_are),
        cmocka_unit_test(failures_are_told_at_once_and_then_once_a_minute_with_their_number),
        cmocka_unit_test(a_flood_of_addresses_takes_no_more_room_and_no_fresh_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
