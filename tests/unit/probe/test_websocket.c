/* The pure part of WebSocket, and the engine against scripted WebSocket peers on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/tls_client.h"
#include "probe/websocket.h"
#include "tls_peer.h"

#include <openssl/evp.h>

enum { PATIENCE_MS = 8000, SWITCHING_TEXT = 512 };

static const uint8_t sample_random[16] = "the sample nonce"; /* RFC 6455 1.3 */

#define SWITCHING "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
#define SAMPLE_ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define SIP_PROTOCOL "Sec-WebSocket-Protocol: sip\r\n"
#define SAMPLE SWITCHING SAMPLE_ACCEPT SIP_PROTOCOL "\r\n"

static void feed(struct websocket *ws, const void *octets, size_t len)
{
    size_t room;
    uint8_t *to = websocket_room(ws, &room);
    assert_true(room >= len);
    memcpy(to, octets, len);
    websocket_add(ws, len);
}

/* What comes first after these octets, in pieces of that size. */
static enum ws_kind first_of(struct websocket *ws, const char *octets, size_t len, size_t piece, const uint8_t **ret_octets,
                             size_t *ret_len)
{
    enum ws_kind kind = WS_INCOMPLETE;
    while (len && kind == WS_INCOMPLETE) {
        const size_t take = len < piece ? len : piece;
        feed(ws, octets, take);
        octets += take;
        len -= take;
        kind = websocket_next(ws, ret_octets, ret_len);
    }
    return kind;
}

static enum ws_kind upgrade_answered(const char *answer, char detail[WS_DETAIL])
{
    struct websocket ws = {0};
    const uint8_t *octets;
    size_t len;
    websocket_begin(&ws, sample_random);
    const enum ws_kind kind = first_of(&ws, answer, strlen(answer), 7, &octets, &len);
    memcpy(detail, ws.detail, WS_DETAIL);
    websocket_release(&ws);
    return kind;
}

static void the_upgrade_of_the_rfc_is_asked_for_and_understood(void **state)
{
    (void)state;
    struct websocket ws = {0};
    char out[WS_UPGRADE_MAX], detail[WS_DETAIL];
    websocket_begin(&ws, sample_random);
    assert_string_equal(ws.key, "dGhlIHNhbXBsZSBub25jZQ==");
    assert_true(websocket_upgrade(&ws, "sip.example.com:8080", "/ws", "https://phone.example.com", out, sizeof out) > 0);
    assert_int_equal(strncmp(out, "GET /ws HTTP/1.1\r\nHost: sip.example.com:8080\r\n", 45), 0);
    assert_non_null(strstr(out, "\r\nSec-WebSocket-Protocol: sip\r\n"));
    assert_non_null(strstr(out, "\r\nSec-WebSocket-Version: 13\r\n"));
    assert_non_null(strstr(out, "\r\nOrigin: https://phone.example.com\r\n"));
    assert_int_equal(websocket_upgrade(&ws, "h", "/", NULL, out, 20), 0);
    websocket_release(&ws);
    assert_int_equal(upgrade_answered(SAMPLE, detail), WS_UPGRADED);
}

