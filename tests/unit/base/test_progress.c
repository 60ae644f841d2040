/* How far something has come, as another thread sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/progress.h"

#include <pthread.h>

enum { STEPS = 200000 };

static void who_tells_nobody_is_not_seen(void **state)
{
    (void)state;
    struct progress progress = {.what = NULL};
    struct progress_seen seen;
    progress_begin("working", 10); /* nobody listens */
    progress_step(5);
    progress_end();
    progress_use(&progress);
    assert_false(progress_see(&progress, &seen));
    progress_begin("working", 10);
    progress_use(NULL);
    progress_end();
    assert_true(progress_see(&progress, &seen));
    assert_string_equal(seen.what, "working");
}

static void steps_are_told_in_percent(void **state)
{
    (void)state;
    struct progress progress = {.what = NULL};
    struct progress_seen seen;
    progress_use(&progress);
    progress_begin("guessing", 0);
    assert_true(progress_see(&progress, &seen));
    assert_int_equal(seen.percent, -1);
    progress_begin("counting", 3);
    for (uint64_t done = 0; done <= 4; done++) {
        static const int percents[] = {0, 33, 66, 100, 100};
        progress_step(done);
        assert_true(progress_see(&progress, &seen));
        assert_int_equal(seen.percent, percents[done]);
    }
    progress_end();
    assert_false(progress_see(&progress, &seen));
    progress_use(NULL);
}

static void *work(void *context)
{
    progress_use(context);
    progress_begin("working", STEPS);
    for (uint64_t i = 0; i <= STEPS; i++)
        progress_step(i);
    return NULL;
}

static void another_thread_sees_it_grow(void **state)
{
    (void)state;
    struct progress progress = {.what = NULL};
    struct progress_seen seen = {0};
    pthread_t worker;
    int last = 0;
    assert_int_equal(pthread_create(&worker, NULL, work, &progress), 0);
    while (last < 100) {
        if (!progress_see(&progress, &seen))
            continue;
        assert_true(seen.percent >= last);
        last = seen.percent;
    }
    pthread_join(worker, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_tells_nobody_is_not_seen),
        cmocka_unit_test(steps_are_told_in_percent),
        cmocka_unit_test(another_thread_sees_it_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
