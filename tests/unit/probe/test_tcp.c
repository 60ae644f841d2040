/* The engine against real sockets on loopback: SIP over TCP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

enum { PATIENCE_MS = 5000 };

struct seen {
    struct check_result results[8];
    unsigned requests, accepted;
};

/* Probes a peer with this script until count results are there. */
static struct seen run(script_fn script, size_t count)
{
    struct seen seen = {0};
    struct peer *peer = peer_start("127.0.0.1", script);
    struct ear *ear = ear_new();
    struct error err;
    struct probe_engine *engine = probe_engine_new(ear_hear, ear, &err);
    assert_non_null(engine);
    const struct check check = check_of(TRANSPORT_TCP, &peer->at);
    probe_engine_set(engine, &check, 1, 1);
    assert_true(ear_wait(ear, count, PATIENCE_MS) >= count);
    for (size_t i = 0; i < count; i++)
        seen.results[i] = ear_result(ear, i);
    seen.requests = atomic_load(&peer->requests);
    seen.accepted = atomic_load(&peer->accepted);
    probe_engine_free(engine);
    peer_stop(peer);
    free(peer);
    free(ear);
    return seen;
}

static void assert_all_alive(const struct seen *seen, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(seen->results[i].last.reason, REASON_ANSWERED);
        assert_int_equal(seen->results[i].last.outcome, OUTCOME_ALIVE);
    }
}

static void say_ok(struct call *call)
{
    call_answer(call, "200 OK", "");
}

static void one_connection_serves_many_probes(void **state)
{
    (void)state;
    const struct seen seen = run(say_ok, 4);
    assert_all_alive(&seen, 4);
    assert_int_equal(seen.accepted, 1);
    assert_true(seen.results[0].last.rtt_us > 0);
}

static void say_ok_and_close(struct call *call)
{
    call_answer(call, "200 OK", "");
    call_close(call);
}

static void a_connection_closed_between_probes_is_opened_again(void **state)
{
    (void)state;
    const struct seen seen = run(say_ok_and_close, 4);
    assert_all_alive(&seen, 4);
    assert_true(seen.accepted >= 4);
}

/* Every second request finds its connection closed in its face: the kept ones. */
static void close_on_the_second(struct call *call)
{
    if (call->number % 2 == 0)
        call_close(call);
    else
        call_answer(call, "200 OK", "");
}

static void a_kept_connection_that_breaks_is_not_held_against_the_endpoint(void **state)
{
    (void)state;
    const struct seen seen = run(close_on_the_second, 3);
    assert_all_alive(&seen, 3); /* requests: answered, closed + answered, closed + answered */
    assert_true(seen.requests >= 5);
    assert_true(seen.accepted >= 3);
}