static void upgrades_that_are_none_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        enum ws_kind kind;
        const char *detail;
    } all[] = {
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", WS_REFUSED, "the upgrade is answered with 404"},
        {"HTTP/1.1 301 Moved\r\nLocation: wss://other.example/\r\n\r\n", WS_REFUSED,
         "the upgrade is answered with 301 to wss://other.example/"},
        {"HTTP/1.0 101 Switching\r\n\r\n", WS_BAD, "the upgrade is not answered in HTTP/1.1"},
        {"SIP/2.0 400 Bad Request\r\n\r\n", WS_BAD, "the upgrade is not answered in HTTP/1.1"},
        {"HTTP/1.1 101 Switching\r\nno header\r\n\r\n", WS_BAD, "the upgrade is not answered in HTTP/1.1"},
        {"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", WS_BAD, "upgraded to something else"},
        {SWITCHING SIP_PROTOCOL "\r\n", WS_BAD, "Sec-WebSocket-Accept is not that of our key"},
        {SWITCHING "Sec-WebSocket-Accept: c3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" SIP_PROTOCOL "\r\n", WS_BAD,
         "Sec-WebSocket-Accept is not that of our key"},
        {SWITCHING SAMPLE_ACCEPT "\r\n", WS_BAD, "Sec-WebSocket-Protocol is not sip"},
        {SWITCHING SAMPLE_ACCEPT "Sec-WebSocket-Protocol: xmpp\r\n\r\n", WS_BAD, "Sec-WebSocket-Protocol is not sip"},
        {SWITCHING SAMPLE_ACCEPT SIP_PROTOCOL "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", WS_BAD,
         "an extension that was not asked for"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char detail[WS_DETAIL];
        assert_int_equal(upgrade_answered(all[i].answer, detail), all[i].kind);
        assert_string_equal(detail, all[i].detail);
    }
}

/* An upgraded one. */
static struct websocket upgraded(void)
{
    struct websocket ws = {0};
    const uint8_t *octets;
    size_t len;
    websocket_begin(&ws, sample_random);
    assert_int_equal(first_of(&ws, SAMPLE, strlen(SAMPLE), 1000, &octets, &len), WS_UPGRADED);
    return ws;
}

static void fragments_are_put_together_around_control_frames(void **state)
{
    (void)state;
    static const char octets[] = "\x01\x03one\x89\x02hi\x00\x03two\x80\x05three\x81\x02ok";
    for (size_t piece = 1; piece < sizeof octets; piece++) {
        struct websocket ws = upgraded();
        const uint8_t *at;
        size_t len, seen = 0, left = sizeof octets - 1;
        for (const char *from = octets; left;) {
            const size_t take = left < piece ? left : piece;
            feed(&ws, from, take);
            from += take;
            left -= take;
            enum ws_kind kind;
            while ((kind = websocket_next(&ws, &at, &len)) != WS_INCOMPLETE) {
                static const struct {
                    enum ws_kind kind;
                    const char *text;
                } expected[] = {{WS_PING, "hi"}, {WS_MESSAGE, "onetwothree"}, {WS_MESSAGE, "ok"}};
                assert_true(seen < 3);
                assert_int_equal(kind, expected[seen].kind);
                assert_int_equal(len, strlen(expected[seen].text));
                assert_memory_equal(at, expected[seen].text, len);
                seen++;
            }
        }
        assert_int_equal(seen, 3);
        assert_false(websocket_partial(&ws));
        websocket_release(&ws);
    }
}

