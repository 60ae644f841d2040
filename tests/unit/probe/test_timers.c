/* The heap of timers against a plain search. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "probe/timers.h"

enum { COUNT = 300 };

static void an_empty_heap_has_no_first_timer(void **state)
{
    (void)state;
    struct timers timers = {0};
    struct timer timer = {0};
    assert_null(timers_first(&timers));
    timers_remove(&timers, &timer);
    timers_set(&timers, &timer, 5);
    assert_ptr_equal(timers_first(&timers), &timer);
    timers_remove(&timers, &timer);
    assert_null(timers_first(&timers));
    timers_release(&timers);
}

static uint64_t least(const struct timer *timers)
{
    uint64_t due = UINT64_MAX;
    for (size_t i = 0; i < COUNT; i++)
        if (timers[i].place && timers[i].due_us < due)
            due = timers[i].due_us;
    return due;
}

static void the_first_is_the_earliest_whatever_is_set_and_removed(void **state)
{
    (void)state;
    struct timers heap = {0};
    struct timer timers[COUNT] = {0};
    for (uint64_t step = 0; step < 20000; step++) {
        const uint64_t dice = hash_mix(step + 1);
        struct timer *timer = &timers[dice % COUNT];
        if ((dice >> 32) % 3 == 0)
            timers_remove(&heap, timer);
        else
            timers_set(&heap, timer, (dice >> 40) % 1000);
        const struct timer *first = timers_first(&heap);
        assert_true((first ? first->due_us : UINT64_MAX) == least(timers));
    }
    timers_release(&heap);
}

static void all_come_out_in_order(void **state)
{
    (void)state;
    struct timers heap = {0};
    struct timer timers[COUNT] = {0}, *first;
    uint64_t last = 0;
    size_t taken = 0;
    for (size_t i = 0; i < COUNT; i++)
        timers_set(&heap, &timers[i], hash_mix(i) % 100);
    for (; (first = timers_first(&heap)); taken++) {
        assert_true(first->due_us >= last);
        last = first->due_us;
        timers_remove(&heap, first);
        assert_int_equal(first->place, 0);
    }
    assert_int_equal(taken, COUNT);
    timers_release(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_heap_has_no_first_timer),
        cmocka_unit_test(the_first_is_the_earliest_whatever_is_set_and_removed),
        cmocka_unit_test(all_come_out_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
