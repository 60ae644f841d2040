/* What the transport adds to an answer: edns-tcp-keepalive over TCP and TLS, padding over TLS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "example_world.h"
#include "world.h"

enum { BLOCK = 468, IDLE_DS = 123 };

static struct test_world t;
static uint8_t out[MESSAGE_MAX];

static int setup(void **state)
{
    (void)state;
    return test_setup(&t, example_files);
}

static int teardown(void **state)
{
    (void)state;
    test_release(&t, example_files);
    return 0;
}

/* Asks with these options; returns the answer's length. */
static size_t ask(const char *name, enum channel channel, const void *options, size_t options_len, size_t room)
{
    uint8_t packet[1024];
    const struct addr peer = {.family = FAMILY_V4, .bytes = {127, 0, 0, 1}};
    const struct asker asker = {.peer = &peer, .channel = channel, .idle_ds = IDLE_DS};
    struct answered answered;
    const size_t len = make_query(&(struct asked){.name = name, .type = TYPE_A}, packet, sizeof packet);
    struct writer w = writer_over(packet + len, sizeof packet - len);
    put_u16(packet + 10, 1);
    write_bytes(&w, "\0\0\51\4\320\0\0\0\0", 9);
    write_u16(&w, (uint16_t)options_len);
    write_bytes(&w, options, options_len);
    return answer_query(t.snapshot, packet, len + writer_len(&w), &asker, out, room, &answered);
}

/* The answer's option of this code, or NULL; OPT is the last record, and its owner is the root. */
static const uint8_t *option(size_t len, uint16_t code, uint16_t *ret_len, bool *ret_last)
{
    struct reader r = reader_over(out, len);
    read_span(&r, HEADER_LEN);
    const unsigned records = get_u16(out + 6) + get_u16(out + 8) + get_u16(out + 10);
    uint8_t name[NAME_OCTETS];
    name_read(&r, name);
    read_span(&r, 4);
    for (unsigned i = 0; i + 1 < records; i++) {
        while (r.at < r.end && *r.at && *r.at < 0xc0)
            read_span(&r, 1 + (size_t)*r.at);
        read_span(&r, *r.at ? 10 : 9);
        read_span(&r, read_u16(&r));
    }
    read_span(&r, 9);
    const uint16_t options_len = read_u16(&r);
    assert_int_equal(options_len, reader_left(&r));
    while (reader_left(&r) > 0) {
        const uint16_t this = read_u16(&r), this_len = read_u16(&r);
        const uint8_t *at = read_span(&r, this_len);
        assert_non_null(at);
        *ret_len = this_len;
        *ret_last = reader_left(&r) == 0;
        if (this == code)
            return at;
    }
    return NULL;
}

static unsigned rcode(void)
{
    return out[3] & 15;
}

#define KEEPALIVE "\0\13\0\0"
#define PADDING "\0\14\0\3\0\0\0"

static void keepalive_is_answered_over_streams_and_ignored_over_udp(void **state)
{
    uint16_t len;
    bool last;
    (void)state;
    for (unsigned channel = CHANNEL_TCP; channel <= CHANNEL_TLS; channel++) {
        const uint8_t *at = option(ask("web.sip.test.", channel, KEEPALIVE, 4, MESSAGE_MAX), OPTION_KEEPALIVE, &len, &last);
        assert_non_null(at);
        assert_int_equal(len, 2);
        assert_int_equal(get_u16(at), IDLE_DS);
        assert_null(option(ask("web.sip.test.", channel, "", 0, MESSAGE_MAX), OPTION_KEEPALIVE, &len, &last));
    }
    assert_null(option(ask("web.sip.test.", CHANNEL_UDP, KEEPALIVE, 4, UDP_CAP), OPTION_KEEPALIVE, &len, &last));
}

/* RFC 7828 3.2.1: a client gives none; 3.3.1: over UDP the option is ignored, whatever it holds. */
static void a_clients_timeout_is_formerr_but_over_udp(void **state)
{
    static const char wrong[][8] = {"\0\13\0\2\0\144", "\0\13\0\1\0"};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        const size_t len = i ? 5 : 6;
        ask("web.sip.test.", CHANNEL_TCP, wrong[i], len, MESSAGE_MAX);
        assert_int_equal(rcode(), RCODE_FORMERR);
        ask("web.sip.test.", CHANNEL_TLS, wrong[i], len, MESSAGE_MAX);
        assert_int_equal(rcode(), RCODE_FORMERR);
        ask("web.sip.test.", CHANNEL_UDP, wrong[i], len, UDP_CAP);
        assert_int_equal(rcode(), RCODE_NOERROR);
    }
}

static void padding_fills_blocks_over_tls_only_and_comes_last(void **state)
{
    static const char *const names[] = {"web.sip.test.", "sip.test.", "no.sip.test.", "elsewhere.", "x.deleg.sip.test."};
    uint16_t option_len;
    bool last;
    (void)state;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        const size_t len = ask(names[i], CHANNEL_TLS, PADDING KEEPALIVE "\0\3\0\0", 15, MESSAGE_MAX);
        assert_int_equal(len % BLOCK, 0);
        const uint8_t *at = option(len, OPTION_PADDING, &option_len, &last);
        assert_non_null(at);
        assert_true(last);
        for (unsigned k = 0; k < option_len; k++)
            assert_int_equal(at[k], 0);
        assert_null(option(ask(names[i], CHANNEL_TCP, PADDING, 7, MESSAGE_MAX), OPTION_PADDING, &option_len, &last));
        assert_null(option(ask(names[i], CHANNEL_UDP, PADDING, 7, UDP_CAP), OPTION_PADDING, &option_len, &last));
        assert_null(option(ask(names[i], CHANNEL_TLS, "", 0, MESSAGE_MAX), OPTION_PADDING, &option_len, &last));
    }
}

/* RFC 8467 4.1: to the block, but not beyond what a message may be. */
static void padding_ends_where_a_message_must(void **state)
{
    uint16_t option_len;
    bool last;
    (void)state;
    for (size_t room = UDP_DEFAULT; room < 2 * BLOCK; room += 7) {
        const size_t len = ask("web.sip.test.", CHANNEL_TLS, PADDING, 7, room);
        assert_int_equal(len, BLOCK);
    }
    const size_t bare = ask("web.sip.test.", CHANNEL_TLS, "", 0, MESSAGE_MAX);
    for (size_t room = bare + OPTION_HEADER; room < BLOCK; room += 5) {
        assert_int_equal(ask("web.sip.test.", CHANNEL_TLS, PADDING, 7, room), room);
        assert_non_null(option(room, OPTION_PADDING, &option_len, &last));
        assert_int_equal(option_len, room - bare - OPTION_HEADER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keepalive_is_answered_over_streams_and_ignored_over_udp),
        cmocka_unit_test(a_clients_timeout_is_formerr_but_over_udp),
        cmocka_unit_test(padding_fills_blocks_over_tls_only_and_comes_last),
        cmocka_unit_test(padding_ends_where_a_message_must),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