static void frames_that_must_not_be_are_bad(void **state)
{
    (void)state;
    static const struct {
        const char *octets;
        size_t len;
        const char *detail;
    } all[] = {
        {"\x81\x81mask!", 7, "a server's frame must not be masked"},
        {"\xc1\x01x", 3, "a frame of an extension that was not agreed on"},
        {"\x80\x01x", 3, "the continuation of nothing"},
        {"\x01\x01x\x81\x01y", 6, "a message within another"},
        {"\x09\x01x", 3, "a control frame in pieces, or too long"},
        {"\x89\x7e\x00\x7e", 4, "a control frame in pieces, or too long"},
        {"\x83\x01x", 3, "a frame of unknown kind"},
        {"\x81\x7e\xff\xff", 4, "longer than we take"},
        {"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10, "longer than we take"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct websocket ws = upgraded();
        const uint8_t *octets;
        size_t len;
        feed(&ws, all[i].octets, all[i].len);
        assert_int_equal(websocket_next(&ws, &octets, &len), WS_BAD);
        assert_string_equal(ws.detail, all[i].detail);
        websocket_release(&ws);
    }
}

static void an_upgrade_without_end_is_bad(void **state)
{
    (void)state;
    struct websocket ws = {0};
    const uint8_t *octets;
    size_t len, room;
    enum ws_kind kind = WS_INCOMPLETE;
    websocket_begin(&ws, sample_random);
    for (int i = 0; i < 100000 && kind == WS_INCOMPLETE; i++) {
        memset(websocket_room(&ws, &room), 'x', 1);
        websocket_add(&ws, 1);
        kind = websocket_next(&ws, &octets, &len);
    }
    assert_int_equal(kind, WS_BAD);
    websocket_release(&ws);
}

static void what_we_send_is_masked(void **state)
{
    (void)state;
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d},
                         expected[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};
    uint8_t out[400];
    char text[300];
    memset(text, 'a', sizeof text);
    assert_int_equal(websocket_frame(WS_OP_TEXT, "Hello", 5, mask, out, sizeof out), sizeof expected); /* RFC 6455 5.7 */
    assert_memory_equal(out, expected, sizeof expected);
    assert_int_equal(websocket_frame(WS_OP_TEXT, text, sizeof text, mask, out, sizeof out), sizeof text + 8);
    assert_int_equal(out[1], 0x80 | 126);
    assert_int_equal(out[2] << 8 | out[3], (int)sizeof text);
    assert_int_equal(websocket_frame(WS_OP_TEXT, text, sizeof text, mask, out, 100), 0);
}

/* --- peers */

