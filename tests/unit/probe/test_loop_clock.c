/* The loop's own time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "probe/loop_clock.h"

enum { SECOND = 1000000 };

static void it_runs_with_the_real_time_when_all_is_well(void **state)
{
    (void)state;
    struct loop_clock clock = {.ran_us = 5 * SECOND, .armed_us = 5 * SECOND + 250000};
    assert_int_equal(loop_clock_read(&clock, 5 * SECOND + 10), 5 * SECOND + 10);
    assert_int_equal(loop_clock_read(&clock, 5 * SECOND + 250000), 5 * SECOND + 250000); /* a sleep as long as was meant */
    assert_int_equal(loop_clock_read(&clock, 5 * SECOND + 340000), 5 * SECOND + 340000); /* a little late */
    assert_int_equal(loop_clock_take_stall(&clock), 0);
}

static void it_leaves_out_a_gap(void **state)
{
    (void)state;
    struct loop_clock clock = {.ran_us = 5 * SECOND, .armed_us = 6 * SECOND};
    assert_int_equal(loop_clock_read(&clock, 60 * SECOND), 6 * SECOND);
    assert_int_equal(loop_clock_take_stall(&clock), 54 * SECOND);
    assert_int_equal(loop_clock_take_stall(&clock), 0);
    assert_int_equal(loop_clock_read(&clock, 60 * SECOND + 7), 6 * SECOND + 7);
}

static void it_leaves_out_a_gap_in_the_midst_of_work(void **state)
{
    (void)state;
    struct loop_clock clock = {.ran_us = 9 * SECOND, .armed_us = 5 * SECOND};
    assert_int_equal(loop_clock_read(&clock, 19 * SECOND), 9 * SECOND);
    assert_int_equal(loop_clock_take_stall(&clock), 10 * SECOND);
}

static void it_never_goes_back(void **state)
{
    (void)state;
    struct loop_clock clock = {0};
    uint64_t real = 0, last = loop_clock_read(&clock, real);
    for (uint64_t i = 1; i < 100000; i++) {
        const uint64_t dice = hash_mix(i);
        real += dice % 100 == 0 ? dice >> 40 : dice % 2000;
        const uint64_t now = loop_clock_read(&clock, real);
        assert_true(now >= last);
        last = now;
        if (dice % 7 == 0)
            clock.armed_us = real + (dice >> 32) % 250000;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_runs_with_the_real_time_when_all_is_well),
        cmocka_unit_test(it_leaves_out_a_gap),
        cmocka_unit_test(it_leaves_out_a_gap_in_the_midst_of_work),
        cmocka_unit_test(it_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
