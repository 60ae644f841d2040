/* The engine against real sockets on loopback: SIP over TLS, and the handshake alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/tls_client.h"
#include "tls_peer.h"

enum { PATIENCE_MS = 8000 };

static struct authority *authority;

static int make_authority(void **state)
{
    (void)state;
    authority = authority_new();
    return 0;
}

static int drop_authority(void **state)
{
    (void)state;
    authority_free(authority);
    return 0;
}

static char domain[] = "sip.example.com.";

/* A check of this peer, of this kind; its tls is to be unreferenced. */
static struct check tls_check(const struct tls_peer *peer, enum probe_type type, bool verify)
{
    struct check check = check_of(TRANSPORT_TLS, &peer->at);
    struct error err;
    const char *key;
    check.domain = domain;
    check.probe.type = type;
    check.probe.timeout_ms = 1000; /* only silence is to fail, not a busy machine */
    check.probe.interval_ms = 500;
    check.probe.tls = (struct probe_tls){.ca = authority->path, .verify = verify};
    check.tls = tls_client_load(&check.probe.tls, &key, &err);
    assert_non_null(check.tls);
    return check;
}

/* The result of this number, from 1, of such a check. */
static struct check_result probe(const struct check *check, size_t number)
{
    struct ear *ear = ear_new();
    struct error err;
    struct probe_engine *engine = probe_engine_new(ear_hear, ear, &err);
    assert_non_null(engine);
    probe_engine_set(engine, check, 1, 1);
    assert_true(ear_wait(ear, number, PATIENCE_MS) >= number);
    const struct check_result result = ear_result(ear, number - 1);
    probe_engine_free(engine);
    free(ear);
    return result;
}

static bool say_ok(struct tls_call *call)
{
    return tls_answer(call, "200 OK");
}

static void release(struct tls_peer *peer, struct check *check)
{
    tls_client_unref(check->tls);
    tls_peer_stop(peer);
    free(peer);
}

static void one_connection_serves_many_probes_and_asks_for_the_domain(void **state)
{
    (void)state;
    struct tls_peer *peer = tls_peer_start(shown(authority, "x", "DNS:sip.example.com", -DAY_S, 20 * DAY_S), say_ok, NULL);
    struct check check = tls_check(peer, PROBE_SIP, true);
    const struct check_result result = probe(&check, 3);
    assert_int_equal(result.last.reason, REASON_ANSWERED);
    assert_int_equal(result.health.verdict, VERDICT_UP);
    const int64_t left_s = result.last.certificate_end_s - clock_wall_s();
    assert_true(left_s > 20 * DAY_S - 60 && left_s <= 20 * DAY_S);
    assert_int_equal(atomic_load(&peer->accepted), 1);
    tls_client_unref(check.tls);
    tls_peer_stop(peer);
    assert_string_equal(peer->sni, "sip.example.com");
    assert_non_null(strstr(peer->first, "Via: SIP/2.0/TLS "));
    free(peer);
}

/* A certificate and what becomes of a probe that sees it. */
struct judged {
    const char *common, *names;
    long from_s, to_s;
    bool alone; /* signs itself */
    enum reason reason;
    const char *detail;
};

static void judge(const struct judged *of)
{
    SSL_CTX *context = shown(of->alone ? NULL : authority, of->common, of->names, of->from_s, of->to_s);
    struct tls_peer *peer = tls_peer_start(context, say_ok, NULL);
    struct check check = tls_check(peer, PROBE_SIP, true);
    const struct check_result result = probe(&check, 2);
    assert_int_equal(result.last.reason, of->reason);
    if (!strstr(result.last.detail, of->detail))
        fail_msg("\"%s\" does not say \"%s\"", result.last.detail, of->detail);
    assert_int_equal(result.health.verdict, of->reason == REASON_ANSWERED ? VERDICT_UP : VERDICT_DOWN);
    assert_true(result.last.certificate_end_s != 0);
    release(peer, &check);
}

static void a_certificate_for_another_domain_fails_and_says_for_whom_it_is(void **state)
{
    (void)state;
    judge(&(struct judged){"x", "DNS:other.example, DNS:more.example", -DAY_S, DAY_S, false, REASON_CERTIFICATE,
                           "not for sip.example.com but for other.example, more.example"});
}

static void a_sip_identity_is_enough(void **state)
{
    (void)state;
    judge(&(struct judged){"x", "URI:sip:sip.example.com", -DAY_S, DAY_S, false, REASON_ANSWERED, ""});
}

