/* Reports of endpoints, pushed or by file: what they mean and when they expire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "peer.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { PATIENCE_MS = 10000 };

struct rig {
    struct ear *ear;
    struct probe_engine *engine;
    struct check check;
};

static struct rig rig_up(char *file, uint32_t expires_ms)
{
    static char host[] = "lb1.example.com.";
    static const struct hostport at = {.addr = {FAMILY_V4, {127, 0, 0, 1}}};
    struct error err;
    struct rig rig = {.ear = ear_new(), .check = check_of(TRANSPORT_UDP, &at)};
    rig.engine = probe_engine_new(ear_hear, rig.ear, &err);
    assert_non_null(rig.engine);
    rig.check.host = host;
    rig.check.probe.type = PROBE_PUSH;
    rig.check.probe.fall = rig.check.probe.rise = 1;
    rig.check.probe.interval_ms = 60000;
    rig.check.probe.push = (struct push_probe){.file = file, .expires_ms = expires_ms};
    return rig;
}

static void rig_down(struct rig *rig)
{
    probe_engine_free(rig->engine);
    free(rig->ear);
}

static struct check_result rig_hear(struct rig *rig, size_t number)
{
    assert_true(ear_wait(rig->ear, number, PATIENCE_MS) >= number);
    return ear_result(rig->ear, number - 1);
}

static void report(struct rig *rig, enum verdict verdict, uint32_t expires_ms, const char *detail)
{
    struct endpoint_report push = {.verdict = verdict, .expires_ms = expires_ms};
    snprintf(push.detail, sizeof push.detail, "%s", detail);
    probe_engine_push(rig->engine, &rig->check, 0, 1, &push);
}

static void a_report_counts_at_once(void **state)
{
    (void)state;
    struct rig rig = rig_up(NULL, 60000);
    probe_engine_set(rig.engine, &rig.check, 1, 1);
    assert_int_equal(rig_hear(&rig, 1).last.reason, REASON_LOCAL); /* nothing reported yet */
    assert_int_equal(rig_hear(&rig, 1).health.verdict, VERDICT_UNKNOWN);
    report(&rig, VERDICT_UP, 0, "fresh");
    const struct check_result up = rig_hear(&rig, 2);
    assert_int_equal(up.health.verdict, VERDICT_UP);
    assert_int_equal(up.last.reason, REASON_REPORTED);
    assert_string_equal(up.last.detail, "fresh");
    report(&rig, VERDICT_DOWN, 0, "");
    assert_int_equal(rig_hear(&rig, 3).health.verdict, VERDICT_DOWN);
    report(&rig, VERDICT_DRAINING, 0, "");
    assert_int_equal(rig_hear(&rig, 4).health.verdict, VERDICT_DRAINING);
    rig_down(&rig);
}

static void without_further_reports_it_expires(void **state)
{
    (void)state;
    struct rig rig = rig_up(NULL, 60000);
    rig.check.probe.interval_ms = 200;
    probe_engine_set(rig.engine, &rig.check, 1, 1);
    rig_hear(&rig, 1);
    report(&rig, VERDICT_UP, 300, "");
    assert_int_equal(rig_hear(&rig, 2).health.verdict, VERDICT_UP);
    const struct check_result expired = rig_hear(&rig, 3);
    assert_int_equal(expired.last.reason, REASON_EXPIRED);
    assert_int_equal(expired.health.verdict, VERDICT_DOWN);
    rig_down(&rig);
}

static void a_saved_verdict_holds_until_the_first_report_is_overdue(void **state)
{
    (void)state;
    struct rig rig = rig_up(NULL, 400);
    rig.check.saved = VERDICT_UP;
    probe_engine_set(rig.engine, &rig.check, 1, 1);
    const struct check_result first = rig_hear(&rig, 1);
    assert_int_equal(first.last.reason, REASON_EXPIRED);
    assert_string_equal(first.last.detail, "nothing was ever reported");
    rig_down(&rig);
}

