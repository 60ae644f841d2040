/* The engine against real sockets on loopback: SIP over UDP, sets, the schedule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "peer.h"

enum { PATIENCE_MS = 5000 }; /* far more than anything here takes; reached on failure only */

/* One engine, one peer, one ear. */
struct rig {
    struct peer *peer;
    struct ear *ear;
    struct probe_engine *engine;
    struct check check;
};

static struct rig rig_up(const char *address, script_fn script)
{
    struct rig rig = {.peer = peer_start(address, script), .ear = ear_new()};
    struct error err;
    rig.engine = probe_engine_new(ear_hear, rig.ear, &err);
    assert_non_null(rig.engine);
    rig.check = check_of(TRANSPORT_UDP, &rig.peer->at);
    return rig;
}

static void rig_down(struct rig *rig)
{
    probe_engine_free(rig->engine);
    peer_stop(rig->peer);
    free(rig->peer);
    free(rig->ear);
}

/* Probes with rig->check until count results are there; the last of them. */
static struct check_result rig_run(struct rig *rig, size_t count)
{
    probe_engine_set(rig->engine, &rig->check, 1, 1);
    assert_true(ear_wait(rig->ear, count, PATIENCE_MS) >= count);
    return ear_result(rig->ear, count - 1);
}

static struct check_result run_once(script_fn script)
{
    struct rig rig = rig_up("127.0.0.1", script);
    const struct check_result result = rig_run(&rig, 1);
    rig_down(&rig);
    return result;
}

static void say_ok(struct call *call)
{
    call_answer(call, "200 OK", "");
}

static void say_nothing(struct call *call)
{
    (void)call;
}

static void an_answer_makes_it_up(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_ok);
    rig.check.saved = VERDICT_UNKNOWN;
    const struct check_result result = rig_run(&rig, 1);
    assert_int_equal(result.last.outcome, OUTCOME_ALIVE);
    assert_int_equal(result.last.reason, REASON_ANSWERED);
    assert_int_equal(result.last.status, 200);
    assert_true(result.last.rtt_us > 0);
    assert_int_equal(result.health.verdict, VERDICT_UP);
    assert_int_equal(result.count, 1);
    assert_int_equal(result.generation, 1);
    assert_true(result.changed);
    rig_down(&rig);
}

static void the_request_has_the_agreed_shape(void **state)
{
    (void)state;
    struct rig rig = rig_up("::1", say_ok);
    char expected[128];
    rig.check.probe.max_forwards = 0;
    char from[] = "probe.example.com";
    rig.check.probe.from = from;
    assert_int_equal(rig_run(&rig, 1).last.outcome, OUTCOME_ALIVE);
    probe_engine_free(rig.engine);
    peer_stop(rig.peer);
    snprintf(expected, sizeof expected, "OPTIONS sip:ping@[::1]:%u;transport=udp SIP/2.0\r\nVia: SIP/2.0/UDP [::1]:", rig.peer->at.port);
    assert_memory_equal(rig.peer->first, expected, strlen(expected));
    assert_non_null(strstr(rig.peer->first, "\r\nMax-Forwards: 0\r\n"));
    assert_non_null(strstr(rig.peer->first, "\r\nFrom: <sip:prober@probe.example.com>;tag="));
    free(rig.peer);
    free(rig.ear);
}

static void silence_is_a_timeout_and_is_confirmed_sooner(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_nothing);
    rig.check.saved = VERDICT_UP;
    rig.check.probe.interval_ms = 60000;
    const struct check_result result = rig_run(&rig, 2);
    assert_int_equal(ear_result(rig.ear, 0).last.reason, REASON_TIMEOUT);
    assert_true(ear_result(rig.ear, 0).health.doubt);
    assert_int_equal(result.last.rtt_us, 0);
    assert_int_equal(result.health.verdict, VERDICT_DOWN);
    rig_down(&rig);
}

