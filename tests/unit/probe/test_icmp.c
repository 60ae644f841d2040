/* ICMP echo: its octets, and the engine against this machine's own loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "peer.h"
#include "probe/icmp_echo.h"

enum { PATIENCE_MS = 5000 };

static const struct echo asked = {.id = 0x0102, .sequence = 0x0304, .slot = 7, .token = 0x1122334455667788};

static void answered(enum family family, uint8_t out[ECHO_OCTETS])
{
    echo_write(family, &asked, out);
    out[0] = family == FAMILY_V4 ? ECHO_REPLY_V4 : ECHO_REPLY_V6;
}

static void a_request_has_its_checksum(void **state)
{
    (void)state;
    uint8_t octets[ECHO_OCTETS];
    uint32_t sum = 0;
    echo_write(FAMILY_V4, &asked, octets);
    for (size_t i = 0; i < sizeof octets; i += 2)
        sum += get_u16(octets + i);
    assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
    assert_int_equal(octets[0], 8);
    echo_write(FAMILY_V6, &asked, octets);
    assert_int_equal(octets[0], 128);
    assert_int_equal(get_u16(octets + 2), 0);
}

static void a_reply_brings_back_what_was_sent(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        uint8_t octets[ECHO_OCTETS];
        struct echo echo;
        answered(v6 ? FAMILY_V6 : FAMILY_V4, octets);
        assert_true(echo_read(v6 ? FAMILY_V6 : FAMILY_V4, reader_over(octets, sizeof octets), &echo));
        assert_memory_equal(&echo, &asked, sizeof echo);
    }
}

static void all_other_messages_are_none(void **state)
{
    (void)state;
    uint8_t octets[ECHO_OCTETS];
    struct echo echo;
    echo_write(FAMILY_V4, &asked, octets);
    assert_false(echo_read(FAMILY_V4, reader_over(octets, sizeof octets), &echo)); /* a request */
    answered(FAMILY_V4, octets);
    for (size_t cut = 0; cut < sizeof octets; cut++)
        assert_false(echo_read(FAMILY_V4, reader_over(octets, cut), &echo));
    octets[8] ^= 1; /* not our mark */
    assert_false(echo_read(FAMILY_V4, reader_over(octets, sizeof octets), &echo));
}

static void an_ip_header_is_stepped_over_with_its_options(void **state)
{
    (void)state;
    uint8_t packet[32] = {0x46};
    struct reader whole = reader_over(packet, sizeof packet), cut = reader_over(packet, 23);
    assert_true(echo_skip_ip(&whole));
    assert_int_equal(reader_left(&whole), 8);
    assert_false(echo_skip_ip(&cut));
    static const uint8_t wrong[] = {0x44, 0x65, 0x00};
    for (size_t i = 0; i < sizeof wrong; i++) {
        packet[0] = wrong[i];
        struct reader r = reader_over(packet, sizeof packet);
        assert_false(echo_skip_ip(&r));
    }
}

/* Two checks at once through the one socket. */
static void hosts_answer_through_one_socket(void **state)
{
    (void)state;
    static const struct hostport hosts[] = {{.addr = {FAMILY_V4, {127, 0, 0, 1}}}, {.addr = {FAMILY_V4, {127, 9, 8, 7}}}};
    struct ear *ear = ear_new();
    struct error err;
    struct probe_engine *engine = probe_engine_new(ear_hear, ear, &err);
    struct check checks[2];
    assert_non_null(engine);
    for (size_t i = 0; i < 2; i++) {
        checks[i] = check_of(TRANSPORT_UDP, &hosts[i]);
        checks[i].probe.type = PROBE_ICMP;
        checks[i].probe.timeout_ms = 3000;
    }
    probe_engine_set(engine, checks, 2, 1);
    assert_true(ear_wait(ear, 4, PATIENCE_MS) >= 4);
    for (size_t i = 0; i < 4; i++) {
        const struct check_result result = ear_result(ear, i);
        if (result.last.reason == REASON_LOCAL) { /* neither ping sockets nor raw ones are allowed here */
            assert_non_null(strstr(result.last.detail, "net.ipv4.ping_group_range"));
            continue;
        }
        assert_int_equal(result.last.outcome, OUTCOME_ALIVE);
        assert_true(result.last.rtt_us > 0);
    }
    probe_engine_free(engine);
    free(ear);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_has_its_checksum),      cmocka_unit_test(a_reply_brings_back_what_was_sent),
        cmocka_unit_test(all_other_messages_are_none),     cmocka_unit_test(an_ip_header_is_stepped_over_with_its_options),
        cmocka_unit_test(hosts_answer_through_one_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
