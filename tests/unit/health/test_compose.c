/* An endpoint's health from its checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "health/health.h"

#include <string.h>

static struct health of(enum verdict verdict, uint64_t since_ms)
{
    return (struct health){.verdict = verdict, .reason = REASON_ANSWERED, .since_ms = since_ms};
}

static void without_checks_an_endpoint_is_up(void **state)
{
    (void)state;
    const struct endpoint_health whole = health_compose(NULL, 0, NEED_ALL);
    assert_int_equal(whole.overall, VERDICT_UP);
    assert_int_equal(whole.reason, REASON_NOT_PROBED);
    assert_false(whole.doubt);
    for (unsigned six = 0; six < 2; six++)
        for (unsigned transport = 0; transport < TRANSPORT_COUNT; transport++)
            assert_false(whole.of[six][transport].probed);
}

static void each_check_speaks_for_its_family_and_transport(void **state)
{
    (void)state;
    const struct health up = of(VERDICT_UP, 5), down = of(VERDICT_DOWN, 9);
    const struct health_part parts[] = {{FAMILY_V4, TRANSPORT_UDP, &up, 0}, {FAMILY_V6, TRANSPORT_TLS, &down, 0}};
    const struct endpoint_health whole = health_compose(parts, 2, NEED_ALL);
    assert_true(whole.of[0][TRANSPORT_UDP].probed);
    assert_int_equal(whole.of[0][TRANSPORT_UDP].verdict, VERDICT_UP);
    assert_int_equal(whole.of[0][TRANSPORT_UDP].since_ms, 5);
    assert_true(whole.of[1][TRANSPORT_TLS].probed);
    assert_int_equal(whole.of[1][TRANSPORT_TLS].verdict, VERDICT_DOWN);
    assert_int_equal(whole.of[1][TRANSPORT_TLS].since_ms, 9);
    assert_false(whole.of[0][TRANSPORT_TLS].probed);
    assert_false(whole.of[1][TRANSPORT_UDP].probed);
    assert_int_equal(whole.overall, VERDICT_UP);
    assert_int_equal(whole.since_ms, 5);
}

/* Best first. */
static const enum verdict ladder[] = {VERDICT_UP, VERDICT_UNKNOWN, VERDICT_DRAINING, VERDICT_DOWN};

static void a_facet_is_the_worst_of_its_checks_and_overall_the_best_of_the_facets(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 4; a++) {
        for (unsigned b = 0; b < 4; b++) {
            const struct health one = of(ladder[a], 1), two = of(ladder[b], 2);
            const struct health_part same[] = {{FAMILY_V4, TRANSPORT_TCP, &one, 0}, {FAMILY_V4, TRANSPORT_TCP, &two, 0}};
            const struct health_part apart[] = {{FAMILY_V4, TRANSPORT_TCP, &one, 0}, {FAMILY_V4, TRANSPORT_UDP, &two, 0}};
            assert_int_equal(health_compose(same, 2, NEED_ALL).overall, ladder[a > b ? a : b]);
            assert_int_equal(health_compose(same, 2, NEED_ALL).of[0][TRANSPORT_TCP].verdict, ladder[a > b ? a : b]);
            assert_int_equal(health_compose(apart, 2, NEED_ALL).overall, ladder[a < b ? a : b]);
        }
    }
}

static void the_reason_is_that_of_the_check_that_decided(void **state)
{
    (void)state;
    struct health refused = of(VERDICT_DOWN, 7), timeout = of(VERDICT_DOWN, 3), up = of(VERDICT_UP, 1);
    refused.reason = REASON_REFUSED;
    timeout.reason = REASON_TIMEOUT;
    const struct health_part parts[] = {
        {FAMILY_V4, TRANSPORT_UDP, &refused, 0}, {FAMILY_V4, TRANSPORT_UDP, &timeout, 0}, {FAMILY_V4, TRANSPORT_UDP, &up, 0}};
    const struct endpoint_health whole = health_compose(parts, 3, NEED_ALL);
    assert_int_equal(whole.reason, REASON_TIMEOUT);
    assert_int_equal(whole.of[0][TRANSPORT_UDP].since_ms, 3);
}

