#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/cookie.h"
#include "dns/message.h"

#include <stdio.h>
#include <stdlib.h>

static void octets_of(const char *hex, uint8_t *out)
{
    for (; *hex; hex += 2) {
        const char pair[] = {hex[0], hex[1], 0};
        *out++ = (uint8_t)strtoul(pair, NULL, 16);
    }
}

static struct siphash_keys secrets_of(const char *first, const char *second)
{
    struct siphash_keys keys = {.count = second ? 2 : 1};
    octets_of(first, keys.keys[0].octets);
    if (second)
        octets_of(second, keys.keys[1].octets);
    return keys;
}

static struct addr addr_of(const char *text)
{
    struct addr addr;
    assert_true(addr_parse(text, &addr));
    return addr;
}

#define SECRET "e5e973e5a6b2a43f48e7dc849e37bfcf"
#define CLIENT "2464c4abcf10c957"
#define FIRST CLIENT "010000005cf79f111f8130c3eee29480"
enum { FIRST_S = 0x5cf79f11 };

/* The appendix of RFC 9018, A.1 to A.4: what came, from whom, when, and what goes back. */
static void the_examples_of_rfc_9018_come_out(void **state)
{
    static const struct {
        const char *secret, *older, *client, *sent;
        enum cookie judged;
        uint32_t now_s;
        const char *made;
    } examples[] = {
        {SECRET, NULL, "198.51.100.100", CLIENT, COOKIE_CLIENT_ONLY, FIRST_S, FIRST},
        {SECRET, NULL, "198.51.100.100", FIRST, COOKIE_OLD, 0x5cf7a871, CLIENT "010000005cf7a871d4a564a1442aca77"},
        /* the reserved octets count as they came; by the time of the example's answer the cookie is too old, and a client's part alone */
        {SECRET, NULL, "203.0.113.203", "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", COOKIE_GOOD, 0x5cf78f71, NULL},
        {SECRET, NULL, "203.0.113.203", "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", COOKIE_WRONG, 0x5cf7a9ac,
         "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e"},
        {"445536bcd2513298075a5d379663c962", "dd3bdf9344b678b185a6f5cb60fca715", "2001:db8:220:1:59de:d0f4:8769:82b8",
         "22681ab97d52c298010000005cf7c57926556bd0934c72f8", COOKIE_OLD, 0x5cf7c609, "22681ab97d52c298010000005cf7c609a6bb79d16625507a"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        uint8_t sent[64], expected[64], made[COOKIE_WHOLE];
        const struct siphash_keys secrets = secrets_of(examples[i].secret, examples[i].older);
        const struct addr client = addr_of(examples[i].client);
        octets_of(examples[i].sent, sent);
        assert_int_equal(cookie_judge(&secrets, sent, strlen(examples[i].sent) / 2, &client, examples[i].now_s), examples[i].judged);
        if (!examples[i].made)
            continue;
        octets_of(examples[i].made, expected);
        cookie_make(&secrets, sent, &client, examples[i].now_s, made);
        assert_memory_equal(made, expected, COOKIE_WHOLE);
    }
}

static enum cookie judge_first(int32_t after_s)
{
    uint8_t cookie[COOKIE_WHOLE];
    const struct siphash_keys secrets = secrets_of(SECRET, NULL);
    const struct addr client = addr_of("198.51.100.100");
    octets_of(FIRST, cookie);
    return cookie_judge(&secrets, cookie, sizeof cookie, &client, (uint32_t)(FIRST_S + after_s));
}

static void a_cookie_is_valid_from_five_minutes_before_to_an_hour_after_and_renewed_after_half_an_hour(void **state)
{
    (void)state;
    assert_int_equal(judge_first(-COOKIE_FUTURE_S - 1), COOKIE_WRONG);
    assert_int_equal(judge_first(-COOKIE_FUTURE_S), COOKIE_GOOD);
    assert_int_equal(judge_first(0), COOKIE_GOOD);
    assert_int_equal(judge_first(COOKIE_RENEW_S), COOKIE_GOOD);
    assert_int_equal(judge_first(COOKIE_RENEW_S + 1), COOKIE_OLD);
    assert_int_equal(judge_first(COOKIE_PAST_S), COOKIE_OLD);
    assert_int_equal(judge_first(COOKIE_PAST_S + 1), COOKIE_WRONG);
}

static void the_time_may_wrap_around(void **state)
{
    uint8_t cookie[COOKIE_WHOLE] = {1};
    const struct siphash_keys secrets = secrets_of(SECRET, NULL);
    const struct addr client = addr_of("192.0.2.1");
    (void)state;
    cookie_make(&secrets, cookie, &client, UINT32_MAX - 10, cookie);
    assert_int_equal(cookie_judge(&secrets, cookie, sizeof cookie, &client, 5), COOKIE_GOOD);
}

static void whatever_is_changed_the_cookie_is_wrong(void **state)
{
    const struct siphash_keys secrets = secrets_of(SECRET, NULL), other = secrets_of("00000000000000000000000000000001", NULL);
    const struct addr client = addr_of("198.51.100.100"), neighbour = addr_of("198.51.100.101");
    uint8_t cookie[COOKIE_WHOLE];
    (void)state;
    octets_of(FIRST, cookie);
    for (size_t bit = 0; bit < sizeof cookie * 8; bit++) {
        cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(cookie_judge(&secrets, cookie, sizeof cookie, &client, FIRST_S), COOKIE_WRONG);
        cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(cookie_judge(&secrets, cookie, sizeof cookie, &client, FIRST_S), COOKIE_GOOD);
    assert_int_equal(cookie_judge(&secrets, cookie, sizeof cookie, &neighbour, FIRST_S), COOKIE_WRONG);
    assert_int_equal(cookie_judge(&other, cookie, sizeof cookie, &client, FIRST_S), COOKIE_WRONG);
    for (size_t len = COOKIE_CLIENT + COOKIE_SERVER_MIN; len <= COOKIE_CLIENT + COOKIE_SERVER_MAX; len++) {
        uint8_t longer[COOKIE_CLIENT + COOKIE_SERVER_MAX] = {0};
        memcpy(longer, cookie, sizeof cookie);
        assert_int_equal(cookie_judge(&secrets, longer, len, &client, FIRST_S), len == COOKIE_WHOLE ? COOKIE_GOOD : COOKIE_WRONG);
    }
}

static void what_an_older_secret_made_is_accepted_and_made_anew(void **state)
{
    uint8_t cookie[COOKIE_WHOLE];
    const struct siphash_keys rolled = secrets_of("00000000000000000000000000000001", SECRET);
    const struct addr client = addr_of("198.51.100.100");
    (void)state;
    octets_of(FIRST, cookie);
    assert_int_equal(cookie_judge(&rolled, cookie, sizeof cookie, &client, FIRST_S), COOKIE_OLD);
    cookie_make(&rolled, cookie, &client, FIRST_S, cookie);
    assert_int_equal(cookie_judge(&rolled, cookie, sizeof cookie, &client, FIRST_S), COOKIE_GOOD);
}

/* A query for "a." A IN, or for nothing, with an OPT record of these options. */
static unsigned rcode_of(unsigned questions, const uint8_t *options, size_t len, struct query *ret_query)
{
    static uint8_t packet[512]; /* the query points into it */
    struct writer w = writer_over(packet, sizeof packet);
    write_u32(&w, 0x00010000);
    write_u16(&w, (uint16_t)questions);
    write_u32(&w, 0);
    write_u16(&w, 1);
    write_bytes(&w, "\1a\0\0\1\0\1", questions ? 7 : 0);
    write_bytes(&w, "\0\0\51\4\320\0\0\0\0", 9);
    write_u16(&w, (uint16_t)len);
    write_bytes(&w, options, len);
    assert_true(query_parse(packet, writer_len(&w), ret_query));
    return ret_query->rcode;
}

static void only_8_and_16_to_40_octets_are_a_cookie(void **state)
{
    (void)state;
    for (uint8_t len = 0; len < 60; len++) {
        uint8_t option[64] = {0, OPTION_COOKIE, 0, len};
        struct query query;
        const bool sound = len == 8 || (len >= 16 && len <= 40);
        assert_int_equal(rcode_of(1, option, 4u + len, &query), sound ? RCODE_NOERROR : RCODE_FORMERR);
        assert_int_equal(query.cookie != NULL, sound);
        if (sound)
            assert_int_equal(query.cookie_len, len);
    }
}

static void of_two_cookies_the_first_counts_and_the_other_is_ignored(void **state)
{
    static const uint8_t two[] = {0, 10, 0, 8, 'f', 'i', 'r', 's', 't', 0, 0, 0, 0, 10, 0, 3, 'b', 'a', 'd'};
    struct query query;
    (void)state;
    assert_int_equal(rcode_of(1, two, sizeof two, &query), RCODE_NOERROR);
    assert_memory_equal(query.cookie, "first", 5);
}

static void a_query_without_a_question_needs_a_cookie(void **state)
{
    static const uint8_t cookie[] = {0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8}, nsid[] = {0, 3, 0, 0};
    struct query query;
    (void)state;
    assert_int_equal(rcode_of(0, cookie, sizeof cookie, &query), RCODE_NOERROR);
    assert_false(query.has_question);
    assert_int_equal(rcode_of(0, nsid, sizeof nsid, &query), RCODE_FORMERR);
    assert_int_equal(rcode_of(0, cookie, 0, &query), RCODE_FORMERR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc_9018_come_out),
        cmocka_unit_test(a_cookie_is_valid_from_five_minutes_before_to_an_hour_after_and_renewed_after_half_an_hour),
        cmocka_unit_test(the_time_may_wrap_around),
        cmocka_unit_test(whatever_is_changed_the_cookie_is_wrong),
        cmocka_unit_test(what_an_older_secret_made_is_accepted_and_made_anew),
        cmocka_unit_test(only_8_and_16_to_40_octets_are_a_cookie),
        cmocka_unit_test(of_two_cookies_the_first_counts_and_the_other_is_ignored),
        cmocka_unit_test(a_query_without_a_question_needs_a_cookie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
