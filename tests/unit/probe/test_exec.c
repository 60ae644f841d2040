/* Commands as probes: what their exit codes mean, and that none of them can hold up the engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "peer.h"
#include "probe/runner.h"

#include <signal.h>

enum { PATIENCE_MS = 10000 };

struct rig {
    struct ear *ear;
    struct probe_engine *engine;
};

static struct rig rig_up(void)
{
    struct error err;
    struct rig rig = {.ear = ear_new()};
    rig.engine = probe_engine_new(ear_hear, rig.ear, &err);
    assert_non_null(rig.engine);
    return rig;
}

static void rig_down(struct rig *rig)
{
    probe_engine_free(rig->engine);
    free(rig->ear);
}

static struct check check_with(const char *script, char *words[3])
{
    static char shell[] = "/bin/sh", option[] = "-c", host[] = "lb1.example.com.";
    static const struct hostport at = {{FAMILY_V4, {127, 0, 0, 1}}, 5060};
    struct check check = check_of(TRANSPORT_UDP, &at);
    words[0] = shell;
    words[1] = option;
    words[2] = (char *)script;
    check.host = host;
    check.probe.type = PROBE_EXEC;
    check.probe.timeout_ms = 5000;
    check.probe.interval_ms = 60000;
    check.probe.exec = (struct exec_probe){.command = words, .word_count = 3};
    return check;
}

static struct check_result run_for(const char *script, uint32_t timeout_ms)
{
    char *words[3];
    struct rig rig = rig_up();
    struct check check = check_with(script, words);
    check.probe.timeout_ms = timeout_ms;
    probe_engine_set(rig.engine, &check, 1, 1);
    assert_true(ear_wait(rig.ear, 1, PATIENCE_MS) >= 1);
    const struct check_result result = ear_result(rig.ear, 0);
    rig_down(&rig);
    return result;
}

static struct check_result run(const char *script)
{
    return run_for(script, 5000);
}

static void the_exit_codes_of_plugins_have_their_meaning(void **state)
{
    (void)state;
    const struct check_result ok = run("echo 'SIP OK - 200 | time=0.01'; exit 0"), warning = run("echo WARNING; exit 1"),
                              critical = run("echo CRITICAL; exit 2"), unknown = run("exit 3");
    assert_int_equal(ok.health.verdict, VERDICT_UP);
    assert_string_equal(ok.last.detail, "SIP OK - 200 | time=0.01");
    assert_int_equal(ok.last.reason, REASON_REPORTED);
    assert_int_equal(warning.health.verdict, VERDICT_DRAINING);
    assert_int_equal(critical.last.outcome, OUTCOME_FAILED);
    assert_int_equal(critical.last.reason, REASON_REPORTED);
    assert_int_equal(unknown.last.reason, REASON_LOCAL);
    assert_int_equal(unknown.health.verdict, VERDICT_UNKNOWN);
    assert_string_equal(unknown.last.detail, "exit code 3");
}

static void words_are_filled_in_and_no_shell_reads_them(void **state)
{
    (void)state;
    char echo[] = "/bin/echo", parts[] = "%h %a %p; exit 2", *words[] = {echo, parts};
    struct rig rig = rig_up();
    struct check check = check_with("", (char *[3]){0});
    check.probe.exec = (struct exec_probe){.command = words, .word_count = 2};
    probe_engine_set(rig.engine, &check, 1, 1);
    assert_true(ear_wait(rig.ear, 1, PATIENCE_MS) >= 1);
    assert_string_equal(ear_result(rig.ear, 0).last.detail, "lb1.example.com 127.0.0.1 5060; exit 2");
    assert_int_equal(ear_result(rig.ear, 0).last.outcome, OUTCOME_ALIVE);
    rig_down(&rig);
}

static void a_missing_program_says_nothing_of_the_endpoint(void **state)
{
    (void)state;
    char missing[] = "/nowhere/check_sip", *words[] = {missing};
    struct rig rig = rig_up();
    struct check check = check_with("", (char *[3]){0});
    check.probe.exec = (struct exec_probe){.command = words, .word_count = 1};
    probe_engine_set(rig.engine, &check, 1, 1);
    assert_true(ear_wait(rig.ear, 1, PATIENCE_MS) >= 1);
    assert_int_equal(ear_result(rig.ear, 0).last.reason, REASON_LOCAL);
    assert_non_null(strstr(ear_result(rig.ear, 0).last.detail, "/nowhere/check_sip: No such file"));
    rig_down(&rig);
}

static void a_command_killed_by_a_signal_is_no_evidence(void **state)
{
    (void)state;
    const struct check_result result = run("kill -SEGV $$");
    assert_int_equal(result.last.reason, REASON_LOCAL);
    assert_string_equal(result.last.detail, "the command was ended by signal 11");
}

static void output_without_end_costs_neither_memory_nor_time(void **state)
{
    (void)state;
    const struct check_result much = run("echo first; head -c 3000000 /dev/zero; exit 0");
    assert_string_equal(much.last.detail, "first");
    assert_int_equal(much.last.outcome, OUTCOME_ALIVE);
    assert_int_equal(run_for("exec yes", 300).last.reason, REASON_TIMEOUT);
    assert_int_equal(run("exec >&-; sleep 0.2; exit 2").last.outcome, OUTCOME_FAILED);
}

/* Whether a process of this number is left, given some time to go. */
static bool is_left(const char *file)
{
    FILE *of = fopen(file, "r");
    int pid = 0;
    assert_non_null(of);
    assert_int_equal(fscanf(of, "%d", &pid), 1);
    fclose(of);
    for (int i = 0; i < PATIENCE_MS / 10 && kill(pid, 0) == 0; i++)
        usleep(10000);
    return kill(pid, 0) == 0;
}

