#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

#include <time.h>

static void monotonic_time_does_not_go_back_and_agrees_with_itself(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        const uint64_t first_ms = clock_ms(), ns = clock_ns(), last_ms = clock_ms();
        assert_true(first_ms <= ns / 1000000 && ns / 1000000 <= last_ms);
    }
}

static void monotonic_time_passes_at_the_right_rate(void **state)
{
    (void)state;
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    const uint64_t before = clock_ms();
    assert_int_equal(clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL), 0);
    assert_true(clock_ms() - before >= 19);
}

static void wall_time_counts_from_1970(void **state)
{
    (void)state;
    const int64_t before = time(NULL), wall_s = clock_wall_s(), wall_ms = clock_wall_ms(), after = time(NULL);
    assert_true(before - 1 <= wall_s && wall_s <= after + 1);
    assert_true(wall_s <= wall_ms / 1000 && wall_ms / 1000 <= after + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monotonic_time_does_not_go_back_and_agrees_with_itself),
        cmocka_unit_test(monotonic_time_passes_at_the_right_rate),
        cmocka_unit_test(wall_time_counts_from_1970),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