static void a_refused_port_fails_long_before_the_timeout(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_ok);
    peer_stop(rig.peer);
    rig.check.probe.timeout_ms = 60000;
    rig.check.probe.interval_ms = 60000;
    const struct check_result result = rig_run(&rig, 1);
    assert_int_equal(result.last.outcome, OUTCOME_FAILED);
    assert_int_equal(result.last.reason, REASON_REFUSED);
    probe_engine_free(rig.engine);
    free(rig.peer);
    free(rig.ear);
}

static void say_busy(struct call *call)
{
    call_answer(call, "503 Service Unavailable", "Retry-After: 7 (lunch)\r\n");
}

static void busy_brings_its_retry_after(void **state)
{
    (void)state;
    const struct check_result result = run_once(say_busy);
    assert_int_equal(result.last.outcome, OUTCOME_BUSY);
    assert_int_equal(result.last.reason, REASON_BUSY);
    assert_int_equal(result.last.retry_after_s, 7);
    assert_int_equal(result.health.verdict, VERDICT_DRAINING);
}

static void busy_is_alive_if_the_operator_says_so(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_busy);
    rig.check.probe.alive[0] = 503;
    rig.check.probe.alive_count = 1;
    assert_int_equal(rig_run(&rig, 1).last.outcome, OUTCOME_ALIVE);
    rig_down(&rig);
}

static void say_404(struct call *call)
{
    call_answer(call, "404 Not Found", "");
}

static void say_500(struct call *call)
{
    call_answer(call, "500 Server Internal Error", "");
}

static void the_default_list_of_living_statuses_holds(void **state)
{
    (void)state;
    assert_int_equal(run_once(say_404).last.outcome, OUTCOME_ALIVE);
    const struct check_result result = run_once(say_500);
    assert_int_equal(result.last.outcome, OUTCOME_FAILED);
    assert_int_equal(result.last.reason, REASON_BAD_STATUS);
    assert_int_equal(result.last.status, 500);
}

static void the_operators_list_replaces_the_default_one(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_ok);
    rig.check.probe.alive[0] = 404;
    rig.check.probe.alive_count = 1;
    assert_int_equal(rig_run(&rig, 1).last.reason, REASON_BAD_STATUS);
    rig_down(&rig);
}

static void say_another_branch(struct call *call)
{
    char text[PEER_TEXT];
    answer_text(call->request, "200 OK", "", text);
    char *branch = strstr(text, "z9hG4bK");
    branch[7] = branch[7] == 'a' ? 'b' : 'a';
    call_send(call, text, strlen(text));
}

static void an_answer_with_another_branch_is_ignored(void **state)
{
    (void)state;
    assert_int_equal(run_once(say_another_branch).last.reason, REASON_TIMEOUT);
}

/* Before each answer, one to the request before it that would fail the probe. */
static void say_late_and_ok(struct call *call)
{
    char *last = call->peer->last_answer;
    if (call->number > 1)
        call_send(call, last, strlen(last));
    answer_text(call->request, "500 Late", "", last);
    call_answer(call, "200 OK", "");
}

static void a_late_answer_to_the_previous_probe_is_ignored(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_late_and_ok);
    rig_run(&rig, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(ear_result(rig.ear, i).last.outcome, OUTCOME_ALIVE);
    rig_down(&rig);
}

static void say_twice(struct call *call)
{
    call_answer(call, "200 OK", "");
    call_answer(call, "500 Again", "");
}

static void a_second_answer_is_thrown_away_while_idle(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_twice);
    rig_run(&rig, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(ear_result(rig.ear, i).last.outcome, OUTCOME_ALIVE);
    rig_down(&rig);
}

static void say_trying_first(struct call *call)
{
    call_answer(call, "100 Trying", "");
    call_answer(call, "200 OK", "");
}

