#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/director.h"

#include <stdlib.h>
#include <string.h>

static const struct usual_bounds bounds = {40, 150, 1};

static void what_was_learnt_survives_a_restart(void **state)
{
    (void)state;
    struct habits before = {0}, after = {0};
    struct error err;
    for (unsigned i = 1; i < 2000; i++)
        usual_add(&before.queries.usual, 100 + i % 60, 1772409600 + i * 60, &bounds);
    char *text = habits_text(&before);
    assert_true(habits_read(&after, text, &err));
    assert_memory_equal(before.queries.usual.day_known, after.queries.usual.day_known, sizeof after.queries.usual.day_known);
    for (size_t i = 0; i < USUAL_DAY_SLOTS; i++)
        assert_true(before.queries.usual.day[i] - after.queries.usual.day[i] < 0.01F);
    free(text);
}

static void unsound_files_take_nothing(void **state)
{
    (void)state;
    static const char *const all[] = {"",
                                      "x",
                                      "{}",
                                      "[]",
                                      "{\"version\":2}",
                                      "{\"version\":1,\"queries\":{\"day\":[],\"week\":[]}}",
                                      "{\"version\":1,\"queries\":{\"day\":7}}"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct habits habits = {0};
        struct error err;
        assert_false(habits_read(&habits, all[i], &err));
        assert_true(err.text[0]);
    }
}

static void numbers_that_are_none_are_refused(void **state)
{
    (void)state;
    struct habits habits = {0};
    struct error err;
    char *text = habits_text(&habits), *null = strstr(text, "null");
    memcpy(null, "-123", 4);
    assert_false(habits_read(&habits, text, &err));
    memcpy(null, "\"ab\"", 4);
    assert_false(habits_read(&habits, text, &err));
    memcpy(null, "1234", 4);
    assert_true(habits_read(&habits, text, &err));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_learnt_survives_a_restart),
        cmocka_unit_test(unsound_files_take_nothing),
        cmocka_unit_test(numbers_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
