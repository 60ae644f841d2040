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
    assert_true(override_active(&order, INT64_MAX));
    assert_false(override_ended(&order, INT64_MAX));
}

static void it_ends_when_its_time_comes(void **state)
{
    (void)state;
    const struct override order = {.since_s = 1000, .until_s = 1060};
    assert_true(override_active(&order, 1059));
    assert_false(override_ended(&order, 1059));
    assert_false(override_active(&order, 1060));
    assert_true(override_ended(&order, 1060));
    assert_true(override_ended(&order, 5000));
}

static void a_suspended_one_comes_back(void **state)
{
    (void)state;
    const struct override order = {.since_s = 1000, .suspended_until_s = 1030};
    assert_false(override_active(&order, 1000));
    assert_false(override_active(&order, 1029));
    assert_true(override_active(&order, 1030));
    assert_false(override_ended(&order, 1000));
}

static void one_that_ends_while_suspended_does_not_come_back(void **state)
{
    (void)state;
    const struct override order = {.since_s = 1000, .until_s = 1020, .suspended_until_s = 1030};
    assert_false(override_active(&order, 1010));
    assert_false(override_ended(&order, 1010));
    assert_false(override_active(&order, 1030));
    assert_true(override_ended(&order, 1030));
}

static void a_clock_set_back_does_not_end_it(void **state)
{
    (void)state;
    const struct override order = {.since_s = 1000, .until_s = 1060};
    assert_true(override_active(&order, 1));
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
        cmocka_unit_test(a_clock_set_back_does_not_end_it),
        cmocka_unit_test(orders_have_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