/* RFC 5922 7.1: DNS names count only where there is no SIP identity. */
static void a_sip_identity_of_another_overrules_a_dns_name(void **state)
{
    (void)state;
    judge(&(struct judged){"x", "URI:sip:other.example, DNS:sip.example.com", -DAY_S, DAY_S, false, REASON_CERTIFICATE, "other.example"});
}

static void an_identity_of_a_user_or_of_sips_is_none(void **state)
{
    (void)state;
    judge(&(struct judged){"x", "URI:sip:me@sip.example.com, URI:sips:sip.example.com", -DAY_S, DAY_S, false, REASON_CERTIFICATE,
                           "sip:me@sip.example.com"});
}

/* RFC 5922 7.2 */
static void a_wildcard_is_no_sip_domain(void **state)
{
    (void)state;
    judge(&(struct judged){"x", "DNS:*.example.com", -DAY_S, DAY_S, false, REASON_CERTIFICATE, "*.example.com"});
}

static void a_subject_counts_where_there_are_no_other_names(void **state)
{
    (void)state;
    judge(&(struct judged){"SIP.example.com", NULL, -DAY_S, DAY_S, false, REASON_ANSWERED, ""});
    judge(&(struct judged){"sip.example.com", "DNS:other.example", -DAY_S, DAY_S, false, REASON_CERTIFICATE, "other.example"});
}

static void an_ended_certificate_fails_and_says_when_it_ended(void **state)
{
    (void)state;
    judge(&(struct judged){"x", "DNS:sip.example.com", -9 * DAY_S, -DAY_S, false, REASON_CERTIFICATE, "certificate ended on 20"});
}

static void a_certificate_of_the_future_fails(void **state)
{
    (void)state;
    judge(&(struct judged){"x", "DNS:sip.example.com", DAY_S, 9 * DAY_S, false, REASON_CERTIFICATE, "certificate begins on 20"});
}

static void a_certificate_that_signs_itself_fails(void **state)
{
    (void)state;
    judge(&(struct judged){"x", "DNS:sip.example.com", -DAY_S, DAY_S, true, REASON_CERTIFICATE, "self-signed certificate"});
}

static void without_verification_any_certificate_will_do(void **state)
{
    (void)state;
    struct tls_peer *peer = tls_peer_start(shown(NULL, "x", "DNS:other.example", -9 * DAY_S, -DAY_S), say_ok, NULL);
    struct check check = tls_check(peer, PROBE_SIP, false);
    const struct check_result result = probe(&check, 2);
    assert_int_equal(result.last.reason, REASON_ANSWERED);
    assert_true(result.last.certificate_end_s < clock_wall_s());
    assert_int_equal(atomic_load(&peer->accepted), 1); /* ended or not, it is kept */
    release(peer, &check);
}

static bool close_on_the_second(struct tls_call *call)
{
    return call->number % 2 ? tls_answer(call, "200 OK") : false;
}

static void a_kept_connection_that_breaks_is_not_held_against_the_endpoint(void **state)
{
    (void)state;
    struct tls_peer *peer = tls_peer_start(shown(authority, "x", "DNS:sip.example.com", -DAY_S, DAY_S), close_on_the_second, NULL);
    struct check check = tls_check(peer, PROBE_SIP, true);
    const struct check_result result = probe(&check, 2);
    assert_int_equal(result.last.reason, REASON_ANSWERED);
    assert_true(atomic_load(&peer->requests) >= 3);
    release(peer, &check);
}

/* The peer takes another certificate while a connection is kept: it is seen once that is too old. */
static void a_changed_certificate_is_seen_when_the_connection_is_renewed(void **state)
{
    (void)state;
    SSL_CTX *good = shown(authority, "x", "DNS:sip.example.com", -DAY_S, DAY_S);
    struct tls_peer *peer = tls_peer_start(good, say_ok, NULL);
    struct check check = tls_check(peer, PROBE_SIP, true);
    check.probe.renew_ms = 1000;
    struct ear *ear = ear_new();
    struct error err;
    struct probe_engine *engine = probe_engine_new(ear_hear, ear, &err);
    assert_non_null(engine);
    probe_engine_set(engine, &check, 1, 1);
    assert_true(ear_wait(ear, 1, PATIENCE_MS) >= 1);
    assert_int_equal(ear_result(ear, 0).last.reason, REASON_ANSWERED);
    atomic_store(&peer->context, shown(authority, "x", "DNS:other.example", -DAY_S, DAY_S));
    size_t at = 1;
    while (at < 20 && ear_wait(ear, at + 1, PATIENCE_MS) > at && ear_result(ear, at).last.reason == REASON_ANSWERED)
        at++;
    assert_int_equal(ear_result(ear, at).last.reason, REASON_CERTIFICATE);
    probe_engine_free(engine);
    free(ear);
    release(peer, &check);
    SSL_CTX_free(good);
}