static void a_provisional_answer_is_waited_out(void **state)
{
    (void)state;
    const struct check_result result = run_once(say_trying_first);
    assert_int_equal(result.last.outcome, OUTCOME_ALIVE);
    assert_int_equal(result.last.status, 200);
}

static void say_nonsense(struct call *call)
{
    call_send(call, "SIP/2.0 OK\r\n\r\n", 14);
}

static void nonsense_is_told_from_silence(void **state)
{
    (void)state;
    assert_int_equal(run_once(say_nonsense).last.reason, REASON_BAD_ANSWER);
}

static void say_ok_to_the_second(struct call *call)
{
    if (call->number == 2 && strcmp(call->request, call->peer->first) == 0)
        call_answer(call, "200 OK", "");
}

static void a_lost_request_is_sent_again_unchanged(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_ok_to_the_second);
    rig.check.probe.timeout_ms = 4000;
    rig.check.probe.interval_ms = 60000;
    const uint64_t before_ms = clock_ms();
    assert_int_equal(rig_run(&rig, 1).last.outcome, OUTCOME_ALIVE);
    assert_true(clock_ms() - before_ms >= 450);
    rig_down(&rig);
}

static void a_timeout_longer_than_the_interval_delays_the_next_probe(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_nothing);
    rig.check.probe.interval_ms = 200;
    rig.check.probe.timeout_ms = 400;
    const uint64_t before_ms = clock_ms();
    rig_run(&rig, 3);
    const struct probe_engine_state seen = probe_engine_state(rig.engine);
    assert_true(clock_ms() - before_ms >= 3 * 400 - 20);
    assert_true(seen.started - seen.ended <= 1);
    rig_down(&rig);
}

static void a_new_set_keeps_what_is_known(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_ok);
    rig_run(&rig, 3);
    struct check checks[2] = {rig.check, rig.check};
    char other[] = "lb2.lon.sip.example.com.";
    checks[0].host = other;
    checks[1].saved = VERDICT_DOWN; /* must not count: the engine knows better */
    checks[1].probe.timeout_ms = 120;
    probe_engine_set(rig.engine, checks, 2, 2);
    bool old_seen = false, new_seen = false;
    for (size_t i = 0; !(old_seen && new_seen); i++) {
        assert_true(ear_wait(rig.ear, i + 1, PATIENCE_MS) > i);
        const struct check_result result = ear_result(rig.ear, i);
        if (result.generation == 2 && result.check == 1 && !old_seen) {
            old_seen = true;
            assert_true(result.count >= 3);
            assert_int_equal(result.health.verdict, VERDICT_UP);
        }
        if (result.generation == 2 && result.check == 0) {
            new_seen = true;
            assert_int_equal(result.count, 1);
        }
    }
    rig_down(&rig);
}

static void an_empty_set_stops_all_probing(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_ok);
    rig_run(&rig, 2);
    probe_engine_set(rig.engine, NULL, 0, 2);
    usleep(300 * 1000); /* the set has been taken over */
    const unsigned then = atomic_load(&rig.peer->requests);
    usleep(600 * 1000);
    assert_int_equal(atomic_load(&rig.peer->requests), then);
    rig_down(&rig);
}

static void a_check_whose_transport_changes_goes_on_over_the_other(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_ok);
    rig_run(&rig, 2);
    rig.check.probe.transport = TRANSPORT_TCP;
    probe_engine_set(rig.engine, &rig.check, 1, 2);
    for (size_t i = 0; i < 20 && atomic_load(&rig.peer->accepted) == 0; i++)
        usleep(100 * 1000);
    assert_int_equal(atomic_load(&rig.peer->accepted), 1);
    rig_down(&rig);
}

static void two_equal_checks_live_side_by_side(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_ok);
    const struct check checks[2] = {rig.check, rig.check};
    probe_engine_set(rig.engine, checks, 2, 1);
    probe_engine_set(rig.engine, checks, 2, 2);
    assert_true(ear_wait(rig.ear, 4, PATIENCE_MS) >= 4);
    probe_engine_set(rig.engine, checks, 1, 3);
    assert_true(ear_wait(rig.ear, 8, PATIENCE_MS) >= 8);
    rig_down(&rig);
}

