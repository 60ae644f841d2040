#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/verdict.h"

#include <string.h>

static void verdicts_and_their_texts_match(void **state)
{
    (void)state;
    for (unsigned i = VERDICT_UNKNOWN; i <= VERDICT_DOWN; i++) {
        enum verdict back = i == VERDICT_UP ? VERDICT_DOWN : VERDICT_UP;
        assert_true(verdict_from_text(verdict_text((enum verdict)i), &back));
        assert_int_equal(back, i);
    }
    assert_string_equal(verdict_text(VERDICT_UP), "up");
    assert_string_equal(verdict_text(VERDICT_DOWN), "down");
    assert_string_equal(verdict_text(VERDICT_DRAINING), "draining");
    assert_string_equal(verdict_text(VERDICT_UNKNOWN), "unknown");
}

static void transports_and_their_texts_match(void **state)
{
    (void)state;
    static const char *const texts[] = {"udp", "tcp", "tls", "ws", "wss"};
    for (unsigned i = 0; i < TRANSPORT_COUNT; i++) {
        assert_string_equal(transport_text((enum transport)i), texts[i]);
    }
}

static void other_texts_are_refused_and_leave_the_result_alone(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "UP", "up ", "upp", "u", "UDP", "sctp", "answered"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        enum verdict verdict = VERDICT_DRAINING;
        assert_false(verdict_from_text(bad[i], &verdict));
        assert_int_equal(verdict, VERDICT_DRAINING);
    }
}

static void every_reason_has_a_text_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        assert_true(strlen(reason_text((enum reason)i)) > 0);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(reason_text((enum reason)i), reason_text((enum reason)k));
    }
    assert_string_equal(reason_text(REASON_NONE), "not yet probed");
    assert_string_equal(reason_text(REASON_ANSWERED), "answered");
    assert_string_equal(reason_text(REASON_BUSY), "busy (503)");
    assert_string_equal(reason_text(REASON_TIMEOUT), "timeout");
    assert_string_equal(reason_text(REASON_REFUSED), "refused");
    assert_string_equal(reason_text(REASON_STOPPED), "probing stopped");
    assert_string_equal(reason_text(REASON_BEHIND), "probing behind");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_and_their_texts_match),
        cmocka_unit_test(transports_and_their_texts_match),
        cmocka_unit_test(other_texts_are_refused_and_leave_the_result_alone),
        cmocka_unit_test(every_reason_has_a_text_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
