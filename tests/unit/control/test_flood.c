#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/flood.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static void a_burst_is_told_one_by_one(void **state)
{
    (void)state;
    struct flood flood = {0};
    for (unsigned i = 0; i < FLOOD_BURST; i++)
        assert_true(flood_take(&flood, 5000));
    assert_false(flood_take(&flood, 5000));
    assert_true(flood_take(&flood, 5000 + FLOOD_REFILL_MS));
}

static void the_rest_is_told_in_sum_and_none_is_forgotten(void **state)
{
    (void)state;
    struct flood flood = {0};
    size_t told = 0, summed = 0;
    for (unsigned i = 0; i < 5000; i++)
        told += flood_take(&flood, 1000);
    flood_add(&flood, 70, 1500);
    assert_int_equal(flood_sum(&flood, 1000 + FLOOD_SUM_MS - 1), 0);
    summed = flood_sum(&flood, 1000 + FLOOD_SUM_MS);
    assert_int_equal(told, FLOOD_BURST);
    assert_int_equal(told + summed, 5070);
    assert_int_equal(flood_sum(&flood, 1000 + 10 * FLOOD_SUM_MS), 0);
}

static void a_world_that_flaps_all_day_is_told_in_bounds(void **state)
{
    (void)state;
    struct flood flood = {0};
    size_t events = 0;
    for (uint64_t now_ms = 1; now_ms < DAY_MS; now_ms += 100) { /* 5,000 endpoints that change every 100 s */
        for (unsigned i = 0; i < 5; i++)
            events += flood_take(&flood, now_ms);
        events += flood_sum(&flood, now_ms) > 0;
    }
    assert_true(events <= FLOOD_BURST + DAY_MS / FLOOD_REFILL_MS + DAY_MS / FLOOD_SUM_MS + 1);
    assert_true(events > DAY_MS / FLOOD_REFILL_MS);
}

static void few_changes_over_a_long_time_are_all_told(void **state)
{
    (void)state;
    struct flood flood = {0};
    for (uint64_t now_ms = 1; now_ms < DAY_MS; now_ms += FLOOD_REFILL_MS)
        assert_true(flood_take(&flood, now_ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_told_one_by_one),
        cmocka_unit_test(the_rest_is_told_in_sum_and_none_is_forgotten),
        cmocka_unit_test(a_world_that_flaps_all_day_is_told_in_bounds),
        cmocka_unit_test(few_changes_over_a_long_time_are_all_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