static void the_certificate_is_seen_at_once_when_the_trust_changes(void **state)
{
    (void)state;
    struct tls_peer *peer = tls_peer_start(shown(authority, "x", "DNS:sip.example.com", -DAY_S, DAY_S), say_ok, NULL);
    struct check check = tls_check(peer, PROBE_SIP, true);
    struct ear *ear = ear_new();
    struct error err;
    struct probe_engine *engine = probe_engine_new(ear_hear, ear, &err);
    assert_non_null(engine);
    probe_engine_set(engine, &check, 1, 1);
    assert_true(ear_wait(ear, 2, PATIENCE_MS) >= 2);
    static char other[] = "other.example.";
    check.domain = other;
    probe_engine_set(engine, &check, 1, 2);
    size_t at = 2; /* one report tells of the set itself, one probe may be on its way */
    while (at < 6 && ear_wait(ear, at + 1, PATIENCE_MS) > at && ear_result(ear, at).last.reason == REASON_ANSWERED)
        at++;
    assert_int_equal(ear_result(ear, at).last.reason, REASON_CERTIFICATE);
    probe_engine_free(engine);
    free(ear);
    release(peer, &check);
}

static bool greet_never(int fd)
{
    char text[4096];
    while (recv(fd, text, sizeof text, 0) > 0)
        ;
    return false;
}