static void a_report_finds_its_check_after_a_reload(void **state)
{
    (void)state;
    static char other[] = "another";
    struct rig rig = rig_up(NULL, 60000);
    struct check both[2] = {rig.check, rig.check};
    both[0].probe.name = other;
    probe_engine_set(rig.engine, both, 2, 2);
    rig_hear(&rig, 2);
    report(&rig, VERDICT_UP, 0, ""); /* of generation 1, where it was the first */
    const struct check_result result = rig_hear(&rig, 3);
    assert_int_equal(result.check, 1);
    assert_int_equal(result.health.verdict, VERDICT_UP);
    rig_down(&rig);
}

static void write_file(const char *path, const char *text, int age_s)
{
    FILE *file = fopen(path, "w");
    const struct timespec at = {.tv_sec = (time_t)(clock_wall_s() - age_s)}, times[2] = {at, at};
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* What the first probe sees in a file with this text. */
static struct check_result seen_in(const char *text, int age_s)
{
    char folder[] = "/tmp/sipsteer-test-XXXXXX", path[64], pattern[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/lb1.example.com", folder);
    snprintf(pattern, sizeof pattern, "%s/%%h", folder);
    if (text)
        write_file(path, text, age_s);
    struct rig rig = rig_up(pattern, 30000);
    rig.check.probe.timeout_ms = 5000;
    probe_engine_set(rig.engine, &rig.check, 1, 1);
    const struct check_result result = rig_hear(&rig, 1);
    rig_down(&rig);
    unlink(path);
    rmdir(folder);
    return result;
}

static void a_file_says_how_it_is(void **state)
{
    (void)state;
    const struct check_result draining = seen_in("draining 3 calls left\n", 0);
    assert_int_equal(seen_in("up\n", 10).health.verdict, VERDICT_UP);
    assert_int_equal(draining.health.verdict, VERDICT_DRAINING);
    assert_string_equal(draining.last.detail, "3 calls left");
    assert_int_equal(seen_in("down", 0).health.verdict, VERDICT_DOWN);
}

static void an_old_file_is_expired_and_an_unsound_one_told(void **state)
{
    (void)state;
    assert_int_equal(seen_in("up\n", 100).last.reason, REASON_EXPIRED);
    assert_int_equal(seen_in("up\n", -3600).last.reason, REASON_BAD_ANSWER);
    const struct check_result wrong = seen_in("maybe\x1b[2J\n", 0);
    assert_int_equal(wrong.last.reason, REASON_BAD_ANSWER);
    assert_string_equal(wrong.last.detail, "neither up, draining nor down: \"maybe?[2J\"");
}

static void a_file_that_is_not_there_yet_says_nothing(void **state)
{
    (void)state;
    const struct check_result missing = seen_in(NULL, 0);
    assert_int_equal(missing.last.reason, REASON_LOCAL);
    assert_non_null(strstr(missing.last.detail, "No such file"));
}

static void a_pipe_without_a_writer_keeps_nobody_waiting(void **state)
{
    (void)state;
    char folder[] = "/tmp/sipsteer-test-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    struct rig rig = rig_up(path, 30000);
    rig.check.probe.timeout_ms = 5000;
    probe_engine_set(rig.engine, &rig.check, 1, 1);
    const struct check_result result = rig_hear(&rig, 1);
    assert_int_equal(result.last.reason, REASON_LOCAL);
    assert_non_null(strstr(result.last.detail, "not a file"));
    rig_down(&rig);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_counts_at_once),
        cmocka_unit_test(without_further_reports_it_expires),
        cmocka_unit_test(a_saved_verdict_holds_until_the_first_report_is_overdue),
        cmocka_unit_test(a_report_finds_its_check_after_a_reload),
        cmocka_unit_test(a_file_says_how_it_is),
        cmocka_unit_test(an_old_file_is_expired_and_an_unsound_one_told),
        cmocka_unit_test(a_file_that_is_not_there_yet_says_nothing),
        cmocka_unit_test(a_pipe_without_a_writer_keeps_nobody_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
