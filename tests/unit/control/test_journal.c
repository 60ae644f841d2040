#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/journal.h"

static json_int_t number_of(const json_t *event)
{
    return json_integer_value(json_object_get(event, "id"));
}

static uint64_t note(struct journal *journal, const char *what)
{
    return journal_note(journal, &(struct event){.kind = EVENT_ORDER, .who = "root", .target = "london", .what = what, .why = ""});
}

static void an_event_tells_what_is_known_of_it_and_no_more(void **state)
{
    (void)state;
    struct journal *journal = journal_new();
    journal_note(journal, &(struct event){.kind = EVENT_VERDICT,
                                          .target = "london/lb1.",
                                          .what = "up -> down",
                                          .before = json_string("up"),
                                          .after = json_string("down")});
    json_t *list = journal_since(journal, 0, 10);
    assert_int_equal(json_array_size(list), 1);
    const json_t *event = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(event, "kind")), "verdict");
    assert_string_equal(json_string_value(json_object_get(event, "what")), "up -> down");
    assert_string_equal(json_string_value(json_object_get(event, "after")), "down");
    assert_true(json_integer_value(json_object_get(event, "at_ms")) > 0);
    assert_null(json_object_get(event, "who"));
    assert_null(json_object_get(event, "why"));
    json_decref(list);
    journal_free(journal);
}

static void numbers_grow_and_a_reader_gets_what_came_after_its_own(void **state)
{
    (void)state;
    struct journal *journal = journal_new();
    const uint64_t first = note(journal, "drain"), second = note(journal, "enable"), third = note(journal, "disable");
    assert_true(first < second && second < third && third < (uint64_t)1 << 53);
    json_t *list = journal_since(journal, first, 10);
    assert_int_equal(json_array_size(list), 2);
    assert_int_equal(number_of(json_array_get(list, 0)), second);
    assert_int_equal(number_of(json_array_get(list, 1)), third);
    json_decref(list);
    list = journal_since(journal, third, 10);
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
    journal_free(journal);
}

static void of_more_than_asked_for_the_newest_are_given(void **state)
{
    (void)state;
    struct journal *journal = journal_new();
    uint64_t last = 0;
    for (unsigned i = 0; i < JOURNAL_KEPT + 100; i++)
        last = note(journal, "drain");
    json_t *list = journal_since(journal, 0, 3);
    assert_int_equal(json_array_size(list), 3);
    assert_int_equal(number_of(json_array_get(list, 0)), last - 2);
    assert_int_equal(number_of(json_array_get(list, 2)), last);
    json_decref(list);
    list = journal_since(journal, 0, SIZE_MAX);
    assert_int_equal(json_array_size(list), JOURNAL_KEPT);
    assert_int_equal(number_of(json_array_get(list, 0)), last - JOURNAL_KEPT + 1);
    json_decref(list);
    journal_free(journal);
}

static void count(void *context, const json_t *event)
{
    assert_non_null(json_object_get(event, "id"));
    ++*(unsigned *)context;
}

static void all_listeners_hear_of_an_event_at_once(void **state)
{
    (void)state;
    struct journal *journal = journal_new();
    unsigned one = 0, other = 0;
    note(journal, "before anybody listens");
    journal_listen(journal, count, &one);
    note(journal, "drain");
    journal_listen(journal, count, &other);
    note(journal, "enable");
    assert_int_equal(one, 2);
    assert_int_equal(other, 1);
    journal_free(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_tells_what_is_known_of_it_and_no_more),
        cmocka_unit_test(numbers_grow_and_a_reader_gets_what_came_after_its_own),
        cmocka_unit_test(of_more_than_asked_for_the_newest_are_given),
        cmocka_unit_test(all_listeners_hear_of_an_event_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
