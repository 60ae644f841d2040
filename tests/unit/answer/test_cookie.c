/* What a cookie in a query does to its answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "example_world.h"
#include "world.h"

enum { NOW_S = 1700000000, OPTION_WHOLE = OPTION_HEADER + COOKIE_WHOLE };

static const struct siphash_keys secrets = {.count = 1, .keys = {{.octets = {1, 2, 3}}}};
static const uint8_t client_part[COOKIE_CLIENT] = "client!";
static struct test_world t;
static struct addr peer;

struct reply_text {
    uint8_t octets[MESSAGE_MAX];
    size_t len;
    unsigned rcode; /* the whole extended one */
    struct answered answered;
    const uint8_t *cookie; /* NULL when there is none */
};

static int setup(void **state)
{
    (void)state;
    addr_parse("192.0.2.1", &peer);
    if (test_setup(&t, example_files) != 0)
        return -1;
    snapshot_set_cookies(t.snapshot, &secrets);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_release(&t, example_files);
    return 0;
}

/* A query for web.sip.test. A (name NULL: for nothing) with a cookie option of these octets (NULL: OPT without). */
static void ask(const char *name, const uint8_t *cookie, size_t len, const struct asker *how, struct reply_text *ret_reply)
{
    uint8_t packet[512], wire[NAME_OCTETS];
    struct writer w = writer_over(packet, sizeof packet);
    write_u32(&w, 0x12340000);
    write_u16(&w, name != NULL);
    write_u32(&w, 0);
    write_u16(&w, 1);
    if (name) {
        write_bytes(&w, wire, name_from_text(name, wire));
        write_u32(&w, TYPE_A << 16 | CLASS_IN);
    }
    write_bytes(&w, "\0\0\51\2\0\0\0\0\0", 9);
    write_u16(&w, (uint16_t)(cookie ? OPTION_HEADER + len : 0));
    if (cookie) {
        write_u16(&w, OPTION_COOKIE);
        write_u16(&w, (uint16_t)len);
        write_bytes(&w, cookie, len);
    }
    struct asker asker = *how;
    asker.peer = &peer;
    asker.now_s = NOW_S;
    struct reply_text *r = ret_reply;
    r->len = answer_query(t.snapshot, packet, writer_len(&w), &asker, r->octets, asker.channel == CHANNEL_UDP ? UDP_CAP : MESSAGE_MAX,
                          &r->answered);
    assert_true(r->len > 0);
    const uint8_t *last = r->octets + r->len - OPTION_WHOLE;
    r->cookie = r->len > OPTION_WHOLE + OPT_LEN && get_u16(last) == OPTION_COOKIE ? last + OPTION_HEADER : NULL;
    r->rcode = (r->octets[3] & 15u) | (r->cookie ? (unsigned)last[-OPT_LEN + 5] << 4 : 0);
}

static const struct asker udp = {.channel = CHANNEL_UDP}, tcp = {.channel = CHANNEL_TCP}, brief = {.channel = CHANNEL_UDP, .brief = true};

static void learn(uint8_t out[COOKIE_WHOLE])
{
    struct reply_text r;
    ask("web.sip.test.", client_part, sizeof client_part, &udp, &r);
    assert_non_null(r.cookie);
    memcpy(out, r.cookie, COOKIE_WHOLE);
}

static void a_client_part_is_answered_with_a_cookie_that_is_then_good(void **state)
{
    struct reply_text r;
    uint8_t cookie[COOKIE_WHOLE];
    (void)state;
    learn(cookie);
    assert_memory_equal(cookie, client_part, sizeof client_part);
    ask("web.sip.test.", cookie, sizeof cookie, &udp, &r);
    assert_int_equal(r.answered.cookie, COOKIE_GOOD);
    assert_int_equal(r.rcode, RCODE_NOERROR);
    assert_int_equal(get_u16(r.octets + 6), 1);
    assert_memory_equal(r.cookie, cookie, sizeof cookie);
}

static void a_wrong_cookie_is_answered_all_the_same_with_a_fresh_one(void **state)
{
    struct reply_text r;
    uint8_t cookie[COOKIE_WHOLE], forged[COOKIE_CLIENT + COOKIE_SERVER_MAX] = "client!";
    const struct asker *const ways[] = {&udp, &tcp};
    (void)state;
    learn(cookie);
    for (unsigned i = 0; i < 2; i++) {
        ask("web.sip.test.", forged, sizeof forged, ways[i], &r);
        assert_int_equal(r.answered.cookie, COOKIE_WRONG);
        assert_int_equal(r.rcode, RCODE_NOERROR);
        assert_int_equal(get_u16(r.octets + 6), 1);
        assert_memory_equal(r.cookie, cookie, sizeof cookie);
    }
}

static void no_cookie_in_none_out(void **state)
{
    struct reply_text r;
    (void)state;
    ask("web.sip.test.", NULL, 0, &udp, &r);
    assert_null(r.cookie);
    assert_int_equal(r.answered.cookie, COOKIE_NONE);
}