static bool greet_with_http(int fd)
{
    static const char text[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    (void)!send(fd, text, sizeof text - 1, MSG_NOSIGNAL);
    return greet_never(fd);
}

static bool greet_with_half_a_record(int fd)
{
    static const uint8_t octets[] = {22, 3, 3, 0, 100, 2, 0, 0};
    (void)!send(fd, octets, sizeof octets, MSG_NOSIGNAL);
    return greet_never(fd);
}

static bool greet_with_a_close(int fd)
{
    char text[16];
    (void)!recv(fd, text, sizeof text, 0);
    return false;
}

static void greeted(bool (*greet)(int fd), enum probe_type type, enum reason reason, const char *detail)
{
    struct tls_peer *peer = tls_peer_start(shown(authority, "x", "DNS:sip.example.com", -DAY_S, DAY_S), say_ok, greet);
    struct check check = tls_check(peer, type, true);
    const struct check_result result = probe(&check, 1);
    assert_int_equal(result.last.reason, reason);
    if (!strstr(result.last.detail, detail))
        fail_msg("\"%s\" does not say \"%s\"", result.last.detail, detail);
    release(peer, &check);
}

static void a_handshake_never_answered_is_a_timeout(void **state)
{
    (void)state;
    greeted(greet_never, PROBE_SIP, REASON_TIMEOUT, "during the TLS handshake");
    greeted(greet_never, PROBE_TLS, REASON_TIMEOUT, "during the TLS handshake");
}

static void half_a_record_is_a_timeout(void **state)
{
    (void)state;
    greeted(greet_with_half_a_record, PROBE_TLS, REASON_TIMEOUT, "during the TLS handshake");
}

static void a_peer_that_speaks_no_tls_is_told_as_such(void **state)
{
    (void)state;
    greeted(greet_with_http, PROBE_SIP, REASON_TLS, "wrong version number");
    greeted(greet_with_http, PROBE_TLS, REASON_TLS, "wrong version number");
}

static void a_peer_that_closes_within_the_handshake_is_told_as_such(void **state)
{
    (void)state;
    greeted(greet_with_a_close, PROBE_TLS, REASON_CLOSED, "during the TLS handshake");
}

static bool say_nothing(struct tls_call *call)
{
    (void)call;
    return true;
}

static void a_silent_peer_is_a_timeout_for_sip_and_well_for_a_handshake(void **state)
{
    (void)state;
    struct tls_peer *peer = tls_peer_start(shown(authority, "x", "DNS:sip.example.com", -DAY_S, DAY_S), say_nothing, NULL);
    struct check check = tls_check(peer, PROBE_SIP, true);
    assert_int_equal(probe(&check, 1).last.reason, REASON_TIMEOUT);
    assert_true(probe(&check, 1).last.certificate_end_s != 0);
    check.probe.type = PROBE_TLS;
    const unsigned before = atomic_load(&peer->shaken);
    const struct check_result result = probe(&check, 2);
    assert_int_equal(result.last.reason, REASON_ANSWERED);
    assert_true(result.last.certificate_end_s != 0);
    for (unsigned i = 0; i < 1000 && atomic_load(&peer->shaken) < before + 2; i++)
        usleep(5000);                                      /* the peer counts when it has its own end of it */
    assert_true(atomic_load(&peer->shaken) >= before + 2); /* a handshake each time */
    release(peer, &check);
}

static bool say_much(struct tls_call *call)
{
    static char text[16000];
    static const char head[] = "OPTIONS sip:you SIP/2.0\r\nContent-Length: 12000\r\n\r\n";
    memset(text, 'x', sizeof text);
    memcpy(text, head, sizeof head - 1);
    char answer[PEER_TEXT];
    answer_text(call->request, "200 OK", "", answer);
    memcpy(text + sizeof head - 1 + 12000, answer, strlen(answer));
    return SSL_write(call->ssl, text, (int)(sizeof head - 1 + 12000 + strlen(answer))) > 0;
}

static void a_large_record_is_read_to_its_end(void **state)
{
    (void)state;
    struct tls_peer *peer = tls_peer_start(shown(authority, "x", "DNS:sip.example.com", -DAY_S, DAY_S), say_much, NULL);
    struct check check = tls_check(peer, PROBE_SIP, true);
    assert_int_equal(probe(&check, 2).last.reason, REASON_ANSWERED);
    assert_int_equal(atomic_load(&peer->accepted), 1);
    release(peer, &check);
}

static void files_that_cannot_be_used_are_named(void **state)
{
    (void)state;
    struct error err;
    const char *key;
    char missing[] = "/nowhere/ca.pem", empty[] = "/dev/null";
    assert_null(tls_client_load(&(struct probe_tls){.verify = true, .ca = missing}, &key, &err));
    assert_string_equal(key, "tls_ca");
    assert_string_equal(err.text, "/nowhere/ca.pem: No such file or directory");
    assert_null(tls_client_load(&(struct probe_tls){.verify = true, .ca = empty}, &key, &err));
    assert_non_null(strstr(err.text, "/dev/null: "));
    assert_null(tls_client_load(&(struct probe_tls){.certificate = missing, .key = missing}, &key, &err));
    assert_string_equal(key, "tls_certificate");
    assert_null(tls_client_load(&(struct probe_tls){.certificate = authority->path, .key = empty}, &key, &err));
    assert_string_equal(key, "tls_key");
}

static void what_is_loaded_again_unchanged_has_the_same_print(void **state)
{
    (void)state;
    struct error err;
    const char *key;
    const struct probe_tls tls = {.verify = true, .ca = authority->path};
    struct tls_client *a = tls_client_load(&tls, &key, &err), *b = tls_client_load(&tls, &key, &err);
    assert_int_equal(tls_client_print(a), tls_client_print(b));
    struct tls_client *c = tls_client_load(&(struct probe_tls){.ca = authority->path}, &key, &err);
    assert_int_not_equal(tls_client_print(a), tls_client_print(c));
    tls_client_unref(a);
    tls_client_unref(b);
    tls_client_unref(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_connection_serves_many_probes_and_asks_for_the_domain),
        cmocka_unit_test(a_certificate_for_another_domain_fails_and_says_for_whom_it_is),
        cmocka_unit_test(a_sip_identity_is_enough),
        cmocka_unit_test(a_sip_identity_of_another_overrules_a_dns_name),
        cmocka_unit_test(an_identity_of_a_user_or_of_sips_is_none),
        cmocka_unit_test(a_wildcard_is_no_sip_domain),
        cmocka_unit_test(a_subject_counts_where_there_are_no_other_names),
        cmocka_unit_test(an_ended_certificate_fails_and_says_when_it_ended),
        cmocka_unit_test(a_certificate_of_the_future_fails),
        cmocka_unit_test(a_certificate_that_signs_itself_fails),
        cmocka_unit_test(without_verification_any_certificate_will_do),
        cmocka_unit_test(a_kept_connection_that_breaks_is_not_held_against_the_endpoint),
        cmocka_unit_test(a_changed_certificate_is_seen_when_the_connection_is_renewed),
        cmocka_unit_test(the_certificate_is_seen_at_once_when_the_trust_changes),
        cmocka_unit_test(a_handshake_never_answered_is_a_timeout),
        cmocka_unit_test(half_a_record_is_a_timeout),
        cmocka_unit_test(a_peer_that_speaks_no_tls_is_told_as_such),
        cmocka_unit_test(a_peer_that_closes_within_the_handshake_is_told_as_such),
        cmocka_unit_test(a_silent_peer_is_a_timeout_for_sip_and_well_for_a_handshake),
        cmocka_unit_test(a_large_record_is_read_to_its_end),
        cmocka_unit_test(files_that_cannot_be_used_are_named),
        cmocka_unit_test(what_is_loaded_again_unchanged_has_the_same_print),
    };
    return cmocka_run_group_tests(tests, make_authority, drop_authority);
}