static void reset_on_the_second(struct call *call)
{
    const struct linger hard = {.l_onoff = 1, .l_linger = 0};
    if (call->number % 2 == 0)
        setsockopt(call->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close_on_the_second(call);
}

static void a_kept_connection_that_is_reset_is_not_held_against_the_endpoint(void **state)
{
    (void)state;
    const struct seen seen = run(reset_on_the_second, 3);
    assert_all_alive(&seen, 3);
}

static void just_close(struct call *call)
{
    call_close(call);
}

static void a_new_connection_closed_without_an_answer_fails(void **state)
{
    (void)state;
    const struct seen seen = run(just_close, 1);
    assert_int_equal(seen.results[0].last.outcome, OUTCOME_FAILED);
    assert_int_equal(seen.results[0].last.reason, REASON_CLOSED);
    assert_int_equal(seen.requests, 1);
}

static void say_half_and_close(struct call *call)
{
    if (call->number != 2) { /* a third request would mean that the probe had begun anew */
        call_answer(call, "200 OK", "");
        return;
    }
    call_send(call, "SIP/2.0 200", 11);
    usleep(20 * 1000);
    call_close(call);
}

static void a_connection_that_breaks_within_the_answer_fails(void **state)
{
    (void)state;
    const struct seen seen = run(say_half_and_close, 2);
    assert_int_equal(seen.results[0].last.reason, REASON_ANSWERED);
    assert_int_equal(seen.results[1].last.reason, REASON_CLOSED);
}

static void say_http(struct call *call)
{
    static const char text[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    call_send(call, text, sizeof text - 1);
}

static void another_protocol_is_a_bad_answer(void **state)
{
    (void)state;
    const struct seen seen = run(say_http, 2);
    assert_int_equal(seen.results[0].last.reason, REASON_BAD_ANSWER);
    assert_int_equal(seen.results[1].last.reason, REASON_BAD_ANSWER);
    assert_true(seen.accepted >= 2); /* nothing more is read from the first connection */
}

static void say_ok_then_http(struct call *call)
{
    if (call->number % 2)
        call_answer(call, "200 OK", "");
    else
        say_http(call);
}

static void nonsense_on_a_kept_connection_is_a_bad_answer_too(void **state)
{
    (void)state;
    const struct seen seen = run(say_ok_then_http, 2);
    assert_int_equal(seen.results[1].last.reason, REASON_BAD_ANSWER);
}

static void say_ok_in_single_octets(struct call *call)
{
    char text[PEER_TEXT];
    const int on = 1;
    setsockopt(call->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    answer_text(call->request, "200 OK", "", text);
    for (size_t i = 0; text[i]; i++)
        call_send(call, text + i, 1);
}

static void an_answer_in_single_octets_is_put_together(void **state)
{
    (void)state;
    const struct seen seen = run(say_ok_in_single_octets, 2);
    assert_all_alive(&seen, 2);
    assert_int_equal(seen.accepted, 1);
}

static void say_keep_alive_request_and_trying_first(struct call *call)
{
    static const char ping[] = "\r\n\r\nOPTIONS sip:you SIP/2.0\r\nContent-Length: 0\r\n\r\n";
    call_send(call, ping, sizeof ping - 1);
    call_answer(call, "100 Trying", "");
    call_answer(call, "200 OK", "");
}

static void what_else_comes_by_the_connection_is_passed_over(void **state)
{
    (void)state;
    const struct seen seen = run(say_keep_alive_request_and_trying_first, 3);
    assert_all_alive(&seen, 3);
    assert_int_equal(seen.accepted, 1);
}

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
    const struct seen seen = run(say_late_and_ok, 3);
    assert_all_alive(&seen, 3);
}

static void say_nothing(struct call *call)
{
    (void)call;
}

static void silence_is_a_timeout(void **state)
{
    (void)state;
    const struct seen seen = run(say_nothing, 1);
    assert_int_equal(seen.results[0].last.reason, REASON_TIMEOUT);
}

static void say_half(struct call *call)
{
    call_send(call, "SIP/2.0 200 OK\r\nVia:", 20);
}

static void half_an_answer_is_a_bad_one(void **state)
{
    (void)state;
    const struct seen seen = run(say_half, 1);
    assert_int_equal(seen.results[0].last.reason, REASON_BAD_ANSWER);
}

static void say_busy(struct call *call)
{
    call_answer(call, "503 Service Unavailable", "Retry-After: 9\r\n");
}

static void busy_keeps_the_connection(void **state)
{
    (void)state;
    const struct seen seen = run(say_busy, 3);
    assert_int_equal(seen.results[2].last.outcome, OUTCOME_BUSY);
    assert_int_equal(seen.results[2].last.retry_after_s, 9);
    assert_int_equal(seen.accepted, 1);
}

static void a_check_that_changes_its_transport_speaks_the_new_one(void **state)
{
    (void)state;
    struct peer *peer = peer_start("127.0.0.1", say_ok);
    struct ear *ear = ear_new();
    struct error err;
    struct probe_engine *engine = probe_engine_new(ear_hear, ear, &err);
    assert_non_null(engine);
    struct check check = check_of(TRANSPORT_WS, &peer->at);
    probe_engine_set(engine, &check, 1, 1);
    assert_true(ear_wait(ear, 1, PATIENCE_MS) >= 1);
    assert_int_equal(ear_result(ear, 0).last.outcome, OUTCOME_FAILED); /* the peer knows no upgrade */
    check.probe.transport = TRANSPORT_TCP;
    probe_engine_set(engine, &check, 1, 2);
    size_t count = ear_wait(ear, 2, PATIENCE_MS);
    while (ear_result(ear, count - 1).last.outcome != OUTCOME_ALIVE) {
        assert_true(count < 6);
        count = ear_wait(ear, count + 1, PATIENCE_MS);
    }
    probe_engine_free(engine);
    peer_stop(peer);
    free(peer);
    free(ear);
}

static void a_refused_port_is_told_as_such(void **state)
{
    (void)state;
    struct peer *peer = peer_start("127.0.0.1", say_ok);
    struct ear *ear = ear_new();
    struct error err;
    struct probe_engine *engine = probe_engine_new(ear_hear, ear, &err);
    assert_non_null(engine);
    struct check check = check_of(TRANSPORT_TCP, &peer->at);
    check.probe.interval_ms = check.probe.timeout_ms = 60000;
    peer_stop(peer);
    probe_engine_set(engine, &check, 1, 1);
    assert_true(ear_wait(ear, 1, PATIENCE_MS) >= 1);
    assert_int_equal(ear_result(ear, 0).last.reason, REASON_REFUSED);
    probe_engine_free(engine);
    free(peer);
    free(ear);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_connection_serves_many_probes),
        cmocka_unit_test(a_connection_closed_between_probes_is_opened_again),
        cmocka_unit_test(a_kept_connection_that_breaks_is_not_held_against_the_endpoint),
        cmocka_unit_test(a_kept_connection_that_is_reset_is_not_held_against_the_endpoint),
        cmocka_unit_test(a_new_connection_closed_without_an_answer_fails),
        cmocka_unit_test(a_connection_that_breaks_within_the_answer_fails),
        cmocka_unit_test(another_protocol_is_a_bad_answer),
        cmocka_unit_test(nonsense_on_a_kept_connection_is_a_bad_answer_too),
        cmocka_unit_test(an_answer_in_single_octets_is_put_together),
        cmocka_unit_test(what_else_comes_by_the_connection_is_passed_over),
        cmocka_unit_test(a_late_answer_to_the_previous_probe_is_ignored),
        cmocka_unit_test(silence_is_a_timeout),
        cmocka_unit_test(half_an_answer_is_a_bad_one),
        cmocka_unit_test(busy_keeps_the_connection),
        cmocka_unit_test(a_check_that_changes_its_transport_speaks_the_new_one),
        cmocka_unit_test(a_refused_port_is_told_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
