/* The engine against real sockets on loopback: whether a connection can be made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "peer.h"

enum { PATIENCE_MS = 5000, BACKLOG_TRIES = 8 };

/* Probes this address until there are two results; the second. */
static struct check_result probe(const struct hostport *at)
{
    struct ear *ear = ear_new();
    struct error err;
    struct probe_engine *engine = probe_engine_new(ear_hear, ear, &err);
    assert_non_null(engine);
    struct check check = check_of(TRANSPORT_TCP, at);
    check.probe.type = PROBE_TCP;
    check.probe.timeout_ms = 1000; /* only silence is to fail, not a busy machine */
    probe_engine_set(engine, &check, 1, 1);
    assert_true(ear_wait(ear, 2, PATIENCE_MS) >= 2);
    const struct check_result second = ear_result(ear, 1);
    probe_engine_free(engine);
    free(ear);
    return second;
}

static void says_nothing(struct call *call)
{
    (void)call;
}

static void a_peer_that_accepts_is_up_whatever_it_speaks(void **state)
{
    (void)state;
    struct peer *peer = peer_start("127.0.0.1", says_nothing);
    const struct check_result result = probe(&peer->at);
    assert_int_equal(result.health.verdict, VERDICT_UP);
    assert_int_equal(result.last.reason, REASON_ANSWERED);
    assert_true(result.last.rtt_us > 0);
    assert_int_equal(atomic_load(&peer->requests), 0);
    for (int i = 0; i < PATIENCE_MS && atomic_load(&peer->accepted) < 2; i++)
        usleep(1000);
    assert_true(atomic_load(&peer->accepted) >= 2); /* a new connection each time */
    peer_stop(peer);
    free(peer);
}

static void a_port_on_which_nobody_listens_is_refused_and_down(void **state)
{
    (void)state;
    struct peer *peer = peer_start("127.0.0.1", says_nothing);
    const struct hostport at = peer->at;
    peer_stop(peer);
    const struct check_result result = probe(&at);
    assert_int_equal(result.health.verdict, VERDICT_DOWN);
    assert_int_equal(result.last.reason, REASON_REFUSED);
    free(peer);
}

/* A listener whose queue is full drops what comes: Linux answers no SYN then. */
static void a_listener_that_takes_no_more_connections_is_a_timeout(void **state)
{
    (void)state;
    struct peer bound = {.at = {.addr = {.family = FAMILY_V4, .bytes = {127, 0, 0, 1}}}};
    int waiting[BACKLOG_TRIES];
    const int listener = peer_bind(&bound, SOCK_STREAM);
    assert_true(listener >= 0 && listen(listener, 0) == 0);
    for (int i = 0; i < BACKLOG_TRIES; i++)
        waiting[i] = socket_connect(SOCK_STREAM, &bound.at);
    const struct check_result result = probe(&bound.at);
    assert_int_equal(result.health.verdict, VERDICT_DOWN);
    assert_int_equal(result.last.reason, REASON_TIMEOUT);
    for (int i = 0; i < BACKLOG_TRIES; i++)
        close(waiting[i]);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_accepts_is_up_whatever_it_speaks),
        cmocka_unit_test(a_port_on_which_nobody_listens_is_refused_and_down),
        cmocka_unit_test(a_listener_that_takes_no_more_connections_is_a_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
