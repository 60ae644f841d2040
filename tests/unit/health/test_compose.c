/* An endpoint's health from its checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "health/health.h"

static struct health of(enum verdict verdict, uint64_t since_ms)
{
    return (struct health){.verdict = verdict, .reason = REASON_ANSWERED, .since_ms = since_ms};
}

static void without_checks_an_endpoint_is_up(void **state)
{
    (void)state;
    const struct endpoint_health whole = health_compose(NULL, 0);
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
    const struct health_part parts[] = {{FAMILY_V4, TRANSPORT_UDP, &up}, {FAMILY_V6, TRANSPORT_TLS, &down}};
    const struct endpoint_health whole = health_compose(parts, 2);
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
            const struct health_part same[] = {{FAMILY_V4, TRANSPORT_TCP, &one}, {FAMILY_V4, TRANSPORT_TCP, &two}};
            const struct health_part apart[] = {{FAMILY_V4, TRANSPORT_TCP, &one}, {FAMILY_V4, TRANSPORT_UDP, &two}};
            assert_int_equal(health_compose(same, 2).overall, ladder[a > b ? a : b]);
            assert_int_equal(health_compose(same, 2).of[0][TRANSPORT_TCP].verdict, ladder[a > b ? a : b]);
            assert_int_equal(health_compose(apart, 2).overall, ladder[a < b ? a : b]);
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
        {FAMILY_V4, TRANSPORT_UDP, &refused}, {FAMILY_V4, TRANSPORT_UDP, &timeout}, {FAMILY_V4, TRANSPORT_UDP, &up}};
    const struct endpoint_health whole = health_compose(parts, 3);
    assert_int_equal(whole.reason, REASON_TIMEOUT);
    assert_int_equal(whole.of[0][TRANSPORT_UDP].since_ms, 3);
}

static void it_is_up_since_its_first_facet_and_down_since_its_last(void **state)
{
    (void)state;
    const struct health up_early = of(VERDICT_UP, 10), up_late = of(VERDICT_UP, 90);
    const struct health_part up[] = {{FAMILY_V4, TRANSPORT_UDP, &up_late}, {FAMILY_V6, TRANSPORT_UDP, &up_early}};
    assert_int_equal(health_compose(up, 2).since_ms, 10);
    const struct health down_early = of(VERDICT_DOWN, 10), down_late = of(VERDICT_DOWN, 90);
    const struct health_part down[] = {{FAMILY_V4, TRANSPORT_UDP, &down_late}, {FAMILY_V6, TRANSPORT_UDP, &down_early}};
    assert_int_equal(health_compose(down, 2).since_ms, 90);
}

static void any_check_in_doubt_puts_the_endpoint_in_doubt(void **state)
{
    (void)state;
    struct health sure = of(VERDICT_UP, 1), unsure = of(VERDICT_UP, 1);
    unsure.doubt = true;
    const struct health_part parts[] = {{FAMILY_V4, TRANSPORT_UDP, &sure}, {FAMILY_V4, TRANSPORT_TCP, &unsure}};
    assert_false(health_compose(parts, 1).doubt);
    assert_true(health_compose(parts, 2).doubt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_checks_an_endpoint_is_up),
        cmocka_unit_test(each_check_speaks_for_its_family_and_transport),
        cmocka_unit_test(a_facet_is_the_worst_of_its_checks_and_overall_the_best_of_the_facets),
        cmocka_unit_test(the_reason_is_that_of_the_check_that_decided),
        cmocka_unit_test(it_is_up_since_its_first_facet_and_down_since_its_last),
        cmocka_unit_test(any_check_in_doubt_puts_the_endpoint_in_doubt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
