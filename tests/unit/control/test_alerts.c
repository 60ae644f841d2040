#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/alerts.h"

#include <stdio.h>
#include <string.h>

enum { SECOND = 1000, MINUTE = 60000, HOUR = 3600000 };

static struct alerts *alerts;
static uint64_t now_ms;
static unsigned begun, over, told_raised, told_over;
static char last_text[ALERT_TEXT];

static int begin(void **state)
{
    (void)state;
    alerts = alerts_new();
    now_ms = HOUR;
    begun = over = told_raised = told_over = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    alerts_free(alerts);
    return 0;
}

static void count_change(void *context, const struct alert *alert)
{
    (void)context;
    if (alert->raised)
        begun++;
    else
        over++;
}

static void count_told(void *context, const struct alert *alert)
{
    (void)context;
    if (alert->raised)
        told_raised++;
    else
        told_over++;
    snprintf(last_text, sizeof last_text, "%s", alert->text);
}

/* One second, in which this is wrong, or nothing (target NULL). */
static void second(enum alert_kind kind, const char *target, enum alert_severity severity, const struct hook_config *hook)
{
    now_ms += SECOND;
    alerts_begin(alerts, now_ms, (int64_t)now_ms);
    if (target)
        alert_say(alerts_tell(alerts, kind, target, severity), "%s is lost", target);
    alerts_end(alerts, count_change, NULL);
    if (hook)
        alerts_due(alerts, 0, hook, now_ms, count_told, NULL);
}

static void for_seconds(unsigned seconds, enum alert_kind kind, const char *target, const struct hook_config *hook)
{
    for (unsigned i = 0; i < seconds; i++)
        second(kind, target, ALERT_CRITICAL, hook);
}

static void what_lasts_is_raised_once_and_is_over_once(void **state)
{
    (void)state;
    for_seconds(100, ALERT_SITE_LOST, "london", NULL);
    assert_int_equal(begun, 1);
    assert_int_equal(alerts_count(alerts), 1);
    for_seconds(100, ALERT_SITE_LOST, NULL, NULL);
    assert_int_equal(over, 1);
    assert_int_equal(alerts_count(alerts), 0);
}

static void targets_and_kinds_are_told_apart(void **state)
{
    (void)state;
    alerts_begin(alerts, now_ms, 0);
    alerts_tell(alerts, ALERT_SITE_LOST, "london", ALERT_CRITICAL);
    alerts_tell(alerts, ALERT_SITE_LOST, "ashburn", ALERT_CRITICAL);
    alerts_tell(alerts, ALERT_VERDICT, "london", ALERT_WARNING);
    alerts_tell(alerts, ALERT_SITE_LOST, "london", ALERT_CRITICAL);
    alerts_end(alerts, count_change, NULL);
    assert_int_equal(begun, 3);
}

/* Load that goes up and down at the target is no news each time. */
static void what_stands_at_a_border_does_not_come_and_go(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        for_seconds(5, ALERT_PAST_TARGET, "london", NULL);
        for_seconds(5, ALERT_PAST_TARGET, NULL, NULL);
    }
    assert_int_equal(begun, 0);
    for_seconds(31, ALERT_PAST_TARGET, "london", NULL);
    assert_int_equal(begun, 1);
    for (unsigned i = 0; i < 20; i++) {
        for_seconds(30, ALERT_PAST_TARGET, NULL, NULL);
        for_seconds(5, ALERT_PAST_TARGET, "london", NULL);
    }
    assert_int_equal(over, 0);
    for_seconds(61, ALERT_PAST_TARGET, NULL, NULL);
    assert_int_equal(over, 1);
}

static void a_hook_is_told_once_and_of_the_end(void **state)
{
    (void)state;
    const struct hook_config hook = {.severity = ALERT_WARNING, .quiet_s = 300};
    for_seconds(1000, ALERT_SITE_LOST, "london", &hook);
    assert_int_equal(told_raised, 1);
    for_seconds(10, ALERT_SITE_LOST, NULL, &hook);
    assert_int_equal(told_over, 1);
    assert_string_equal(last_text, "london is lost");
}

static void what_flaps_is_raised_once_in_quiet_and_every_end_is_told(void **state)
{
    (void)state;
    const struct hook_config hook = {.quiet_s = 300};
    for (unsigned i = 0; i < 100; i++) {
        for_seconds(6, ALERT_SITE_LOST, "london", &hook);
        for_seconds(6, ALERT_SITE_LOST, NULL, &hook);
    }
    assert_in_range(told_raised, 4, 5); /* 20 minutes */
    assert_int_equal(told_over, told_raised);
}

