#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "load/usual.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MIN = 24 * 60, WEEK_MIN = 7 * DAY_MIN, MONDAY_S = 1772409600 /* 2 March 2026 */ };

static const struct usual_bounds bounds = {.drop = 40, .spike = 150, .least = 0.5};
static struct usual usual;
static int64_t minute;

static int begin(void **state)
{
    (void)state;
    memset(&usual, 0, sizeof usual);
    minute = 0;
    srand(7);
    return 0;
}

/* Normal, by the sum of twelve. */
static double normal(void)
{
    double sum = -6;
    for (unsigned i = 0; i < 12; i++)
        sum += rand() / (double)RAND_MAX;
    return sum;
}

static double weekday(int64_t day)
{
    return day % 7 < 5 ? 1 : 0.4;
}

/* Callers by the time of day: a tenth at night of what there is in the afternoon; on Saturday and Sunday, from the morning on, 40 %. Counted in a minute,
 * so noisy. */
static double curve(double peak)
{
    const double hour = (double)(minute % DAY_MIN) / 60, part = fmin(hour / 6, 1);
    const double of_day = weekday(minute / DAY_MIN) * part + weekday(minute / DAY_MIN + 6) * (1 - part);
    const double rate = peak * of_day * (0.55 - 0.45 * cos(2 * M_PI * (hour - 3) / 24)), count = rate * 60;
    return fmax(0, count + sqrt(count) * normal()) / 60;
}

static enum unusual add(double rate)
{
    minute++;
    return usual_add(&usual, rate, MONDAY_S + minute * 60, &bounds);
}

static void assert_calm(unsigned minutes, double peak)
{
    for (unsigned i = 0; i < minutes; i++)
        if (add(curve(peak)) != UNUSUAL_NOT)
            fail_msg("unusual in minute %d: %f a second, expected %f", (int)minute, usual_now(&usual), usual.expected);
}

/* Minutes until it is told of; 1000: never. */
static unsigned told_after(double factor, double peak, enum unusual what)
{
    for (unsigned i = 1; i <= 1000; i++)
        if (add(factor * curve(peak)) == what)
            return i;
    return 1000;
}

static void a_daily_and_a_weekly_curve_raise_nothing_for_three_weeks(void **state)
{
    (void)state;
    assert_calm(3 * WEEK_MIN, 200);
}

static void neither_do_they_where_few_come(void **state)
{
    (void)state;
    assert_calm(3 * WEEK_MIN, 2);
}

static void half_of_all_gone_is_told_within_five_minutes_at_any_hour(void **state)
{
    (void)state;
    assert_calm(WEEK_MIN + DAY_MIN, 200);
    const struct usual learnt = usual;
    const int64_t from = minute;
    for (unsigned hour = 0; hour < 24; hour++) {
        usual = learnt;
        minute = from;
        assert_calm(hour * 60, 200);
        assert_in_range(told_after(0.5, 200, UNUSUAL_DROP), 1, USUAL_RAISE_MIN);
    }
}

static void it_is_told_on_the_first_day_too(void **state)
{
    (void)state;
    assert_calm(9 * 60, 200);
    assert_in_range(told_after(0.5, 200, UNUSUAL_DROP), 1, USUAL_RAISE_MIN);
}

static void three_times_as_many_are_a_spike_once_a_day_is_known(void **state)
{
    (void)state;
    assert_calm(DAY_MIN + 10 * 60, 200);
    assert_in_range(told_after(3, 200, UNUSUAL_SPIKE), 1, USUAL_RAISE_MIN);
}

static void silence_is_a_drop_and_its_end_ends_it(void **state)
{
    (void)state;
    assert_calm(2 * DAY_MIN + 10 * 60, 200);
    assert_in_range(told_after(0, 200, UNUSUAL_DROP), 1, USUAL_RAISE_MIN);
    for (unsigned i = 0; i < 60; i++)
        assert_int_equal(add(0), UNUSUAL_DROP);
    for (unsigned i = 0; i < USUAL_NOW_MIN; i++)
        add(curve(200));
    assert_calm(DAY_MIN, 200);
}