static void it_is_up_since_its_first_facet_and_down_since_its_last(void **state)
{
    (void)state;
    const struct health up_early = of(VERDICT_UP, 10), up_late = of(VERDICT_UP, 90);
    const struct health_part up[] = {{FAMILY_V4, TRANSPORT_UDP, &up_late, 0}, {FAMILY_V6, TRANSPORT_UDP, &up_early, 0}};
    assert_int_equal(health_compose(up, 2, NEED_ALL).since_ms, 10);
    const struct health down_early = of(VERDICT_DOWN, 10), down_late = of(VERDICT_DOWN, 90);
    const struct health_part down[] = {{FAMILY_V4, TRANSPORT_UDP, &down_late, 0}, {FAMILY_V6, TRANSPORT_UDP, &down_early, 0}};
    assert_int_equal(health_compose(down, 2, NEED_ALL).since_ms, 90);
}

static void any_check_in_doubt_puts_the_endpoint_in_doubt(void **state)
{
    (void)state;
    struct health sure = of(VERDICT_UP, 1), unsure = of(VERDICT_UP, 1);
    unsure.doubt = true;
    const struct health_part parts[] = {{FAMILY_V4, TRANSPORT_UDP, &sure, 0}, {FAMILY_V4, TRANSPORT_TCP, &unsure, 0}};
    assert_false(health_compose(parts, 1, NEED_ALL).doubt);
    assert_true(health_compose(parts, 2, NEED_ALL).doubt);
}

static struct health held(uint64_t since_ms)
{
    struct health health = of(VERDICT_DOWN, since_ms);
    health.held = true;
    return health;
}

/* Verdicts of the probes that speak for a facet, as letters: up, unknown (?), draining, held down, down. */
static struct health of_letter(char letter, uint64_t since_ms)
{
    return letter == 'u'   ? of(VERDICT_UP, since_ms)
           : letter == '?' ? of(VERDICT_UNKNOWN, since_ms)
           : letter == 'r' ? of(VERDICT_DRAINING, since_ms)
           : letter == 'h' ? held(since_ms)
                           : of(VERDICT_DOWN, since_ms);
}

