/* A stream cut into messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/sip_framer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OK_2 "SIP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"
#define BUSY_0 "SIP/2.0 503 Busy\r\nl: 0\r\n\r\n"

/* What a stream, fed in pieces of this size, is cut into: "200 503", "200 bad", "200 ..." with "..." for a beginning that waits. */
static const char *cut(const char *stream, size_t len, size_t piece)
{
    static char out[256];
    struct sip_framer framer = {0};
    struct sip_message message;
    size_t at = 0, used = 0;
    enum sip_kind kind = SIP_INCOMPLETE;
    out[0] = 0;
    while (at < len && kind != SIP_BAD) {
        size_t room;
        char *to = sip_framer_room(&framer, &room);
        size_t take = len - at < piece ? len - at : piece;
        assert_true(room > 0);
        take = take < room ? take : room;
        memcpy(to, stream + at, take);
        sip_framer_add(&framer, take);
        at += take;
        while ((kind = sip_framer_next(&framer, &message)) == SIP_RESPONSE || kind == SIP_OTHER)
            used += (size_t)snprintf(out + used, sizeof out - used, "%s%u", used ? " " : "", message.status);
    }
    if (kind == SIP_BAD)
        snprintf(out + used, sizeof out - used, "%sbad", used ? " " : "");
    else if (sip_framer_partial(&framer))
        snprintf(out + used, sizeof out - used, "%s...", used ? " " : "");
    sip_framer_release(&framer);
    return out;
}

static void assert_cut(const char *stream, const char *expected)
{
    static const size_t pieces[] = {1, 2, 7, 100, SIP_STREAM_MAX};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        assert_string_equal(cut(stream, strlen(stream), pieces[i]), expected);
}

static void messages_are_cut_wherever_the_pieces_end(void **state)
{
    (void)state;
    assert_cut(OK_2, "200");
    assert_cut(OK_2 BUSY_0 OK_2, "200 503 200");
    assert_cut("", "");
}

static void keep_alives_between_messages_are_skipped(void **state)
{
    (void)state;
    assert_cut("\r\n\r\n", "");
    assert_cut("\r\n\r\n" OK_2 "\r\n" BUSY_0 "\r\n\r\n", "200 503");
}

static void requests_are_cut_out_too(void **state)
{
    (void)state;
    assert_cut("OPTIONS sip:us SIP/2.0\r\nContent-Length: 0\r\n\r\n" OK_2, "0 200");
}

static void a_part_waits_for_the_rest(void **state)
{
    (void)state;
    assert_cut("SIP/2.0 200 OK\r\nContent-Le", "...");
    assert_cut(OK_2 "SI", "200 ...");
    assert_cut("SIP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nhi", "..."); /* a length that promises too much */
}

static void other_protocols_are_found_out_by_their_first_line(void **state)
{
    (void)state;
    assert_cut("HTTP/1.1 400 Bad Request\r\nServer: x\r\n", "bad");
    assert_cut("220 mail ESMTP\r\n", "bad");
    assert_cut("SSH-2.0-OpenSSH_9.2\r\n", "bad");
}

static void a_length_too_short_makes_the_rest_nonsense(void **state)
{
    (void)state;
    assert_cut("SIP/2.0 200 OK\r\nContent-Length: 1\r\n\r\nhi there\r\n", "200 bad");
}

static void a_stream_message_needs_a_length(void **state)
{
    (void)state;
    assert_cut("SIP/2.0 200 OK\r\nServer: x\r\n\r\n", "bad");
    assert_cut("SIP/2.0 200 OK\r\nContent-Length: 16384\r\n\r\n", "bad");
    assert_cut("SIP/2.0 200 OK\r\nContent-Length: 4294967296\r\n\r\n", "bad");
}

static void control_characters_are_nonsense_at_once(void **state)
{
    (void)state;
    assert_string_equal(cut("\0", 1, 1), "bad");
    assert_string_equal(cut("\x16\x03\x01", 3, 3), "bad"); /* TLS */
    assert_string_equal(cut("SIP/2.0 200 OK\r\nX: \0", 20, 4), "bad");
}

/* A message of exactly this many octets in all. */
static char *message_of(size_t size)
{
    char *text = malloc(size + 1);
    const int head = snprintf(text, size + 1, "SIP/2.0 200 OK\r\nContent-Length: %zu\r\n\r\n", size - 41);
    assert_int_equal(head, 41);
    memset(text + head, 'x', size - (size_t)head);
    return text;
}

static void the_largest_message_fits_and_one_more_octet_does_not(void **state)
{
    (void)state;
    char *fits = message_of(SIP_STREAM_MAX), *over = message_of(SIP_STREAM_MAX + 1);
    assert_string_equal(cut(fits, SIP_STREAM_MAX, 1000), "200");
    assert_string_equal(cut(over, SIP_STREAM_MAX + 1, 1000), "bad");
    free(fits);
    free(over);
}

static void an_endless_head_is_given_up(void **state)
{
    (void)state;
    const size_t size = 2 * SIP_STREAM_MAX;
    char *text = malloc(size);
    memset(text, 'x', size);
    assert_string_equal(cut(text, size, 1000), "bad");
    free(text);
}

static void a_cleared_framer_starts_anew(void **state)
{
    (void)state;
    struct sip_framer framer = {0};
    struct sip_message message;
    size_t room;
    memcpy(sip_framer_room(&framer, &room), "SIP/2.0 2", 9);
    sip_framer_add(&framer, 9);
    assert_int_equal(sip_framer_next(&framer, &message), SIP_INCOMPLETE);
    sip_framer_clear(&framer);
    assert_false(sip_framer_partial(&framer));
    memcpy(sip_framer_room(&framer, &room), BUSY_0, strlen(BUSY_0));
    sip_framer_add(&framer, strlen(BUSY_0));
    assert_int_equal(sip_framer_next(&framer, &message), SIP_RESPONSE);
    assert_int_equal(message.status, 503);
    sip_framer_release(&framer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_cut_wherever_the_pieces_end),
        cmocka_unit_test(keep_alives_between_messages_are_skipped),
        cmocka_unit_test(requests_are_cut_out_too),
        cmocka_unit_test(a_part_waits_for_the_rest),
        cmocka_unit_test(other_protocols_are_found_out_by_their_first_line),
        cmocka_unit_test(a_length_too_short_makes_the_rest_nonsense),
        cmocka_unit_test(a_stream_message_needs_a_length),
        cmocka_unit_test(control_characters_are_nonsense_at_once),
        cmocka_unit_test(the_largest_message_fits_and_one_more_octet_does_not),
        cmocka_unit_test(an_endless_head_is_given_up),
        cmocka_unit_test(a_cleared_framer_starts_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