/* It began in the quiet after the one before, and lasts. */
static void what_was_kept_quiet_is_told_when_it_is_still_there(void **state)
{
    (void)state;
    const struct hook_config hook = {.quiet_s = 300};
    for_seconds(10, ALERT_SITE_LOST, "london", &hook);
    for_seconds(10, ALERT_SITE_LOST, NULL, &hook);
    for_seconds(270, ALERT_SITE_LOST, "london", &hook);
    assert_int_equal(told_raised, 1);
    for_seconds(30, ALERT_SITE_LOST, "london", &hook);
    assert_int_equal(told_raised, 2);
}

static void a_hook_with_repeat_is_reminded(void **state)
{
    (void)state;
    const struct hook_config hook = {.quiet_s = 60, .repeat_s = 600};
    for_seconds(3000, ALERT_SITE_LOST, "london", &hook);
    assert_int_equal(told_raised, 5);
    for_seconds(3000, ALERT_SITE_LOST, NULL, &hook);
    assert_int_equal(told_raised, 5);
    assert_int_equal(told_over, 1);
}

static void a_hook_hears_only_what_it_wants(void **state)
{
    (void)state;
    uint8_t on[] = {ALERT_VERDICT, ALERT_PUBLISH};
    const struct hook_config some = {.on = on, .on_count = 2}, grave = {.severity = ALERT_CRITICAL};
    for_seconds(5, ALERT_SITE_LOST, "london", &some);
    assert_int_equal(told_raised, 0);
    for_seconds(5, ALERT_VERDICT, "london/lb1.", &some);
    assert_int_equal(told_raised, 1);
    second(ALERT_RELOAD, "", ALERT_WARNING, &grave);
    assert_int_equal(told_raised, 1);
    second(ALERT_RELOAD, "", ALERT_CRITICAL, &grave); /* it has become worse */
    assert_int_equal(told_raised, 2);
    assert_true(hook_wants(&some, ALERT_PUBLISH, ALERT_INFO));
    assert_false(hook_wants(&grave, ALERT_PUBLISH, ALERT_WARNING));
}

static void a_reload_that_moves_a_hook_tells_it_nothing_twice(void **state)
{
    (void)state;
    const struct hook_config hook = {.quiet_s = 60};
    size_t from[HOOKS_MAX];
    for_seconds(5, ALERT_SITE_LOST, "london", &hook);
    for (size_t i = 0; i < HOOKS_MAX; i++)
        from[i] = i == 3 ? 0 : HOOKS_MAX;
    alerts_renumber(alerts, from);
    alerts_due(alerts, 3, &hook, now_ms, count_told, NULL);
    assert_int_equal(told_raised, 1);
    alerts_due(alerts, 0, &hook, now_ms, count_told, NULL); /* a new one in the old one's place */
    assert_int_equal(told_raised, 2);
}

static void there_are_never_too_many(void **state)
{
    (void)state;
    alerts_begin(alerts, now_ms, 0);
    for (unsigned i = 0; i < ALERTS_MOST + 100; i++) {
        char target[32];
        snprintf(target, sizeof target, "london/lb%u.", i);
        alert_say(alerts_tell(alerts, ALERT_VERDICT, target, ALERT_WARNING), "down");
    }
    alerts_end(alerts, count_change, NULL);
    assert_int_equal(begun, ALERTS_MOST);
    now_ms += 25ULL * HOUR;
    alerts_begin(alerts, now_ms, 0);
    alerts_end(alerts, count_change, NULL);
    assert_int_equal(over, ALERTS_MOST);
    assert_int_equal(alerts_count(alerts), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_lasts_is_raised_once_and_is_over_once),
        TEST(targets_and_kinds_are_told_apart),
        TEST(what_stands_at_a_border_does_not_come_and_go),
        TEST(a_hook_is_told_once_and_of_the_end),
        TEST(what_flaps_is_raised_once_in_quiet_and_every_end_is_told),
        TEST(what_was_kept_quiet_is_told_when_it_is_still_there),
        TEST(a_hook_with_repeat_is_reminded),
        TEST(a_hook_hears_only_what_it_wants),
        TEST(a_reload_that_moves_a_hook_tells_it_nothing_twice),
        TEST(there_are_never_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
