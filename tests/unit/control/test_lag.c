/* An engine that stays behind, as the director sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/lag.h"
#include "control/times.h"

static void a_short_lag_is_not_told(void **state)
{
    (void)state;
    struct lag lag = {0};
    for (uint64_t i = 0; i < 20; i++)
        assert_int_equal(lag_watch(&lag, i % 5 != 4, 1000 + i * 1000), LAG_SAME);
    assert_false(lag.alarm);
}

static void a_lasting_lag_is_told_once_and_so_is_its_end(void **state)
{
    (void)state;
    struct lag lag = {0};
    unsigned began = 0;
    for (uint64_t at_ms = 1000; at_ms <= 60000; at_ms += 1000) {
        const enum lag_turn turn = lag_watch(&lag, true, at_ms);
        began += turn == LAG_BEGAN;
        assert_int_equal(turn == LAG_BEGAN, at_ms == 1000 + BEHIND_BOUND_MS);
        assert_int_equal(lag.alarm, at_ms >= 1000 + BEHIND_BOUND_MS);
    }
    assert_int_equal(began, 1);
    assert_int_equal(lag.since_ms, 1000);
    assert_int_equal(lag_watch(&lag, false, 61000), LAG_ENDED);
    assert_int_equal(lag_watch(&lag, false, 62000), LAG_SAME);
    assert_false(lag.alarm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_lag_is_not_told),
        cmocka_unit_test(a_lasting_lag_is_told_once_and_so_is_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
