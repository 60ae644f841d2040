/* One drill under virtual time: when it is over, how it is judged, and that its report brings it back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/drill_report.h"

#include <string.h>

enum { BEGIN_MS = 1000000, FOR_MS = 300000 };

static const struct drill_start start = {
    .id = "20260131T093000Z-london",
    .site = "london",
    .who = "root",
    .reason = "weekly \xc3\xa9",
    .since_s = 1769851800,
    .for_ms = FOR_MS,
    .goals = {.publish_ms = 1000, .moved_ms = 60000, .peak = 80, .calls_at_risk = 0},
    .detect_ms = 3000,
    .ttl_s = 30,
    .measured = true,
    .calls = 200,
    .share = 40,
    .peak = 70,
    .peak_site = "paris",
};

static const struct drill_sight calm = {.ordered = true, .calls = 200, .trust = 1, .peak = 50, .peak_site = "ashburn"};

static struct drill begun(void)
{
    struct drill drill;
    drill_begin(&drill, &start, BEGIN_MS);
    return drill;
}

/* One that was published after so long and whose time is over now. */
static struct drill ended(struct drill drill, uint64_t published_ms)
{
    assert_true(drill_gone(&drill, BEGIN_MS + published_ms));
    assert_int_equal(drill_look(&drill, &calm, BEGIN_MS + FOR_MS), DRILL_OVER);
    return drill;
}

static void a_drill_lasts_for_its_time_and_is_passed_when_all_goals_are_met(void **state)
{
    (void)state;
    struct drill drill = begun();
    assert_true(drill_gone(&drill, BEGIN_MS + 12));
    assert_false(drill_gone(&drill, BEGIN_MS + 999));
    for (uint64_t at_ms = 1000; at_ms < FOR_MS; at_ms += 1000)
        assert_int_equal(drill_look(&drill, &calm, BEGIN_MS + at_ms), DRILL_GOES_ON);
    assert_int_equal(drill_look(&drill, &calm, BEGIN_MS + FOR_MS), DRILL_OVER);
    assert_int_equal(drill.result, DRILL_PASSED);
    assert_string_equal(drill.why, "");
    assert_int_equal(drill.published_ms, 12);
    assert_int_equal(drill_moved_ms(&drill), 3000 + 12 + 30000);
    assert_int_equal(drill.lasted_ms, FOR_MS);
    assert_int_equal(drill_look(&drill, &calm, BEGIN_MS + FOR_MS + 1), DRILL_OVER);
}

static void each_goal_that_is_missed_fails_the_drill_and_is_named(void **state)
{
    (void)state;
    struct drill drill = ended(begun(), 1001);
    assert_int_equal(drill.result, DRILL_FAILED);
    assert_string_equal(drill.why, "answers led to the site for 1.001 s; the goal is 1.000 s");

    drill = begun();
    drill.start.detect_ms = 30000;
    drill = ended(drill, 1);
    assert_string_equal(drill.why, "after a failure all callers would be elsewhere in 60.0 s at worst; the goal is 60.0 s");
    drill = begun();
    drill.start.detect_ms = DRILL_NEVER;
    drill = ended(drill, 1);
    assert_string_equal(drill.why, "no probe would notice that all of the site has failed");
    assert_int_equal(drill_moved_ms(&drill), DRILL_NEVER);

    drill = begun();
    struct drill_sight full = calm;
    full.peak = 81;
    assert_int_equal(drill_look(&drill, &full, BEGIN_MS + 5000), DRILL_GOES_ON);
    drill = ended(drill, 1);
    assert_string_equal(drill.why, "site ashburn came to 81 % of its capacity; the goal is 80 %");

    drill = begun();
    drill.start.goals.calls_at_risk = 199;
    drill = ended(drill, 1);
    assert_string_equal(drill.why, "200 calls were at risk; the goal is 199");
    drill = begun();
    drill.start.goals.calls_at_risk = 200;
    assert_int_equal(ended(drill, 1).result, DRILL_PASSED);

    drill = begun();
    assert_int_equal(drill_look(&drill, &calm, BEGIN_MS + FOR_MS), DRILL_OVER);
    assert_string_equal(drill.why, "answers led to the site until the end");
}

static void where_no_load_is_measured_the_predicted_peak_is_judged(void **state)
{
    (void)state;
    struct drill drill = begun();
    struct drill_sight blind = calm;
    blind.peak = -1;
    blind.peak_site = "";
    drill.start.goals.peak = 69;
    assert_true(drill_gone(&drill, BEGIN_MS));
    assert_int_equal(drill_look(&drill, &blind, BEGIN_MS + FOR_MS), DRILL_OVER);
    assert_string_equal(drill.why, "site paris came to 70 % of its capacity; the goal is 69 %");
}

static void it_is_seen_when_half_and_most_of_the_calls_have_left(void **state)
{
    (void)state;
    struct drill drill = begun();
    struct drill_sight sight = calm;
    sight.calls = 101;
    assert_int_equal(drill_look(&drill, &sight, BEGIN_MS + 10000), DRILL_GOES_ON);
    sight.calls = 100;
    assert_int_equal(drill_look(&drill, &sight, BEGIN_MS + 20000), DRILL_CHANGED);
    sight.trust = 0; /* told by nobody: no reason to think that they have gone */
    sight.calls = 0;
    assert_int_equal(drill_look(&drill, &sight, BEGIN_MS + 30000), DRILL_GOES_ON);
    sight.trust = 1;
    sight.calls = 20;
    assert_int_equal(drill_look(&drill, &sight, BEGIN_MS + 40000), DRILL_CHANGED);
    sight.calls = 50;
    assert_int_equal(drill_look(&drill, &sight, BEGIN_MS + 50000), DRILL_GOES_ON);
    assert_int_equal(drill.half_ms, 20000);
    assert_int_equal(drill.most_ms, 40000);
    assert_true(drill.least_calls == 20 && drill.calls == 50 && drill_calls_moved(&drill) == 75);
}

