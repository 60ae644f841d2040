/* dnstap's frames, octet by octet. What they mean to Debian's own readers is tests/system/test_dnstap.py's to see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tap/dnstap.h"

#include "tap/records.h"

#include <stdlib.h>

static const int64_t some_clock_ns = INT64_C(1700000000000000000); /* the record's times are a second later */

static void a_query_over_udp_has_these_octets(void **state)
{
    (void)state;
    static const uint8_t head[] = {
        0x0a, 3,
        'n',  's',
        '1', /* identity */
        0x12, 1,
        'v',                              /* version */
        0x72, 35 + 2 + sizeof some_query, /* message: */
        0x08, 1,                          /* AUTH_QUERY */
        0x10, 1,                          /* INET */
        0x18, 1,                          /* UDP */
        0x22, 4,
        198,  51,
        100,  7,
        0x2a, 4,
        192,  0,
        2,    53,
        0x30, 0x84,
        0x9f, 0x03,
        0x38, 53, /* addresses, ports */
        0x40, 0x81,
        0xe2, 0xcf,
        0xaa, 0x06, /* 1700000001 s */
        0x4d, 7,
        0,    0,
        0, /* 7 ns */
    };
    struct whole_record whole = some_record(CHANNEL_UDP);
    uint8_t *out = malloc(DNSTAP_FRAME), *at = out;
    const size_t len = dnstap_encode(&whole.record, DNSTAP_AUTH_QUERY, &(struct dnstap_source){"ns1", "v"}, some_clock_ns, out);
    assert_memory_equal(at, head, 10);
    const size_t message = out[9];
    assert_memory_equal(at + 10, head + 10, sizeof head - 10);
    at += sizeof head;
    assert_int_equal(at[0], 0x52); /* query_message */
    assert_int_equal(at[1], sizeof some_query);
    assert_memory_equal(at + 2, some_query, sizeof some_query);
    at += 2 + sizeof some_query;
    assert_int_equal(at - out, 10 + message);
    assert_int_equal(at[0], 0x78); /* MESSAGE */
    assert_int_equal(at[1], 1);
    assert_int_equal(len, at + 2 - out);
    free(out);
}

/* Where the octets stand in the frame; NULL: nowhere. */
static const uint8_t *find(const uint8_t *out, size_t len, const void *octets, size_t octets_len)
{
    return memmem(out, len, octets, octets_len);
}

static void an_answer_has_its_own_time_and_message(void **state)
{
    (void)state;
    struct whole_record whole = some_record(CHANNEL_UDP);
    uint8_t *out = malloc(DNSTAP_FRAME);
    const size_t len = dnstap_encode(&whole.record, DNSTAP_AUTH_RESPONSE, &(struct dnstap_source){"", ""}, some_clock_ns, out);
    static const uint8_t type[] = {0x08, 2}, time[] = {0x60, 0x81, 0xe2, 0xcf, 0xaa, 0x06, 0x6d, 0x40, 0xe2, 0x01, 0x00};
    assert_int_equal(out[0], 0x72); /* no identity, no version */
    assert_memory_equal(out + 2, type, sizeof type);
    assert_non_null(find(out, len, time, sizeof time)); /* 123456 ns */
    assert_non_null(find(out, len, some_answer, sizeof some_answer));
    assert_null(find(out, len, some_query, sizeof some_query));
    free(out);
}

static void tls_is_told_as_dot_and_ipv6_with_16_octets(void **state)
{
    (void)state;
    struct whole_record whole = some_record(CHANNEL_TLS);
    whole.record.client = (struct hostport){{FAMILY_V6, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}}, 1};
    whole.record.server.addr = (struct addr){FAMILY_NONE, {0}};
    uint8_t *out = malloc(DNSTAP_FRAME);
    const size_t len = dnstap_encode(&whole.record, DNSTAP_AUTH_QUERY, &(struct dnstap_source){"", ""}, some_clock_ns, out);
    static const uint8_t ends[] = {0x10, 2, 0x18, 3, 0x22, 16, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x30, 1};
    assert_non_null(find(out, len, ends, sizeof ends)); /* and no address of ours */
    free(out);
}

static void the_largest_message_fits(void **state)
{
    (void)state;
    struct tap_record *record = calloc(1, sizeof *record + 2 * 65535);
    char longest[DNSTAP_LABEL + 1];
    memset(longest, 'x', DNSTAP_LABEL);
    longest[DNSTAP_LABEL] = '\0';
    const struct whole_record some = some_record(CHANNEL_TCP);
    *record = some.record;
    record->query_len = record->answer_len = 65535;
    record->asked_ns = record->answered_ns = UINT64_MAX / 2;
    uint8_t *out = malloc(DNSTAP_FRAME);
    const size_t len = dnstap_encode(record, DNSTAP_AUTH_RESPONSE, &(struct dnstap_source){longest, longest}, some_clock_ns, out);
    assert_true(len > 65535 + 2 * DNSTAP_LABEL && len <= DNSTAP_FRAME);
    free(out);
    free(record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_over_udp_has_these_octets),
        cmocka_unit_test(an_answer_has_its_own_time_and_message),
        cmocka_unit_test(tls_is_told_as_dot_and_ipv6_with_16_octets),
        cmocka_unit_test(the_largest_message_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
