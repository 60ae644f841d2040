/* How punctual the engine says it is, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/timing.h"

enum { MS = 1000, SECOND = 1000 * MS, START = 100 * SECOND };

static void most_of_the_starts_make_the_percentile(void **state)
{
    (void)state;
    struct timing timing = {0};
    assert_int_equal(timing_view(&timing, START).late_p99_tenths, 0);
    for (unsigned i = 0; i < 1000; i++)
        timing_start(&timing, START, START, i < 990 ? 2900 : 400 * MS, 0);
    assert_int_equal(timing_view(&timing, START).late_p99_tenths, 30);
    for (unsigned i = 0; i < 10; i++)
        timing_start(&timing, START, START, 400 * MS, 0);
    assert_int_equal(timing_view(&timing, START).late_p99_tenths, 5000);
    assert_false(timing_view(&timing, START).behind);
}

static void a_stall_counts_as_lateness(void **state)
{
    (void)state;
    struct timing timing = {0};
    timing_start(&timing, START, START, 0, 800 * MS);
    assert_int_equal(timing_view(&timing, START).late_p99_tenths, 10000);
}

static void a_minute_later_it_is_forgotten(void **state)
{
    (void)state;
    struct timing timing = {0};
    timing_start(&timing, START, START, 400 * MS, 0);
    assert_int_equal(timing_view(&timing, START + 60 * SECOND).late_p99_tenths, 5000);
    assert_int_equal(timing_view(&timing, START + 66 * SECOND).late_p99_tenths, 0);
    timing_start(&timing, START + 65 * SECOND, START + 65 * SECOND, 0, 0); /* the same slot again */
    assert_int_equal(timing_view(&timing, START + 66 * SECOND).late_p99_tenths, 5);
}

static void the_rate_is_that_of_the_last_whole_slot(void **state)
{
    (void)state;
    struct timing timing = {0};
    for (uint64_t at = START; at < START + 5 * SECOND; at += 10 * MS)
        timing_start(&timing, at, at, 0, 0);
    assert_int_equal(timing_view(&timing, START + 4 * SECOND).per_second, 0);
    assert_int_equal(timing_view(&timing, START + 7 * SECOND).per_second, 100);
    assert_int_equal(timing_view(&timing, START + 11 * SECOND).per_second, 0);
}

/* Starts every 100 ms for as long as told. */
static uint64_t starts(struct timing *timing, uint64_t at, uint64_t for_us, uint64_t late_us)
{
    for (const uint64_t end = at + for_us; at < end; at += 100 * MS) {
        timing_turn(timing, at, 0);
        timing_start(timing, at, at, late_us, 0);
    }
    return at;
}

static void behind_is_who_stays_late_not_who_was_late_once(void **state)
{
    (void)state;
    struct timing timing = {0};
    uint64_t at = starts(&timing, START, 2900 * MS, 2 * SECOND);
    assert_false(timing_view(&timing, at).behind);
    at = starts(&timing, at, 100 * MS, 0);
    at = starts(&timing, at, 2900 * MS, 2 * SECOND);
    assert_false(timing_view(&timing, at).behind);
    at = starts(&timing, at, 500 * MS, 2 * SECOND);
    assert_true(timing_view(&timing, at).behind);
    timing_turn(&timing, at, 0);
    assert_true(timing_view(&timing, at).behind);
    at = starts(&timing, at, 100 * MS, SECOND);
    assert_false(timing_view(&timing, at).behind);
}

static void behind_ends_when_there_is_nothing_to_probe(void **state)
{
    (void)state;
    struct timing timing = {0};
    const uint64_t at = starts(&timing, START, 4 * SECOND, 2 * SECOND);
    assert_true(timing_view(&timing, at).behind);
    timing_turn(&timing, at + 9 * SECOND, 0);
    assert_true(timing_view(&timing, at).behind);
    timing_turn(&timing, at + 11 * SECOND, 0);
    assert_false(timing_view(&timing, at).behind);
}

static void a_machine_that_was_stopped_is_not_behind(void **state)
{
    (void)state;
    struct timing timing = {0};
    uint64_t at = starts(&timing, START, SECOND, 0);
    for (unsigned i = 0; i < 5; i++) {
        at += 60 * SECOND;
        timing_turn(&timing, at, 60 * (uint64_t)SECOND);
        assert_false(timing_view(&timing, at).behind);
        at = starts(&timing, at, 3 * SECOND, 0);
        assert_false(timing_view(&timing, at).behind);
    }
}

static void who_is_not_run_for_more_than_half_of_the_time_is_behind(void **state)
{
    (void)state;
    struct timing timing = {0};
    uint64_t at = START;
    for (unsigned i = 0; i < 10; i++, at += SECOND)
        timing_turn(&timing, at, 300 * MS);
    assert_false(timing_view(&timing, at).behind);
    at += 10 * SECOND;
    for (unsigned i = 0; i < 10; i++, at += SECOND)
        timing_turn(&timing, at, 700 * MS);
    assert_true(timing_view(&timing, at).behind);
    timing_turn(&timing, at + 2 * SECOND, 0);
    assert_false(timing_view(&timing, at).behind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(most_of_the_starts_make_the_percentile),
        cmocka_unit_test(a_stall_counts_as_lateness),
        cmocka_unit_test(a_minute_later_it_is_forgotten),
        cmocka_unit_test(the_rate_is_that_of_the_last_whole_slot),
        cmocka_unit_test(behind_is_who_stays_late_not_who_was_late_once),
        cmocka_unit_test(behind_ends_when_there_is_nothing_to_probe),
        cmocka_unit_test(a_machine_that_was_stopped_is_not_behind),
        cmocka_unit_test(who_is_not_run_for_more_than_half_of_the_time_is_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
