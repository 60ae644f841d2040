/* The request we write and the responses we read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/sip_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sip_request request = {
    .transport = TRANSPORT_UDP,
    .target = {{FAMILY_V4, {192, 0, 2, 1}}, 5060},
    .local = {{FAMILY_V4, {192, 0, 2, 9}}, 40000},
    .max_forwards = 70,
    .ids = {0x0123456789abcdef, 0xfedcba9876543210, 0x42},
};

#define VIA "Via: SIP/2.0/UDP 192.0.2.9:40000;branch=z9hG4bK0123456789abcdef;rport=40000\r\n"
#define FROM "From: <sip:prober@192.0.2.9>;tag=0000000000000042\r\n"
#define CALL "Call-ID: fedcba9876543210@192.0.2.9\r\n"
#define CSEQ "CSeq: 1 OPTIONS\r\n"
#define REST VIA FROM "To: <sip:ping@192.0.2.1:5060>;tag=x\r\n" CALL CSEQ

/* Reads a copy without a NUL behind it, so that a sanitizer sees any step past the end. */
static enum sip_kind read_exactly(const char *text, size_t len, struct sip_message *message, char **ret_copy)
{
    *ret_copy = malloc(len ? len : 1);
    memcpy(*ret_copy, text, len);
    return sip_datagram_read(*ret_copy, len, message);
}

static bool answers(const char *text)
{
    struct sip_message message;
    char *copy;
    const enum sip_kind kind = read_exactly(text, strlen(text), &message, &copy);
    const bool result = kind == SIP_RESPONSE && sip_message_answers(&message, &request);
    free(copy);
    return result;
}

static enum sip_kind kind_of(const char *text)
{
    struct sip_message message;
    char *copy;
    const enum sip_kind kind = read_exactly(text, strlen(text), &message, &copy);
    free(copy);
    return kind;
}

static uint32_t retry_after(const char *value)
{
    struct sip_message message;
    char text[1024], *copy;
    const int len = snprintf(text, sizeof text, "SIP/2.0 503 Busy\r\n" REST "Retry-After:%s\r\n\r\n", value);
    assert_int_equal(read_exactly(text, (size_t)len, &message, &copy), SIP_RESPONSE);
    free(copy);
    return message.retry_after_s;
}

static void the_request_is_the_agreed_one(void **state)
{
    (void)state;
    char text[SIP_REQUEST_MAX];
    const char expected[] = "OPTIONS sip:ping@192.0.2.1:5060;transport=udp SIP/2.0\r\n"
                            "Via: SIP/2.0/UDP 192.0.2.9:40000;branch=z9hG4bK0123456789abcdef;rport\r\n"
                            "Max-Forwards: 70\r\n"
                            "From: <sip:prober@192.0.2.9>;tag=0000000000000042\r\n"
                            "To: <sip:ping@192.0.2.1:5060>\r\n"
                            "Call-ID: fedcba9876543210@192.0.2.9\r\n"
                            "CSeq: 1 OPTIONS\r\n"
                            "Contact: <sip:prober@192.0.2.9:40000>\r\n"
                            "Accept: application/sdp\r\n"
                            "User-Agent: sipsteer/" SIPSTEER_VERSION "\r\n"
                            "Content-Length: 0\r\n\r\n";
    assert_int_equal(sip_request_write(&request, text, sizeof text), strlen(expected));
    assert_string_equal(text, expected);
}

static void ipv6_hosts_stand_in_brackets(void **state)
{
    (void)state;
    struct sip_request v6 = request;
    char text[SIP_REQUEST_MAX];
    v6.transport = TRANSPORT_TCP;
    addr_parse("2001:db8::1", &v6.target.addr);
    addr_parse("2001:db8::9", &v6.local.addr);
    assert_true(sip_request_write(&v6, text, sizeof text) > 0);
    assert_non_null(strstr(text, "OPTIONS sip:ping@[2001:db8::1]:5060;transport=tcp SIP/2.0\r\n"));
    assert_non_null(strstr(text, "\r\nVia: SIP/2.0/TCP [2001:db8::9]:40000;branch="));
    assert_non_null(strstr(text, "\r\nFrom: <sip:prober@[2001:db8::9]>;tag="));
    assert_non_null(strstr(text, "\r\nTo: <sip:ping@[2001:db8::1]:5060>\r\n"));
}

static void a_domain_for_from_is_used(void **state)
{
    (void)state;
    struct sip_request named = request;
    char text[SIP_REQUEST_MAX];
    named.from = "probe.example.com";
    assert_true(sip_request_write(&named, text, sizeof text) > 0);
    assert_non_null(strstr(text, "\r\nFrom: <sip:prober@probe.example.com>;tag="));
}

