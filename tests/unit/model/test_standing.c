#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/standing.h"

static void standings_have_texts(void **state)
{
    (void)state;
    assert_string_equal(standing_text(STANDING_UP), "up");
    assert_string_equal(standing_text(STANDING_UNKNOWN), "unknown");
    assert_string_equal(standing_text(STANDING_RESERVE), "reserve");
    assert_string_equal(standing_text(STANDING_OUT), "out");
}

static void every_cause_has_a_text_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CAUSE_COUNT; i++)
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(cause_text((enum cause)i), cause_text((enum cause)k));
    assert_string_equal(cause_text(CAUSE_VERDICT), "verdict");
    assert_string_equal(cause_text(CAUSE_ENDPOINT_DISABLE), "endpoint disabled");
    assert_string_equal(cause_text(CAUSE_SITE_DRAIN), "site drained");
    assert_string_equal(cause_text(CAUSE_MIN_UP), "site below min_up");
    assert_string_equal(cause_text(CAUSE_NOT_IN_SERVICE), "site not of this service");
}

static void doubt_is_no_other_verdict(void **state)
{
    (void)state;
    struct endpoint_health a = {.overall = VERDICT_UP}, b = a;
    a.of[0][0] = b.of[0][0] = (struct facet){.verdict = VERDICT_UP, .probed = true, .since_ms = 7};
    b.doubt = true;
    b.of[0][0].since_ms = 8;
    assert_true(same_verdicts(&a, &b));
    b.of[1][0].verdict = VERDICT_DOWN;
    assert_false(same_verdicts(&a, &b));
    b = a;
    b.of[0][0].held = true;
    assert_false(same_verdicts(&a, &b));
    b = a;
    b.overall = VERDICT_UNKNOWN;
    assert_false(same_verdicts(&a, &b));
    b = a;
    b.held = true;
    assert_false(same_verdicts(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standings_have_texts),
        cmocka_unit_test(doubt_is_no_other_verdict),
        cmocka_unit_test(every_cause_has_a_text_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
