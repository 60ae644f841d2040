#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/spread.h"

static void mean_and_percentiles_are_of_weights(void **state)
{
    (void)state;
    struct spread spread;
    spread_init(&spread);
    spread_add(&spread, 100, 98);
    spread_add(&spread, 2000, 1);
    spread_add(&spread, -500, 1);
    assert_true(spread_mean(&spread) == (9800 + 2000 - 500) / 100.0);
    assert_true(spread_percentile(&spread, 0.5) == 100);
    assert_true(spread_percentile(&spread, 0.99) == 100);
    assert_true(spread_percentile(&spread, 0.995) == 2000);
    assert_true(spread_percentile(&spread, 0.005) == -500);
    spread_release(&spread);
}

static void of_nothing_all_is_0_also_when_cleared(void **state)
{
    (void)state;
    struct spread spread;
    spread_init(&spread);
    assert_true(spread_mean(&spread) == 0 && spread_percentile(&spread, 0.99) == 0);
    spread_add(&spread, 7, 1);
    spread_clear(&spread);
    assert_true(spread_mean(&spread) == 0 && spread_percentile(&spread, 0.99) == 0);
    spread_release(&spread);
}

static void what_is_too_far_for_the_earth_is_as_far_as_can_be(void **state)
{
    (void)state;
    struct spread spread, other;
    spread_init(&spread);
    spread_init(&other);
    spread_add(&spread, 1e9, 1);
    spread_add(&other, -1e9, 3);
    spread_merge(&spread, &other, 1);
    assert_true(spread.weight == 4 && spread_percentile(&spread, 1) == SPREAD_KM_MAX && spread_percentile(&spread, 0.5) == -SPREAD_KM_MAX);
    spread_release(&spread);
    spread_release(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_and_percentiles_are_of_weights),
        cmocka_unit_test(of_nothing_all_is_0_also_when_cleared),
        cmocka_unit_test(what_is_too_far_for_the_earth_is_as_far_as_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