static void one_that_ignores_sigterm_is_killed_with_all_that_it_started(void **state)
{
    (void)state;
    char file[] = "/tmp/sipsteer-test-XXXXXX", script[256];
    const int fd = mkstemp(file);
    char *words[3];
    assert_true(fd >= 0);
    close(fd);
    snprintf(
        script, sizeof script,
        "trap '' TERM; (trap '' TERM; echo $(exec sh -c 'echo $PPID') >%s; while :; do sleep 1; done) & wait; while :; do sleep 1; done",
        file);
    struct rig rig = rig_up();
    struct check check = check_with(script, words);
    check.probe.timeout_ms = 500;
    probe_engine_set(rig.engine, &check, 1, 1);
    assert_true(ear_wait(rig.ear, 1, PATIENCE_MS) >= 1);
    assert_int_equal(ear_result(rig.ear, 0).last.reason, REASON_TIMEOUT);
    assert_false(is_left(file));
    rig_down(&rig);
    unlink(file);
}

static void what_a_command_leaves_running_ends_with_it(void **state)
{
    (void)state;
    char file[] = "/tmp/sipsteer-test-XXXXXX", script[256];
    const int fd = mkstemp(file);
    assert_true(fd >= 0);
    close(fd);
    snprintf(script, sizeof script, "sleep 1000 & echo $! >%s; exit 0", file);
    assert_int_equal(run(script).last.outcome, OUTCOME_ALIVE);
    assert_false(is_left(file));
    unlink(file);
}

static void say_ok(struct call *call)
{
    call_answer(call, "200 OK", "");
}

/* More stuck commands than may run at once: those without a turn are blind, and SIP probes go on as if they were alone. */
static void stuck_commands_delay_no_other_probe(void **state)
{
    (void)state;
    enum { STUCK = RUN_AT_ONCE_MAX + 8 };
    struct peer *peer = peer_start("127.0.0.1", say_ok);
    struct rig rig = rig_up();
    static struct check checks[STUCK + 1];
    char *words[3], names[STUCK][16];
    for (int i = 0; i < STUCK; i++) {
        checks[i] = check_with("exec sleep 1000", words);
        checks[i].probe.name = names[i];
        checks[i].probe.timeout_ms = 1500;
        snprintf(names[i], sizeof names[i], "stuck%d", i);
    }
    checks[STUCK] = check_of(TRANSPORT_UDP, &peer->at);
    probe_engine_set(rig.engine, checks, STUCK + 1, 1);
    size_t blind = 0, timed_out = 0, answered = 0;
    for (size_t i = 0; blind + timed_out < STUCK; i++) {
        assert_true(ear_wait(rig.ear, i + 1, PATIENCE_MS) > i);
        const struct check_result result = ear_result(rig.ear, i);
        if (result.check == STUCK) {
            assert_int_equal(result.last.outcome, OUTCOME_ALIVE);
            answered++;
        } else {
            blind += result.last.reason == REASON_LOCAL;
            timed_out += result.last.reason == REASON_TIMEOUT;
        }
    }
    assert_true(answered >= 2);
    assert_true(timed_out >= RUN_AT_ONCE_MAX);
    rig_down(&rig);
    peer_stop(peer);
    free(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exit_codes_of_plugins_have_their_meaning),
        cmocka_unit_test(words_are_filled_in_and_no_shell_reads_them),
        cmocka_unit_test(a_missing_program_says_nothing_of_the_endpoint),
        cmocka_unit_test(a_command_killed_by_a_signal_is_no_evidence),
        cmocka_unit_test(output_without_end_costs_neither_memory_nor_time),
        cmocka_unit_test(one_that_ignores_sigterm_is_killed_with_all_that_it_started),
        cmocka_unit_test(what_a_command_leaves_running_ends_with_it),
        cmocka_unit_test(stuck_commands_delay_no_other_probe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