static void a_request_without_room_is_none(void **state)
{
    (void)state;
    char text[SIP_REQUEST_MAX];
    const size_t len = sip_request_write(&request, text, sizeof text);
    assert_int_equal(sip_request_write(&request, text, len), 0); /* the NUL has no room */
    assert_int_equal(sip_request_write(&request, text, len + 1), len);
    assert_int_equal(sip_request_write(&request, text, 10), 0);
}

static void an_ordinary_answer_is_ours(void **state)
{
    (void)state;
    assert_true(answers("SIP/2.0 200 OK\r\n" REST "Content-Length: 0\r\n\r\n"));
    assert_true(answers("SIP/2.0 200 OK\r\n" REST "\r\n"));
}

static void every_field_is_read(void **state)
{
    (void)state;
    static const char text[] = "SIP/2.0 486 Busy Here\r\n" REST "Retry-After: 12\r\nContent-Length: 2\r\n\r\nhi";
    struct sip_message message;
    assert_int_equal(sip_datagram_read(text, strlen(text), &message), SIP_RESPONSE);
    assert_int_equal(message.status, 486);
    assert_int_equal(message.vias, 1);
    assert_int_equal(message.cseq, 1);
    assert_int_equal(message.retry_after_s, 12);
    assert_true(message.has_length);
    assert_int_equal(message.length, 2);
    assert_int_equal(message.head, strlen(text) - 2);
}

static void names_are_read_in_any_case_and_compact(void **state)
{
    (void)state;
    assert_true(answers("SIP/2.0 200 OK\r\n"
                        "v: SIP/2.0/UDP 192.0.2.9:40000;rport=40000;BRANCH=z9hG4bK0123456789abcdef\r\n"
                        "F: <sip:prober@192.0.2.9>;Tag=0000000000000042\r\n"
                        "t: <sip:ping@192.0.2.1:5060>;tag=x\r\n"
                        "i: fedcba9876543210@192.0.2.9\r\n"
                        "cSEQ:1 OPTIONS\r\n"
                        "l: 0\r\n\r\n"));
}

static void folded_lines_are_one_header(void **state)
{
    (void)state;
    assert_true(answers("SIP/2.0 200 OK\r\n"
                        "Via: SIP/2.0/UDP\r\n 192.0.2.9:40000\r\n\t;branch\r\n = z9hG4bK0123456789abcdef\r\n ;rport\r\n"
                        "From:\r\n <sip:prober@192.0.2.9>\r\n ;tag=0000000000000042\r\n"
                        "Call-ID:\r\n \r\n fedcba9876543210@192.0.2.9\r\n"
                        "CSeq: 1\r\n OPTIONS\r\n\r\n"));
}

static void bare_line_feeds_and_leading_empty_lines_are_taken(void **state)
{
    (void)state;
    assert_true(answers("\r\n\nSIP/2.0 200 OK\n"
                        "Via : SIP/2.0/UDP 192.0.2.9:40000;branch=z9hG4bK0123456789abcdef\n"
                        "From: <sip:prober@192.0.2.9>;tag=0000000000000042\n"
                        "Call-ID: fedcba9876543210@192.0.2.9\n"
                        "CSeq: 1 OPTIONS\n\n"));
}

static void the_tag_is_that_of_the_header_not_of_the_uri(void **state)
{
    (void)state;
    assert_true(answers("SIP/2.0 200 OK\r\n" VIA CALL CSEQ
                        "From: \"a;tag=1 \\\" <sip:x>\" <sip:prober@192.0.2.9;tag=2>;x=\"tag=3;tag=4\";tag=0000000000000042\r\n\r\n"));
    assert_true(answers("SIP/2.0 200 OK\r\n" VIA CALL CSEQ "From: sip:prober@192.0.2.9;tag=0000000000000042\r\n\r\n"));
    assert_false(answers("SIP/2.0 200 OK\r\n" VIA CALL CSEQ "From: <sip:prober@192.0.2.9;tag=0000000000000042>\r\n\r\n"));
}

