/* HTTP probes: what an answer means, and the engine against servers on loopback that get it wrong in every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "peer.h"
#include "probe/http_answer.h"

enum { PATIENCE_MS = 10000 };

/* Probes this server until there are so many results; the last. */
static struct check_result probed_often(script_fn script, const struct probe *how, size_t count, unsigned *ret_accepted)
{
    static char host[] = "lb1.example.com.", root[] = "/";
    struct peer *peer = peer_start("127.0.0.1", script);
    struct ear *ear = ear_new();
    struct error err;
    struct probe_engine *engine = probe_engine_new(ear_hear, ear, &err);
    struct check check = check_of(TRANSPORT_TCP, &peer->at);
    assert_non_null(engine);
    check.host = host;
    check.probe.type = PROBE_HTTP;
    check.probe.timeout_ms = how->timeout_ms ? how->timeout_ms : 5000;
    check.probe.path = how->path ? how->path : root;
    check.probe.http = how->http;
    check.probe.alive_count = how->alive_count;
    memcpy(check.probe.alive, how->alive, sizeof how->alive);
    probe_engine_set(engine, &check, 1, 1);
    assert_true(ear_wait(ear, count, PATIENCE_MS) >= count);
    const struct check_result result = ear_result(ear, count - 1);
    probe_engine_free(engine);
    peer_stop(peer);
    if (ret_accepted)
        *ret_accepted = atomic_load(&peer->accepted);
    free(peer);
    free(ear);
    return result;
}

static struct observation probed(script_fn script, const struct probe *how)
{
    return probed_often(script, how, 1, NULL).last;
}

static void say(struct call *call, const char *text)
{
    call_send(call, text, strlen(text));
}