static void errors_and_missing_names_carry_the_cookie_too(void **state)
{
    struct reply_text r;
    (void)state;
    ask("missing.sip.test.", client_part, sizeof client_part, &udp, &r);
    assert_int_equal(r.rcode, RCODE_NXDOMAIN);
    assert_non_null(r.cookie);
    ask("elsewhere.example.", client_part, sizeof client_part, &udp, &r);
    assert_int_equal(r.rcode, RCODE_REFUSED);
    assert_non_null(memmem(r.octets, r.len, "\0\12\0\30client!", 11)); /* behind it may stand a reason */
}

/* RFC 7873 5.4 */
static void a_query_for_a_cookie_alone_gets_one_and_no_question(void **state)
{
    struct reply_text r;
    uint8_t cookie[COOKIE_WHOLE];
    (void)state;
    ask(NULL, client_part, sizeof client_part, &udp, &r);
    assert_int_equal(r.rcode, RCODE_NOERROR);
    assert_int_equal(get_u16(r.octets + 4), 0);
    assert_int_equal(r.len, HEADER_LEN + OPT_LEN + OPTION_WHOLE);
    memcpy(cookie, r.cookie, sizeof cookie);
    ask(NULL, cookie, sizeof cookie, &udp, &r);
    assert_int_equal(r.rcode, RCODE_NOERROR);
    cookie[20] ^= 1;
    ask(NULL, cookie, sizeof cookie, &udp, &r);
    assert_int_equal(r.rcode, RCODE_BADCOOKIE);
    assert_true(r.answered.badcookie);
    assert_int_equal(r.len, HEADER_LEN + OPT_LEN + OPTION_WHOLE);
}

static void a_brief_answer_is_badcookie_or_tc(void **state)
{
    struct reply_text r;
    uint8_t cookie[COOKIE_WHOLE], wrong[COOKIE_WHOLE] = {1};
    (void)state;
    learn(cookie);
    ask("web.sip.test.", client_part, sizeof client_part, &brief, &r);
    assert_int_equal(r.rcode, RCODE_BADCOOKIE);
    assert_int_equal(get_u16(r.octets + 6), 0);
    assert_memory_equal(r.cookie, cookie, sizeof cookie);
    assert_false(r.answered.truncated);
    ask("web.sip.test.", wrong, sizeof wrong, &brief, &r);
    assert_int_equal(r.rcode, RCODE_BADCOOKIE);
    ask("web.sip.test.", NULL, 0, &brief, &r);
    assert_true(r.answered.truncated);
    assert_int_equal(r.octets[2] & 2, 2);
    assert_int_equal(get_u16(r.octets + 6), 0);
}

static void switched_off_no_cookie_is_known(void **state)
{
    struct reply_text r;
    const struct siphash_keys none = {0};
    (void)state;
    snapshot_set_cookies(t.snapshot, &none);
    ask("web.sip.test.", client_part, sizeof client_part, &udp, &r);
    assert_null(r.cookie);
    assert_int_equal(get_u16(r.octets + 6), 1);
    ask(NULL, client_part, sizeof client_part, &udp, &r);
    assert_int_equal(r.octets[3] & 15, RCODE_FORMERR);
    snapshot_set_cookies(t.snapshot, &secrets);
}

/* A client that takes 512 octets: with its cookie the answer still ends there. */
static void the_answer_with_a_cookie_stays_within_the_clients_size(void **state)
{
    struct reply_text r;
    (void)state;
    static const char *const names[] = {"sip.test.", "web.sip.test.", "missing.sip.test.", "stat.sip.test.", "x.deleg.sip.test."};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ask(names[i], client_part, sizeof client_part, &udp, &r);
        assert_non_null(r.cookie);
        assert_in_range(r.len, 1, UDP_DEFAULT);
    }
}

static void a_valid_cookie_is_known_before_the_answer(void **state)
{
    uint8_t packet[] = "\x12\x34\0\0\0\0\0\0\0\0\0\1\0\0\51\2\0\0\0\0\0\0\34\0\12\0\30cccccccccccccccccccccccc";
    const size_t len = sizeof packet - 1;
    struct addr other;
    (void)state;
    assert_false(answer_knows(t.snapshot, packet, len, &peer, NOW_S));
    learn(packet + len - COOKIE_WHOLE);
    assert_true(answer_knows(t.snapshot, packet, len, &peer, NOW_S));
    assert_false(answer_knows(t.snapshot, packet, len - 1, &peer, NOW_S));
    addr_parse("192.0.2.2", &other);
    assert_false(answer_knows(t.snapshot, packet, len, &other, NOW_S));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_part_is_answered_with_a_cookie_that_is_then_good),
        cmocka_unit_test(a_wrong_cookie_is_answered_all_the_same_with_a_fresh_one),
        cmocka_unit_test(no_cookie_in_none_out),
        cmocka_unit_test(errors_and_missing_names_carry_the_cookie_too),
        cmocka_unit_test(a_query_for_a_cookie_alone_gets_one_and_no_question),
        cmocka_unit_test(a_brief_answer_is_badcookie_or_tc),
        cmocka_unit_test(switched_off_no_cookie_is_known),
        cmocka_unit_test(the_answer_with_a_cookie_stays_within_the_clients_size),
        cmocka_unit_test(a_valid_cookie_is_known_before_the_answer),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
