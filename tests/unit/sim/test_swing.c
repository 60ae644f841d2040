/* Turns and rest of a series. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/swing.h"

#include <math.h>

enum { COUNT = 200 };

static void a_level_with_noise_never_turns(void **state)
{
    (void)state;
    float samples[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        samples[i] = 60 + (i % 2 ? 4.0f : -4.0f);
    assert_int_equal(swing_turns(samples, COUNT, 10, COUNT), 0);
}

static void a_step_does_not_turn_and_a_way_there_and_back_turns_once(void **state)
{
    (void)state;
    float samples[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        samples[i] = i < 100 ? 40 : 70;
    assert_int_equal(swing_turns(samples, COUNT, 10, COUNT), 0);
    for (size_t i = 150; i < COUNT; i++)
        samples[i] = 45;
    assert_int_equal(swing_turns(samples, COUNT, 10, COUNT), 1);
}

static void a_wave_turns_twice_a_period_within_the_window(void **state)
{
    (void)state;
    float samples[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        samples[i] = 60 + 20 * sinf((float)i * 6.2831853f / 20);
    assert_int_equal(swing_turns(samples, COUNT, 10, 100), 10);
    assert_int_equal(swing_turns(samples, COUNT, 10, 40), 4);
    assert_int_equal(swing_turns(samples, COUNT, 45, COUNT), 0);
}

static void a_gap_parts_a_series(void **state)
{
    (void)state;
    const float samples[] = {10, 50, -1, -1, 10, 50, -1, 20, 20};
    assert_int_equal(swing_turns(samples, 9, 10, 9), 0);
    const float whole[] = {10, 50, 10, 50};
    assert_int_equal(swing_turns(whole, 4, 10, 9), 2);
}

static void rest_is_where_nothing_goes_far_any_more(void **state)
{
    (void)state;
    float samples[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        samples[i] = (i < 50 ? 90 : 60) - (float)i / 10; /* a slow course is rest */
    assert_int_equal(swing_settled(samples, COUNT, 10, 5, 20), 60);
    assert_int_equal(swing_settled(samples, COUNT, 80, 5, 20), 80);
    samples[COUNT - 1] = 90;
    assert_int_equal(swing_settled(samples, COUNT, 10, 5, 20), COUNT);
    assert_int_equal(swing_settled(samples, 20, 10, 5, 20), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_level_with_noise_never_turns),
        cmocka_unit_test(a_step_does_not_turn_and_a_way_there_and_back_turns_once),
        cmocka_unit_test(a_wave_turns_twice_a_period_within_the_window),
        cmocka_unit_test(a_gap_parts_a_series),
        cmocka_unit_test(rest_is_where_nothing_goes_far_any_more),
    };
    return cmocka_run_group_tests_name("swing", tests, NULL, NULL);
}
