#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/override.h"

static void without_an_end_it_is_in_force_for_good(void **state)
{
    (void)state;
    const struct override order = {.order = ORDER_DRAIN, .since_s = 1000};
    assert_true(override_active(&order, 1000));
    assert_true(override_active(&order, UINT64_MAX));
    assert_false(override_ended(&order, UINT64_MAX));
}

static void it_ends_when_its_time_comes(void **state)
{
    (void)state;
    const struct override order = {.until_ms = 1060};
    assert_true(override_active(&order, 1059));
    assert_false(override_ended(&order, 1059));
    assert_false(override_active(&order, 1060));
    assert_true(override_ended(&order, 1060));
    assert_true(override_ended(&order, 5000));
}

static void a_suspended_one_comes_back(void **state)
{
    (void)state;
    const struct override order = {.suspended_until_ms = 1030};
    assert_false(override_active(&order, 1000));
    assert_false(override_active(&order, 1029));
    assert_true(override_active(&order, 1030));
    assert_false(override_ended(&order, 1000));
}

static void one_that_ends_while_suspended_does_not_come_back(void **state)
{
    (void)state;
    const struct override order = {.until_ms = 1020, .suspended_until_ms = 1030};
    assert_false(override_active(&order, 1010));
    assert_false(override_ended(&order, 1010));
    assert_false(override_active(&order, 1030));
    assert_true(override_ended(&order, 1030));
}

static void a_wall_clock_that_is_set_ends_nothing(void **state)
{
    (void)state;
    struct override order = {.until_ms = 5000 + 8 * 3600 * 1000, .suspended_until_ms = 65000};
    override_to_wall(&order, 5000, INT64_C(1700000000000));
    assert_int_equal(order.until_s, 1700000000 + 8 * 3600);
    assert_int_equal(order.suspended_until_s, 1700000060);
    override_to_wall(&order, 7000, INT64_C(1700000002000) + 86400000);
    assert_int_equal(order.until_s, 1700000000 + 8 * 3600 + 86400);
    override_to_wall(&order, 9000, 0);
    assert_int_equal(order.until_s, 8 * 3600 - 4);
    assert_false(override_ended(&order, 9000));
    assert_true(override_ended(&order, 5000 + 8 * 3600 * 1000));
}

static void what_is_left_of_it_counts_on_after_a_restart(void **state)
{
    (void)state;
    struct override order = {.until_s = 2000, .suspended_until_s = 1500};
    override_from_wall(&order, 70, 1400);
    assert_int_equal(order.until_ms, 70 + 600000);
    assert_int_equal(order.suspended_until_ms, 70 + 100000);
    override_from_wall(&order, 70, 2001);
    assert_true(override_ended(&order, 70));
    order.until_s = INT64_MAX;
    override_from_wall(&order, 70, 0);
    assert_false(override_ended(&order, 70));
    order.until_s = order.suspended_until_s = 0;
    override_from_wall(&order, 70, 1400);
    assert_int_equal(order.until_ms + order.suspended_until_ms, 0);
}

static void without_an_end_it_outlasts_all_that_have_one(void **state)
{
    (void)state;
    const struct override for_good = {.until_ms = 0}, early = {.until_ms = 10}, late = {.until_ms = 20};
    assert_true(override_outlasts(&for_good, &late));
    assert_true(override_outlasts(&late, &early));
    assert_false(override_outlasts(&early, &early));
    assert_false(override_outlasts(&late, &for_good));
    assert_false(override_outlasts(&for_good, &for_good));
}

static void orders_have_texts(void **state)
{
    (void)state;
    assert_string_equal(order_text(ORDER_DRAIN), "drain");
    assert_string_equal(order_text(ORDER_DISABLE), "disable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_an_end_it_is_in_force_for_good),
        cmocka_unit_test(it_ends_when_its_time_comes),
        cmocka_unit_test(a_suspended_one_comes_back),
        cmocka_unit_test(one_that_ends_while_suspended_does_not_come_back),
        cmocka_unit_test(a_wall_clock_that_is_set_ends_nothing),
        cmocka_unit_test(what_is_left_of_it_counts_on_after_a_restart),
        cmocka_unit_test(without_an_end_it_outlasts_all_that_have_one),
        cmocka_unit_test(orders_have_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