static void what_stays_is_the_usual_after_two_hours(void **state)
{
    (void)state;
    assert_calm(2 * DAY_MIN + 10 * 60, 200);
    unsigned told = 0;
    for (unsigned i = 0; i < 6 * 60; i++)
        told += add(0.5 * curve(200)) != UNUSUAL_NOT;
    assert_in_range(told, USUAL_ACCEPT_MIN - 10, USUAL_ACCEPT_MIN + 10);
    assert_calm(WEEK_MIN, 100);
}

static void a_holiday_raises_nothing(void **state)
{
    (void)state;
    assert_calm(2 * WEEK_MIN - 4 * 60, 200);
    for (unsigned i = 0; i < 4 * 60; i++) /* from Sunday's evening on fewer and fewer */
        assert_int_equal(add((1 - 0.6 * i / (4 * 60)) * curve(200)), UNUSUAL_NOT);
    for (unsigned i = 0; i < DAY_MIN; i++)
        assert_int_equal(add(0.4 * curve(200)), UNUSUAL_NOT);
}

static void nothing_is_said_of_next_to_nothing_and_after_a_pause(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DAY_MIN; i++)
        assert_int_equal(add(i % 60 ? 0.1 : 0.4), UNUSUAL_NOT);
    begin(NULL);
    assert_calm(2 * DAY_MIN + 10 * 60, 200);
    minute += 8 * 60;
    for (unsigned i = 0; i < USUAL_WARM_MIN; i++)
        assert_int_equal(add(1), UNUSUAL_NOT);
}

static void bounds_of_nothing_are_never_crossed(void **state)
{
    (void)state;
    const struct usual_bounds none = {0, 0, 0};
    assert_calm(2 * DAY_MIN, 200);
    for (unsigned i = 0; i < 60; i++)
        assert_int_equal(usual_add(&usual, i % 2 ? 0 : 5000, MONDAY_S + ++minute * 60, &none), UNUSUAL_NOT);
}

static void busy_days_count_in_a_row(void **state)
{
    (void)state;
    struct busy busy = {0};
    int64_t at_s = MONDAY_S;
    for (unsigned day = 1; day <= 4; day++, at_s += 86400) {
        busy_add(&busy, 0.5, 0.8, at_s + 3600);
        assert_int_equal(busy_add(&busy, 0.85, 0.8, at_s + 43200), day);
        assert_int_equal(busy_add(&busy, 0.9, 0.8, at_s + 46800), day);
        assert_int_equal(busy_add(&busy, 0.1, 0.8, at_s + 86399), day);
    }
    assert_int_equal(busy_add(&busy, 0.5, 0.8, at_s + 3600), 4); /* the day is young */
    assert_int_equal(busy_add(&busy, 0.5, 0.8, at_s + 86400 + 60), 0);
    assert_int_equal(busy_add(&busy, -1, 0.8, at_s + 2 * 86400), 0);
    assert_int_equal(busy_add(&busy, 2, 0, at_s + 2 * 86400), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_daily_and_a_weekly_curve_raise_nothing_for_three_weeks),
        TEST(neither_do_they_where_few_come),
        TEST(half_of_all_gone_is_told_within_five_minutes_at_any_hour),
        TEST(it_is_told_on_the_first_day_too),
        TEST(three_times_as_many_are_a_spike_once_a_day_is_known),
        TEST(silence_is_a_drop_and_its_end_ends_it),
        TEST(what_stays_is_the_usual_after_two_hours),
        TEST(a_holiday_raises_nothing),
        TEST(nothing_is_said_of_next_to_nothing_and_after_a_pause),
        TEST(bounds_of_nothing_are_never_crossed),
        TEST(busy_days_count_in_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