static void what_goes_wrong_meanwhile_ends_it_at_once(void **state)
{
    (void)state;
    struct drill drill = begun();
    struct drill_sight sight = calm;
    sight.wrong = "site paris is past its max";
    sight.calls_past_max = 12;
    assert_int_equal(drill_look(&drill, &sight, BEGIN_MS + 7000), DRILL_OVER);
    assert_int_equal(drill.result, DRILL_ABORTED);
    assert_string_equal(drill.why, sight.wrong);
    assert_int_equal(drill.lasted_ms, 7000);
    assert_true(drill_calls_at_risk(&drill) == 212);
    assert_false(drill_gone(&drill, BEGIN_MS + 8000));
}

static void an_operator_ends_it_by_hand_or_by_another_order(void **state)
{
    (void)state;
    struct drill drill = begun();
    drill_stop(&drill, "alice", BEGIN_MS + 2000);
    assert_int_equal(drill.result, DRILL_STOPPED);
    assert_string_equal(drill.why, "ended by alice");
    drill = begun();
    struct drill_sight sight = calm;
    sight.ordered = false;
    assert_int_equal(drill_look(&drill, &sight, BEGIN_MS + 2000), DRILL_OVER);
    assert_int_equal(drill.result, DRILL_STOPPED);
    drill = begun(); /* at its end the order is gone, too */
    assert_true(drill_gone(&drill, BEGIN_MS));
    assert_int_equal(drill_look(&drill, &sight, BEGIN_MS + FOR_MS), DRILL_OVER);
    assert_int_equal(drill.result, DRILL_PASSED);
}

/* What a restart makes of it, by way of the report. */
static struct drill restarted(const struct drill *drill, uint64_t left_ms, uint64_t now_ms)
{
    struct drill again;
    struct error err;
    json_t *report = drill_json(drill);
    assert_true(drill_read(report, &again, &err));
    json_decref(report);
    drill_resume(&again, left_ms, now_ms);
    return again;
}

static void a_restart_goes_on_where_the_order_stands(void **state)
{
    (void)state;
    struct drill drill = begun();
    struct drill_sight sight = calm;
    sight.calls = 90;
    assert_true(drill_gone(&drill, BEGIN_MS + 40));
    assert_int_equal(drill_look(&drill, &sight, BEGIN_MS + 50000), DRILL_CHANGED);
    struct drill again = restarted(&drill, 100000, 5000000); /* the monotonic clock of another boot */
    assert_int_equal(again.restarts, 1);
    assert_int_equal(again.until_ms, 5100000);
    assert_memory_equal(&again.start, &drill.start, sizeof drill.start);
    assert_int_equal(again.published_ms, 40);
    assert_int_equal(again.half_ms, 50000);
    assert_true(again.calls == 90 && again.peak == 50);
    assert_string_equal(again.peak_site, "ashburn");
    assert_int_equal(drill_look(&again, &sight, 5099999), DRILL_GOES_ON);
    assert_int_equal(drill_look(&again, &sight, 5100000), DRILL_OVER);
    assert_int_equal(again.result, DRILL_PASSED);
    assert_int_equal(again.lasted_ms, FOR_MS);
}

static void a_drill_whose_end_nobody_saw_is_interrupted(void **state)
{
    (void)state;
    const struct drill drill = begun();
    const struct drill again = restarted(&drill, 0, 77);
    assert_int_equal(again.result, DRILL_INTERRUPTED);
    assert_int_equal(again.lasted_ms, FOR_MS);
}

static void an_unsound_report_is_refused_by_its_first_unsound_key(void **state)
{
    (void)state;
    static const char *const keys[] = {"id",        "site",  "who",           "reason",     "since_s",  "for_ms",
                                       "detect_ms", "ttl_s", "share_percent", "publish_ms", "restarts", "result"};
    const struct drill drill = begun();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        for (unsigned how = 0; how < 2; how++) {
            struct drill read;
            struct error err;
            json_t *report = drill_json(&drill);
            json_object_set_new(report, keys[i], how ? json_pack("[]") : json_real(-1));
            assert_false(drill_read(report, &read, &err));
            assert_non_null(strstr(err.text, keys[i]));
            json_decref(report);
        }
    json_t *report = drill_json(&drill), *nothing = json_pack("[]");
    json_t *summary = drill_summary(report);
    assert_string_equal(json_string_value(json_object_get(summary, "result")), "running");
    assert_null(drill_summary(nothing));
    json_object_set_new(report, "result", json_string("splendid"));
    assert_null(drill_summary(report));
    json_decref(summary);
    json_decref(nothing);
    json_decref(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drill_lasts_for_its_time_and_is_passed_when_all_goals_are_met),
        cmocka_unit_test(each_goal_that_is_missed_fails_the_drill_and_is_named),
        cmocka_unit_test(where_no_load_is_measured_the_predicted_peak_is_judged),
        cmocka_unit_test(it_is_seen_when_half_and_most_of_the_calls_have_left),
        cmocka_unit_test(what_goes_wrong_meanwhile_ends_it_at_once),
        cmocka_unit_test(an_operator_ends_it_by_hand_or_by_another_order),
        cmocka_unit_test(a_restart_goes_on_where_the_order_stands),
        cmocka_unit_test(a_drill_whose_end_nobody_saw_is_interrupted),
        cmocka_unit_test(an_unsound_report_is_refused_by_its_first_unsound_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