static void say_ok(struct call *call)
{
    say(call, strstr(call->request, "GET /health HTTP/1.1\r\nHost: lb1.example.com:") == call->request
                  ? "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\nall systems go\n"
                  : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

static char health[] = "/health";

static void a_server_that_answers_is_alive_and_its_connection_is_kept(void **state)
{
    (void)state;
    unsigned accepted;
    const struct check_result third = probed_often(say_ok, &(struct probe){.path = health}, 3, &accepted);
    assert_int_equal(third.last.outcome, OUTCOME_ALIVE);
    assert_int_equal(third.last.status, 200);
    assert_true(third.last.rtt_us > 0);
    assert_int_equal(accepted, 1);
    const struct observation missing = probed(say_ok, &(struct probe){0});
    assert_int_equal(missing.reason, REASON_BAD_STATUS);
    assert_string_equal(missing.detail, "HTTP 404");
}

static void the_operators_list_of_statuses_counts(void **state)
{
    (void)state;
    assert_int_equal(probed(say_ok, &(struct probe){.alive = {404}, .alive_count = 1}).outcome, OUTCOME_ALIVE);
    assert_int_equal(probed(say_ok, &(struct probe){.path = health, .alive = {404}, .alive_count = 1}).reason, REASON_BAD_STATUS);
}

static void what_must_be_in_the_body_is_looked_for(void **state)
{
    (void)state;
    static char go[] = "systems go", stop[] = "stop", regex[] = "^all (systems|parts) [a-z]+$", other[] = "^systems";
    assert_int_equal(probed(say_ok, &(struct probe){.path = health, .http.match = go}).outcome, OUTCOME_ALIVE);
    assert_int_equal(probed(say_ok, &(struct probe){.path = health, .http.match = stop}).reason, REASON_NO_MATCH);
    assert_int_equal(probed(say_ok, &(struct probe){.path = health, .http.match_regex = regex}).outcome, OUTCOME_ALIVE);
    assert_int_equal(probed(say_ok, &(struct probe){.path = health, .http.match_regex = other}).reason, REASON_NO_MATCH);
}

static void say_busy(struct call *call)
{
    say(call, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n");
}

static void busy_brings_its_retry_after(void **state)
{
    (void)state;
    const struct check_result result = probed_often(say_busy, &(struct probe){0}, 1, NULL);
    assert_int_equal(result.last.outcome, OUTCOME_BUSY);
    assert_int_equal(result.last.retry_after_s, 17);
    assert_int_equal(result.health.verdict, VERDICT_DRAINING);
}

static void say_look_elsewhere(struct call *call)
{
    say(call, "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n");
}

static void a_redirect_is_an_answer_and_not_followed(void **state)
{
    (void)state;
    const struct observation seen = probed(say_look_elsewhere, &(struct probe){0});
    assert_int_equal(seen.outcome, OUTCOME_ALIVE);
    assert_int_equal(seen.status, 302);
}

/* Far more than anybody reads; the send fails when the probe has had enough. */
static void flood(struct call *call, const char *begin, const char *piece)
{
    char block[65536];
    size_t len = 0;
    while (len + strlen(piece) < sizeof block) {
        memcpy(block + len, piece, strlen(piece));
        len += strlen(piece);
    }
    say(call, begin);
    for (int i = 0; i < 64 && send(call->fd, block, len, MSG_NOSIGNAL) >= 0; i++)
        ;
    call_close(call);
}

static void say_headers_without_end(struct call *call)
{
    flood(call, "HTTP/1.1 200 OK\r\n", "X-Padding: padding\r\n");
}

static void say_body_without_end(struct call *call)
{
    flood(call, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall is well", "x");
}

static void what_has_no_end_is_cut(void **state)
{
    (void)state;
    static char well[] = "all is well", late[] = "not there";
    assert_int_equal(probed(say_headers_without_end, &(struct probe){0}).reason, REASON_BAD_ANSWER);
    assert_int_equal(probed(say_body_without_end, &(struct probe){0}).outcome, OUTCOME_ALIVE);
    assert_int_equal(probed(say_body_without_end, &(struct probe){.http.match = well}).outcome, OUTCOME_ALIVE);
    assert_int_equal(probed(say_body_without_end, &(struct probe){.http.match = late}).reason, REASON_NO_MATCH);
}

static void a_regular_expression_looks_at_the_beginning_of_the_body_only(void **state)
{
    (void)state;
    static char body[HTTP_BODY_MAX + 1], regex[] = "needle";
    const struct http_probe how = {.match_regex = regex};
    const struct probe probe = {.http = how};
    struct http_answer answer = {.status = 200, .body = body, .body_len = HTTP_BODY_MAX};
    struct http_pattern pattern = {0};
    memset(body, 'x', HTTP_BODY_MAX);
    assert_true(http_pattern_set(&pattern, &how));
    memcpy(body + HTTP_REGEX_MAX - 6, "needle", 6);
    assert_int_equal(http_answer_judge(&answer, &probe, &pattern).outcome, OUTCOME_ALIVE);
    memcpy(body + HTTP_REGEX_MAX - 6, "xneedle", 7);
    assert_int_equal(http_answer_judge(&answer, &probe, &pattern).reason, REASON_NO_MATCH);
    http_pattern_release(&pattern);
}

static void say_bad_chunks(struct call *call)
{
    say(call, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzzz\r\nwhat?\r\n");
}

static void say_nonsense(struct call *call)
{
    say(call, "220 mail.example.com ESMTP\r\n");
    call_close(call);
}

static void say_half(struct call *call)
{
    say(call, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    call_close(call);
}

static void hang_up(struct call *call)
{
    call_close(call);
}

static void malformed_answers_are_told_from_broken_connections(void **state)
{
    (void)state;
    assert_int_equal(probed(say_bad_chunks, &(struct probe){0}).reason, REASON_BAD_ANSWER);
    assert_int_equal(probed(say_nonsense, &(struct probe){0}).reason, REASON_BAD_ANSWER);
    assert_int_equal(probed(say_half, &(struct probe){0}).reason, REASON_CLOSED);
    assert_int_equal(probed(hang_up, &(struct probe){0}).reason, REASON_CLOSED);
}

static void say_nothing(struct call *call)
{
    (void)call;
}

static void say_a_drop(struct call *call)
{
    say(call, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nd");
}

static void silence_and_drips_end_with_the_timeout(void **state)
{
    (void)state;
    assert_int_equal(probed(say_nothing, &(struct probe){.timeout_ms = 200}).reason, REASON_TIMEOUT);
    const struct observation drip = probed(say_a_drop, &(struct probe){.timeout_ms = 200});
    assert_int_equal(drip.reason, REASON_TIMEOUT);
    assert_string_equal(drip.detail, "the answer has begun");
}

static void a_port_on_which_nobody_listens_is_refused(void **state)
{
    (void)state;
    struct peer *peer = peer_start("127.0.0.1", say_ok);
    const struct hostport at = peer->at;
    static char root[] = "/";
    peer_stop(peer);
    free(peer);
    struct ear *ear = ear_new();
    struct error err;
    struct probe_engine *engine = probe_engine_new(ear_hear, ear, &err);
    struct check check = check_of(TRANSPORT_TCP, &at);
    check.probe.type = PROBE_HTTP;
    check.probe.path = root;
    check.probe.timeout_ms = 5000;
    probe_engine_set(engine, &check, 1, 1);
    assert_true(ear_wait(ear, 1, PATIENCE_MS) >= 1);
    assert_int_equal(ear_result(ear, 0).last.reason, REASON_REFUSED);
    probe_engine_free(engine);
    free(ear);
}

static void a_body_is_taken_up_to_its_bound_and_no_further(void **state)
{
    (void)state;
    struct http_answer answer = {0};
    static char block[HTTP_BODY_MAX];
    assert_true(http_answer_body(&answer, block, sizeof block - 1, true));
    assert_true(http_answer_body(&answer, block, 1, true));
    assert_false(http_answer_body(&answer, block, 1, true));
    assert_true(answer.body_full);
    assert_int_equal(answer.body_len, HTTP_BODY_MAX);
    http_answer_release(&answer);
    assert_null(answer.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_answers_is_alive_and_its_connection_is_kept),
        cmocka_unit_test(the_operators_list_of_statuses_counts),
        cmocka_unit_test(what_must_be_in_the_body_is_looked_for),
        cmocka_unit_test(busy_brings_its_retry_after),
        cmocka_unit_test(a_redirect_is_an_answer_and_not_followed),
        cmocka_unit_test(what_has_no_end_is_cut),
        cmocka_unit_test(a_regular_expression_looks_at_the_beginning_of_the_body_only),
        cmocka_unit_test(malformed_answers_are_told_from_broken_connections),
        cmocka_unit_test(silence_and_drips_end_with_the_timeout),
        cmocka_unit_test(a_port_on_which_nobody_listens_is_refused),
        cmocka_unit_test(a_body_is_taken_up_to_its_bound_and_no_further),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