/* The answer that upgrades. */
static void switching(const char *request, char out[SWITCHING_TEXT])
{
    char key[128];
    unsigned char digest[EVP_MAX_MD_SIZE], accept[64];
    const char *at = strstr(request, "Sec-WebSocket-Key: ");
    snprintf(key, sizeof key, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", at ? at + 19 : "");
    EVP_Digest(key, strlen(key), digest, NULL, EVP_sha1(), NULL);
    EVP_EncodeBlock(accept, digest, 20);
    snprintf(out, SWITCHING_TEXT, SWITCHING SIP_PROTOCOL "Sec-WebSocket-Accept: %s\r\n\r\n", (const char *)accept);
}

/* The text of a masked frame of 126 to 65535 octets, which each of our requests is; false: it is not. */
static bool unmask(const char *frame, char out[PEER_TEXT])
{
    const uint8_t *at = (const uint8_t *)frame;
    if (at[0] != 0x81 || at[1] != (0x80 | 126))
        return false;
    const size_t len = (size_t)(at[2] << 8 | at[3]);
    for (size_t i = 0; i < len && i < PEER_TEXT - 1; i++)
        out[i] = (char)(at[8 + i] ^ at[4 + i % 4]);
    out[len < PEER_TEXT - 1 ? len : PEER_TEXT - 1] = '\0';
    return true;
}

/* An answer as one frame; its length. */
static size_t framed(const char *request, const char *status, uint8_t out[PEER_TEXT])
{
    char text[PEER_TEXT];
    answer_text(request, status, "", text);
    const size_t len = strlen(text);
    out[0] = 0x81;
    out[1] = 126;
    out[2] = (uint8_t)(len >> 8);
    out[3] = (uint8_t)len;
    memcpy(out + 4, text, len);
    return len + 4;
}

static bool upgrade(struct call *call)
{
    char text[SWITCHING_TEXT];
    if (strncmp(call->request, "GET ", 4) != 0)
        return false;
    switching(call->request, text);
    call_send(call, text, strlen(text));
    return true;
}

static struct check ws_check(const struct hostport *at)
{
    static char domain[] = "sip.example.com.", path[] = "/";
    struct check check = check_of(TRANSPORT_WS, at);
    check.domain = domain;
    check.probe.path = path;
    check.probe.timeout_ms = 1000; /* nothing here is to fail because the machine is busy */
    return check;
}

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

/* The result of that number of probing such a peer. */
static struct check_result run(script_fn script, size_t number, unsigned *ret_accepted)
{
    struct peer *peer = peer_start("127.0.0.1", script);
    const struct check check = ws_check(&peer->at);
    const struct check_result result = probe(&check, number);
    if (ret_accepted)
        *ret_accepted = atomic_load(&peer->accepted);
    peer_stop(peer);
    free(peer);
    return result;
}

static void say_ok(struct call *call)
{
    char request[PEER_TEXT];
    uint8_t frame[PEER_TEXT];
    if (!upgrade(call) && unmask(call->request, request))
        call_send(call, (char *)frame, framed(request, strstr(request, "Via: SIP/2.0/WS ") ? "200 OK" : "400 No WS", frame));
}

static void one_websocket_serves_many_probes(void **state)
{
    (void)state;
    unsigned accepted;
    const struct check_result result = run(say_ok, 4, &accepted);
    if (result.last.reason != REASON_ANSWERED)
        fail_msg("%s: %u %s", reason_text(result.last.reason), result.last.status, result.last.detail);
    assert_int_equal(result.health.verdict, VERDICT_UP);
    assert_int_equal(accepted, 1);
}

/* In fragments, with a ping in between and line ends before. The answer to the ping comes as a request, which is passed over. */
static void say_ok_in_fragments(struct call *call)
{
    char request[PEER_TEXT], text[PEER_TEXT], frame[2] = {0x01, 100};
    if (upgrade(call) || !unmask(call->request, request))
        return;
    answer_text(request, "200 OK", "", text);
    call_send(call, "\x81\x04\r\n\r\n", 6);
    call_send(call, frame, 2);
    call_send(call, text, 100);
    call_send(call, "\x89\x02hi", 4);
    const size_t rest = strlen(text) - 100;
    const uint8_t head[] = {0x80, 126, (uint8_t)(rest >> 8), (uint8_t)rest};
    call_send(call, (const char *)head, rest > 125 ? 4 : 2);
    call_send(call, text + 100, rest);
}

static void an_answer_in_fragments_around_a_ping_is_put_together(void **state)
{
    (void)state;
    unsigned accepted;
    assert_int_equal(run(say_ok_in_fragments, 3, &accepted).last.reason, REASON_ANSWERED);
    assert_int_equal(accepted, 1);
}

static void close_on_the_second_request(struct call *call)
{
    char request[PEER_TEXT];
    if (upgrade(call) || !unmask(call->request, request))
        return;
    if (++call->peer->last_answer[0] % 3 == 2) /* requests only: our answer to the close comes here, too */
        call_send(call, "\x88\x02\x03\xe9", 4);
    else
        say_ok(call);
}

static void a_kept_one_that_is_closed_is_opened_again(void **state)
{
    (void)state;
    unsigned accepted;
    assert_int_equal(run(close_on_the_second_request, 3, &accepted).last.reason, REASON_ANSWERED);
    assert_true(accepted >= 2);
}

static void always_close(struct call *call)
{
    if (!upgrade(call) && call->request[0] == '\x81')
        call_send(call, "\x88\x02\x03\xe9", 4);
}

static void a_new_one_that_is_closed_fails_and_says_so(void **state)
{
    (void)state;
    const struct check_result result = run(always_close, 1, NULL);
    assert_int_equal(result.last.reason, REASON_CLOSED);
    assert_string_equal(result.last.detail, "WebSocket closed with 1001");
}

static void say_masked(struct call *call)
{
    if (!upgrade(call))
        call_send(call, "\x81\x82mask??", 8);
}

static void say_half_a_frame(struct call *call)
{
    if (!upgrade(call))
        call_send(call, "\x81\x7e\x01\x00half", 8);
}

static void say_no_sip(struct call *call)
{
    if (!upgrade(call))
        call_send(call, "\x81\x05hello", 7);
}

static void say_nothing_after_the_upgrade(struct call *call)
{
    upgrade(call);
}

static void say_nothing(struct call *call)
{
    (void)call;
}

static void say_not_found(struct call *call)
{
    static const char text[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    call_send(call, text, sizeof text - 1);
}

static void what_goes_wrong_is_told(void **state)
{
    (void)state;
    static const struct {
        script_fn script;
        enum reason reason;
        const char *detail;
    } all[] = {
        {say_masked, REASON_BAD_ANSWER, "a server's frame must not be masked"},
        {say_half_a_frame, REASON_BAD_ANSWER, "not whole in time"},
        {say_no_sip, REASON_BAD_ANSWER, "a message that is no SIP"},
        {say_nothing_after_the_upgrade, REASON_TIMEOUT, ""},
        {say_nothing, REASON_TIMEOUT, "during the WebSocket upgrade"},
        {say_not_found, REASON_BAD_STATUS, "the upgrade is answered with 404"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const struct check_result result = run(all[i].script, 1, NULL);
        assert_int_equal(result.last.reason, all[i].reason);
        assert_string_equal(result.last.detail, all[i].detail);
    }
}

static void refuse_as_busy(struct call *call)
{
    static const char text[] = "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n\r\n";
    call_send(call, text, sizeof text - 1);
}

static void an_upgrade_refused_as_busy_is_busy(void **state)
{
    (void)state;
    const struct check_result result = run(refuse_as_busy, 2, NULL);
    assert_int_equal(result.last.outcome, OUTCOME_BUSY);
    assert_int_equal(result.last.retry_after_s, 7);
    assert_int_equal(result.health.verdict, VERDICT_DRAINING);
}

static bool say_ok_over_tls(struct tls_call *call)
{
    char request[PEER_TEXT], text[SWITCHING_TEXT];
    uint8_t frame[PEER_TEXT];
    if (strncmp(call->request, "GET ", 4) == 0) {
        switching(call->request, text);
        return SSL_write(call->ssl, text, (int)strlen(text)) > 0;
    }
    return unmask(call->request, request) && SSL_write(call->ssl, frame, (int)framed(request, "200 OK", frame)) > 0;
}

/* RFC 7118 goes by the rules of HTTP: a wildcard will do, which is none of SIP's names. */
static void websocket_over_tls_takes_a_wildcard(void **state)
{
    (void)state;
    struct authority *authority = authority_new();
    struct tls_peer *peer = tls_peer_start(shown(authority, "x", "DNS:*.example.com", -DAY_S, DAY_S), say_ok_over_tls, NULL);
    struct check check = ws_check(&peer->at);
    struct error err;
    const char *key;
    check.probe.transport = TRANSPORT_WSS;
    check.probe.tls.ca = authority->path;
    check.tls = tls_client_load(&check.probe.tls, &key, &err);
    assert_non_null(check.tls);
    const struct check_result result = probe(&check, 3);
    assert_int_equal(result.last.reason, REASON_ANSWERED);
    assert_true(result.last.certificate_end_s != 0);
    assert_int_equal(atomic_load(&peer->accepted), 1);
    tls_client_unref(check.tls);
    tls_peer_stop(peer);
    free(peer);
    authority_free(authority);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_upgrade_of_the_rfc_is_asked_for_and_understood),
        cmocka_unit_test(upgrades_that_are_none_are_told),
        cmocka_unit_test(fragments_are_put_together_around_control_frames),
        cmocka_unit_test(frames_that_must_not_be_are_bad),
        cmocka_unit_test(an_upgrade_without_end_is_bad),
        cmocka_unit_test(what_we_send_is_masked),
        cmocka_unit_test(one_websocket_serves_many_probes),
        cmocka_unit_test(an_answer_in_fragments_around_a_ping_is_put_together),
        cmocka_unit_test(a_kept_one_that_is_closed_is_opened_again),
        cmocka_unit_test(a_new_one_that_is_closed_fails_and_says_so),
        cmocka_unit_test(what_goes_wrong_is_told),
        cmocka_unit_test(an_upgrade_refused_as_busy_is_busy),
        cmocka_unit_test(websocket_over_tls_takes_a_wildcard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