static void the_heart_beats_without_any_check(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_ok);
    const uint64_t first_ms = probe_engine_state(rig.engine).heartbeat_ms;
    for (int i = 0; i < 50 && probe_engine_state(rig.engine).heartbeat_ms == first_ms; i++)
        usleep(50 * 1000);
    assert_true(probe_engine_state(rig.engine).heartbeat_ms > first_ms);
    rig_down(&rig);
}

/* Holds the loop up while a probe is in the air: what it finds afterwards is stale. */
static void a_stall_is_not_held_against_the_endpoint(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_ok);
    struct peer *silent = peer_start("127.0.0.1", say_nothing);
    struct check checks[2] = {check_of(TRANSPORT_UDP, &silent->at), rig.check};
    checks[0].saved = VERDICT_UP;
    checks[0].probe.interval_ms = 60000; /* starts at once, is in the air when the other, 100 ms later, is answered */
    checks[0].probe.timeout_ms = 700;
    checks[1].probe.interval_ms = 60000;
    rig.ear->delay_ms = 1200;
    probe_engine_set(rig.engine, checks, 2, 1);
    assert_true(ear_wait(rig.ear, 2, PATIENCE_MS) >= 2);
    assert_int_equal(ear_result(rig.ear, 0).check, 1);
    assert_int_equal(ear_result(rig.ear, 1).check, 0);
    assert_int_equal(ear_result(rig.ear, 1).last.reason, REASON_LOCAL);
    assert_int_equal(ear_result(rig.ear, 1).health.verdict, VERDICT_UP);
    assert_true(probe_engine_state(rig.engine).late_max_ms >= 700);
    rig_down(&rig);
    peer_stop(silent);
    free(silent);
}

/* The silent probe outlasts the stall: the time of the stall is added to its timeout. */
static void time_stands_still_while_the_loop_does(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_ok);
    struct peer *silent = peer_start("127.0.0.1", say_nothing);
    struct check checks[2] = {check_of(TRANSPORT_UDP, &silent->at), rig.check};
    checks[0].probe.interval_ms = checks[1].probe.interval_ms = 60000;
    checks[0].probe.timeout_ms = 2000;
    rig.ear->delay_ms = 1000;
    const uint64_t before_ms = clock_ms();
    probe_engine_set(rig.engine, checks, 2, 1);
    assert_true(ear_wait(rig.ear, 2, PATIENCE_MS) >= 2);
    assert_int_equal(ear_result(rig.ear, 1).last.reason, REASON_TIMEOUT);
    assert_true(ear_result(rig.ear, 1).at_ms - before_ms >= 2000 + 1000 - 300);
    rig_down(&rig);
    peer_stop(silent);
    free(silent);
}

static void a_new_set_tells_at_once_what_is_known(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_ok);
    rig.check.probe.interval_ms = 60000;
    rig_run(&rig, 1);
    probe_engine_set(rig.engine, &rig.check, 1, 2);
    assert_true(ear_wait(rig.ear, 2, PATIENCE_MS) >= 2);
    const struct check_result result = ear_result(rig.ear, 1);
    assert_int_equal(result.generation, 2);
    assert_int_equal(result.count, 1);
    assert_false(result.changed);
    assert_int_equal(result.health.verdict, VERDICT_UP);
    rig_down(&rig);
}

static void a_shorter_interval_holds_at_once(void **state)
{
    (void)state;
    struct rig rig = rig_up("127.0.0.1", say_ok);
    rig.check.probe.interval_ms = 60000;
    rig_run(&rig, 1);
    rig.check.probe.interval_ms = 200;
    probe_engine_set(rig.engine, &rig.check, 1, 2);
    assert_true(ear_wait(rig.ear, 4, PATIENCE_MS) >= 4);
    rig_down(&rig);
}