static void an_answer_to_something_else_is_not_ours(void **state)
{
    (void)state;
    static const char *const others[] = {
        "SIP/2.0 200 OK\r\n" FROM CALL CSEQ "\r\n",
        "SIP/2.0 200 OK\r\n" FROM CALL CSEQ "Via: SIP/2.0/UDP 192.0.2.9:40000;branch=z9hG4bK0123456789abcdee\r\n\r\n",
        "SIP/2.0 200 OK\r\n" FROM CALL CSEQ "Via: SIP/2.0/UDP 192.0.2.9:40000;branch=z9hG4bK0123456789abcde\r\n\r\n",
        "SIP/2.0 200 OK\r\n" FROM CALL CSEQ "Via: SIP/2.0/UDP 192.0.2.9:40000;branch=z9hG4bK0123456789abcdef0\r\n\r\n",
        "SIP/2.0 200 OK\r\n" FROM CALL CSEQ "Via: SIP/2.0/UDP 192.0.2.9:40000;xbranch=z9hG4bK0123456789abcdef\r\n\r\n",
        "SIP/2.0 200 OK\r\n" FROM CALL CSEQ "Via: SIP/2.0/UDP 192.0.2.9:40000;branch\r\n\r\n",
        "SIP/2.0 200 OK\r\n" FROM CALL CSEQ "Via:\r\n\r\n",
        "SIP/2.0 200 OK\r\n" VIA VIA FROM CALL CSEQ "\r\n",
        "SIP/2.0 200 OK\r\n" FROM CALL CSEQ
        "Via: SIP/2.0/UDP 192.0.2.9:40000;branch=z9hG4bK0123456789abcdef, SIP/2.0/UDP 192.0.2.8\r\n\r\n",
        "SIP/2.0 200 OK\r\n" VIA CALL CSEQ "From: <sip:prober@192.0.2.9>;tag=42\r\n\r\n",
        "SIP/2.0 200 OK\r\n" VIA CALL CSEQ "From: <sip:prober@192.0.2.9>\r\n\r\n",
        "SIP/2.0 200 OK\r\n" VIA CALL CSEQ "\r\n",
        "SIP/2.0 200 OK\r\n" VIA FROM CSEQ "Call-ID: fedcba9876543210@192.0.2.8\r\n\r\n",
        "SIP/2.0 200 OK\r\n" VIA FROM CSEQ "\r\n",
        "SIP/2.0 200 OK\r\n" VIA FROM CALL "CSeq: 2 OPTIONS\r\n\r\n",
        "SIP/2.0 200 OK\r\n" VIA FROM CALL "CSeq: 1 INVITE\r\n\r\n",
        "SIP/2.0 200 OK\r\n" VIA FROM CALL "CSeq: 1 options\r\n\r\n", /* methods do have case (RFC 3261 7.1) */
        "SIP/2.0 200 OK\r\n" VIA FROM CALL "\r\n",
        "OPTIONS sip:us@192.0.2.9 SIP/2.0\r\n" REST "\r\n",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (answers(others[i]))
            fail_msg("taken for ours: %s", others[i]);
}

static void a_quoted_comma_does_not_make_two_vias(void **state)
{
    (void)state;
    assert_true(answers("SIP/2.0 200 OK\r\n" FROM CALL CSEQ
                        "Via: SIP/2.0/UDP 192.0.2.9:40000;x=\"a,b;branch=no\";branch=z9hG4bK0123456789abcdef\r\n\r\n"));
}

static void malformed_messages_are_bad(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "\r\n\r\n",
        "SIP/2.0 200 OK",
        "SIP/2.0 200 OK\r\n",
        "SIP/2.0 200 OK\r\n" VIA, /* no empty line */
        "SIP/2.0 20 OK\r\n\r\n",
        "SIP/2.0 2000 OK\r\n\r\n",
        "SIP/2.0 099 OK\r\n\r\n",
        "SIP/2.0 700 OK\r\n\r\n",
        "SIP/2.0 200OK\r\n\r\n",
        "SIP/2.0  200 OK\r\n\r\n",
        "SIP/2.0 +20 OK\r\n\r\n",
        "SIP/3.0 200 OK\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "SIP/2.0 200 OK\r\nno colon\r\n\r\n",
        "SIP/2.0 200 OK\r\n: empty\r\n\r\n",
        "SIP/2.0 200 OK\r\n folded: at once\r\n\r\n",
        "SIP/2.0 200 OK\r\nV\x01ia: x\r\n\r\n",
        "SIP/2.0 200 OK\r\nVi(a: x\r\n\r\n",
        "SIP/2.0 200 OK\r\nX: a\rb\r\n\r\n",
        "SIP/2.0 200 OK\r\n" CALL CALL "\r\n",
        "SIP/2.0 200 OK\r\n" CALL "i: other\r\n\r\n",
        "SIP/2.0 200 OK\r\n" FROM FROM "\r\n",
        "SIP/2.0 200 OK\r\n" CSEQ CSEQ "\r\n",
        "SIP/2.0 200 OK\r\nFrom: <sip:x;tag=1\r\n\r\n",
        "SIP/2.0 200 OK\r\nCall-ID:\r\n\r\n",
        "SIP/2.0 200 OK\r\nCSeq: OPTIONS\r\n\r\n",
        "SIP/2.0 200 OK\r\nCSeq: 1OPTIONS\r\n\r\n",
        "SIP/2.0 200 OK\r\nCSeq: 1\r\n\r\n",
        "SIP/2.0 200 OK\r\nCSeq: -1 OPTIONS\r\n\r\n",
        "SIP/2.0 200 OK\r\nCSeq: 4294967297 OPTIONS\r\n\r\n",
        "SIP/2.0 200 OK\r\nCSeq: 18446744073709551617 OPTIONS\r\n\r\n",
        "SIP/2.0 200 OK\r\nContent-Length: -1\r\n\r\n",
        "SIP/2.0 200 OK\r\nContent-Length:\r\n\r\n",
        "SIP/2.0 200 OK\r\nContent-Length: 0x1\r\n\r\n",
        "SIP/2.0 200 OK\r\nContent-Length: 0\r\nl: 0\r\n\r\n",
        "SIP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nfour",
        "SIP/2.0 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nfour",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (kind_of(bad[i]) != SIP_BAD)
            fail_msg("not found bad: %s", bad[i]);
}

static void a_nul_is_bad_in_the_head_and_free_in_the_body(void **state)
{
    (void)state;
    static const char head[] = "SIP/2.0 200 OK\r\nX: a\0b\r\n\r\n", start[] = "SIP/2.0 200\0OK\r\n\r\n",
                      name[] = "SIP/2.0 200 OK\r\n\0: x\r\n\r\n", body[] = "SIP/2.0 200 OK\r\nl: 2\r\n\r\n\0\0";
    struct sip_message message;
    assert_int_equal(sip_datagram_read(head, sizeof head - 1, &message), SIP_BAD);
    assert_int_equal(sip_datagram_read(start, sizeof start - 1, &message), SIP_BAD);
    assert_int_equal(sip_datagram_read(name, sizeof name - 1, &message), SIP_BAD);
    assert_int_equal(sip_datagram_read(body, sizeof body - 1, &message), SIP_RESPONSE);
}

static void no_prefix_of_an_answer_is_ours(void **state)
{
    (void)state;
    static const char text[] = "SIP/2.0 200 OK\r\n" REST "Content-Length: 2\r\n\r\nhi";
    struct sip_message message;
    char *copy;
    for (size_t len = 0; len < strlen(text); len++) {
        assert_int_equal(read_exactly(text, len, &message, &copy), SIP_BAD);
        free(copy);
    }
}

static void a_status_line_needs_no_phrase(void **state)
{
    (void)state;
    assert_true(answers("sip/2.0 200\r\n" REST "\r\n"));
    assert_true(answers("SIP/2.0 200 \r\n" REST "\r\n"));
}

static void octets_behind_the_body_are_dropped(void **state)
{
    (void)state;
    assert_true(answers("SIP/2.0 200 OK\r\n" REST "Content-Length: 0\r\n\r\nrubbish"));
}

static void retry_after_is_read_with_comment_and_parameters(void **state)
{
    (void)state;
    assert_int_equal(retry_after(" 18000;duration=3600"), 18000);
    assert_int_equal(retry_after("120 (I'm in a meeting)"), 120);
    assert_int_equal(retry_after("7(x)"), 7);
    assert_int_equal(retry_after("\r\n 30"), 30);
    assert_int_equal(retry_after(" 99999999999"), UINT32_MAX);
}

static void an_unreadable_retry_after_is_none(void **state)
{
    (void)state;
    assert_int_equal(retry_after(""), 0);
    assert_int_equal(retry_after(" soon"), 0);
    assert_int_equal(retry_after(" -5"), 0);
    assert_int_equal(retry_after(" 5s"), 0);
    assert_int_equal(retry_after(" Fri, 31 Dec 1999 23:59:59 GMT"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_is_the_agreed_one),
        cmocka_unit_test(ipv6_hosts_stand_in_brackets),
        cmocka_unit_test(a_domain_for_from_is_used),
        cmocka_unit_test(a_request_without_room_is_none),
        cmocka_unit_test(an_ordinary_answer_is_ours),
        cmocka_unit_test(every_field_is_read),
        cmocka_unit_test(names_are_read_in_any_case_and_compact),
        cmocka_unit_test(folded_lines_are_one_header),
        cmocka_unit_test(bare_line_feeds_and_leading_empty_lines_are_taken),
        cmocka_unit_test(the_tag_is_that_of_the_header_not_of_the_uri),
        cmocka_unit_test(an_answer_to_something_else_is_not_ours),
        cmocka_unit_test(a_quoted_comma_does_not_make_two_vias),
        cmocka_unit_test(malformed_messages_are_bad),
        cmocka_unit_test(a_nul_is_bad_in_the_head_and_free_in_the_body),
        cmocka_unit_test(no_prefix_of_an_answer_is_ours),
        cmocka_unit_test(a_status_line_needs_no_phrase),
        cmocka_unit_test(octets_behind_the_body_are_dropped),
        cmocka_unit_test(retry_after_is_read_with_comment_and_parameters),
        cmocka_unit_test(an_unreadable_retry_after_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