static void so_many_of_the_probes_must_be_content_as_the_endpoint_needs(void **state)
{
    (void)state;
    static const struct {
        const char *voices;
        unsigned need;
        char facet;
        uint64_t since_ms; /* voices are of 1, 2, 3 ... */
    } cases[] = {
        {"uuu", NEED_ALL, 'u', 3}, {"uuu", 1, 'u', 1},        {"uuu", 2, 'u', 2},    {"uud", NEED_ALL, 'd', 3},
        {"uud", 1, 'u', 1},        {"uud", 2, 'u', 2},        {"uud", 3, 'd', 3},    {"udd", 2, 'd', 3},
        {"ddd", 1, 'd', 3},        {"ddd", NEED_ALL, 'd', 1}, {"ddd", 2, 'd', 2},    {"u?d", 2, '?', 2},
        {"u?d", NEED_ALL, 'd', 3}, {"?d", 1, '?', 1},         {"rd", 1, 'r', 1},     {"urd", 2, 'r', 2},
        {"?r", NEED_ALL, 'r', 2},  {"?r", 1, '?', 1},         {"hd", 1, 'h', 1},     {"hd", NEED_ALL, 'd', 2},
        {"rh", NEED_ALL, 'h', 2},  {"rh", 1, 'r', 1},         {"u", 5, 'u', 1},      {"d", 5, 'd', 1},
        {"ud", 7, 'd', 2},         {"d?ruhu", 1, 'u', 4},     {"d?ruhu", 2, 'u', 6}, {"d?ruhu", 3, '?', 2},
        {"d?ruhu", 4, 'r', 3},     {"d?ruhu", 5, 'h', 5},     {"d?ruhu", 6, 'd', 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct health said[PROBES_PER_ENDPOINT_MAX];
        struct health_part parts[PROBES_PER_ENDPOINT_MAX];
        const size_t count = strlen(cases[i].voices);
        for (unsigned k = 0; k < count; k++) {
            said[k] = of_letter(cases[i].voices[k], k + 1);
            parts[k] = (struct health_part){FAMILY_V6, TRANSPORT_WSS, &said[k], k};
        }
        const struct endpoint_health whole = health_compose(parts, count, cases[i].need);
        const struct facet *facet = &whole.of[1][TRANSPORT_WSS];
        const struct health wanted = of_letter(cases[i].facet, cases[i].since_ms);
        if (facet->verdict != wanted.verdict || facet->held != wanted.held || facet->since_ms != wanted.since_ms)
            fail_msg("%s with need %u: %s%s since %u", cases[i].voices, cases[i].need, verdict_text(facet->verdict),
                     facet->held ? " (held)" : "", (unsigned)facet->since_ms);
        assert_int_equal(whole.overall, wanted.verdict);
        assert_int_equal(whole.held, wanted.held);
    }
}

/* A probe at two addresses is one voice, and not content unless both are. */
static void the_addresses_of_a_probe_are_one_voice(void **state)
{
    (void)state;
    const struct health up = of(VERDICT_UP, 1), down = of(VERDICT_DOWN, 2);
    const struct health_part parts[] = {
        {FAMILY_V4, TRANSPORT_UDP, &up, 0}, {FAMILY_V4, TRANSPORT_UDP, &down, 0}, {FAMILY_V4, TRANSPORT_UDP, &up, 1}};
    assert_int_equal(health_compose(parts, 2, 1).overall, VERDICT_DOWN);
    assert_int_equal(health_compose(parts, 3, 1).overall, VERDICT_UP);
    assert_int_equal(health_compose(parts, 3, 2).overall, VERDICT_DOWN);
}

/* HTTP and ICMP speak for every way in, SIP over TLS for one. */
static void a_probe_of_one_transport_takes_out_that_transport_alone(void **state)
{
    (void)state;
    struct health http = of(VERDICT_UP, 1), icmp = of(VERDICT_UP, 2), tls = of(VERDICT_DOWN, 3);
    struct health_part parts[2 * TRANSPORT_COUNT + 1];
    size_t count = 0;
    for (unsigned transport = 0; transport < TRANSPORT_COUNT; transport++) {
        parts[count++] = (struct health_part){FAMILY_V4, transport, &http, 0};
        parts[count++] = (struct health_part){FAMILY_V4, transport, &icmp, 1};
    }
    parts[count++] = (struct health_part){FAMILY_V4, TRANSPORT_TLS, &tls, 2};
    struct endpoint_health whole = health_compose(parts, count, NEED_ALL);
    assert_int_equal(whole.overall, VERDICT_UP);
    for (unsigned transport = 0; transport < TRANSPORT_COUNT; transport++)
        assert_int_equal(whole.of[0][transport].verdict, transport == TRANSPORT_TLS ? VERDICT_DOWN : VERDICT_UP);
    assert_int_equal(health_compose(parts, count, 2).of[0][TRANSPORT_TLS].verdict, VERDICT_UP); /* two of three are content */
    http.verdict = VERDICT_DOWN;
    assert_int_equal(health_compose(parts, count, NEED_ALL).overall, VERDICT_DOWN);
    whole = health_compose(parts, count, 1);
    assert_int_equal(whole.overall, VERDICT_UP);
    assert_int_equal(whole.of[0][TRANSPORT_TLS].verdict, VERDICT_UP);
    icmp.verdict = VERDICT_UNKNOWN; /* is not down */
    assert_int_equal(health_compose(parts, count, 1).overall, VERDICT_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_checks_an_endpoint_is_up),
        cmocka_unit_test(each_check_speaks_for_its_family_and_transport),
        cmocka_unit_test(a_facet_is_the_worst_of_its_checks_and_overall_the_best_of_the_facets),
        cmocka_unit_test(the_reason_is_that_of_the_check_that_decided),
        cmocka_unit_test(it_is_up_since_its_first_facet_and_down_since_its_last),
        cmocka_unit_test(so_many_of_the_probes_must_be_content_as_the_endpoint_needs),
        cmocka_unit_test(the_addresses_of_a_probe_are_one_voice),
        cmocka_unit_test(a_probe_of_one_transport_takes_out_that_transport_alone),
        cmocka_unit_test(any_check_in_doubt_puts_the_endpoint_in_doubt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