/* Windows of half a second, so that a busy test machine does not matter. The second round is the telling one: it leaves the opening burst of 1 s. */
static void starts_are_spread_over_the_interval(void **state)
{
    (void)state;
    enum { CHECKS = 2000, FIRST_MS = 1000, INTERVAL_MS = 2000, WINDOW_MS = 500, WINDOWS = INTERVAL_MS / WINDOW_MS };
    struct rig rig = rig_up("127.0.0.1", say_ok);
    static struct check checks[CHECKS];
    static char hosts[CHECKS][16];
    unsigned first = 0, windows[WINDOWS] = {0};
    for (size_t i = 0; i < CHECKS; i++) {
        checks[i] = rig.check;
        snprintf(hosts[i], sizeof hosts[i], "h%zu.", i);
        checks[i].host = hosts[i];
        checks[i].probe.interval_ms = INTERVAL_MS;
        checks[i].probe.timeout_ms = 2000;
    }
    const uint64_t before_ms = clock_ms();
    probe_engine_set(rig.engine, checks, CHECKS, 1);
    const size_t have = ear_wait(rig.ear, 2 * CHECKS + CHECKS / 10, 20000);
    assert_true(have >= 2 * CHECKS);
    for (size_t i = 0; i < have; i++) {
        const uint64_t at_ms = ear_result(rig.ear, i).at_ms - before_ms;
        if (at_ms < FIRST_MS / 2)
            first++;
        else if (at_ms >= FIRST_MS && (at_ms - FIRST_MS) / WINDOW_MS < WINDOWS)
            windows[(at_ms - FIRST_MS) / WINDOW_MS]++;
    }
    assert_in_range(first, 0, CHECKS * 3 / 4);
    for (size_t i = 0; i < WINDOWS; i++)
        assert_in_range(windows[i], 0, CHECKS * 8 / 5 / WINDOWS);
    rig_down(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_makes_it_up),
        cmocka_unit_test(the_request_has_the_agreed_shape),
        cmocka_unit_test(silence_is_a_timeout_and_is_confirmed_sooner),
        cmocka_unit_test(a_refused_port_fails_long_before_the_timeout),
        cmocka_unit_test(busy_brings_its_retry_after),
        cmocka_unit_test(busy_is_alive_if_the_operator_says_so),
        cmocka_unit_test(the_default_list_of_living_statuses_holds),
        cmocka_unit_test(the_operators_list_replaces_the_default_one),
        cmocka_unit_test(an_answer_with_another_branch_is_ignored),
        cmocka_unit_test(a_late_answer_to_the_previous_probe_is_ignored),
        cmocka_unit_test(a_second_answer_is_thrown_away_while_idle),
        cmocka_unit_test(a_provisional_answer_is_waited_out),
        cmocka_unit_test(nonsense_is_told_from_silence),
        cmocka_unit_test(a_lost_request_is_sent_again_unchanged),
        cmocka_unit_test(a_timeout_longer_than_the_interval_delays_the_next_probe),
        cmocka_unit_test(a_new_set_keeps_what_is_known),
        cmocka_unit_test(an_empty_set_stops_all_probing),
        cmocka_unit_test(a_check_whose_transport_changes_goes_on_over_the_other),
        cmocka_unit_test(two_equal_checks_live_side_by_side),
        cmocka_unit_test(the_heart_beats_without_any_check),
        cmocka_unit_test(a_stall_is_not_held_against_the_endpoint),
        cmocka_unit_test(time_stands_still_while_the_loop_does),
        cmocka_unit_test(a_new_set_tells_at_once_what_is_known),
        cmocka_unit_test(a_shorter_interval_holds_at_once),
        cmocka_unit_test(starts_are_spread_over_the_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
