/* Slow start under virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "health/ramp.h"
#include "model/room.h"

enum { LENGTH_MS = 60000 };

static void one_that_was_never_away_has_its_whole_share(void **state)
{
    (void)state;
    struct ramp ramp = {0};
    assert_int_equal(ramp_share(&ramp, LENGTH_MS, 0), SHARE_WHOLE);
    ramp_look(&ramp, false, 1000);
    assert_int_equal(ramp_share(&ramp, LENGTH_MS, 1000), SHARE_WHOLE);
}

static void coming_back_begins_with_a_tenth_and_ends_with_all(void **state)
{
    (void)state;
    static const struct {
        uint64_t after_ms;
        uint16_t share;
    } cases[] = {{0, RAMP_FIRST}, {1999, RAMP_FIRST}, {30000, 136}, {59999, 248}, {60000, SHARE_WHOLE}, {1000000, SHARE_WHOLE}};
    struct ramp ramp = {0};
    ramp_look(&ramp, true, 1000);
    ramp_look(&ramp, false, 5000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(ramp_share(&ramp, LENGTH_MS, 5000 + cases[i].after_ms), cases[i].share);
    assert_int_equal(ramp_share(&ramp, 0, 5000), SHARE_WHOLE); /* no ramp is wished for */
}

static void going_away_again_ends_it_and_the_next_return_begins_anew(void **state)
{
    (void)state;
    struct ramp ramp = {0};
    ramp_look(&ramp, true, 0);
    ramp_look(&ramp, false, 0);
    assert_int_equal(ramp_share(&ramp, LENGTH_MS, 30000), 136);
    ramp_look(&ramp, true, 30000);
    assert_int_equal(ramp_share(&ramp, LENGTH_MS, 30000), SHARE_WHOLE); /* it is out by other rules */
    ramp_look(&ramp, false, 40000);
    assert_int_equal(ramp_share(&ramp, LENGTH_MS, 40000), RAMP_FIRST);
}

static void looking_again_changes_nothing(void **state)
{
    (void)state;
    struct ramp ramp = {0};
    ramp_look(&ramp, true, 0);
    for (uint64_t now_ms = 1000; now_ms < 50000; now_ms += 100)
        ramp_look(&ramp, false, now_ms);
    assert_int_equal(ramp.since_ms, 1000);
}

/* And no more often than some thirty times in all, whatever its length. */
static void shares_never_fall_and_change_seldom(void **state)
{
    (void)state;
    static const uint32_t lengths_ms[] = {1, 999, 10000, 60000, 600000, 86400000};
    for (size_t i = 0; i < sizeof lengths_ms / sizeof *lengths_ms; i++) {
        struct ramp ramp = {.since_ms = 77};
        uint16_t last = ramp_share(&ramp, lengths_ms[i], 77);
        unsigned changes = 0;
        assert_int_equal(last, RAMP_FIRST);
        for (unsigned step = 1; step <= 5000; step++) {
            const uint16_t share = ramp_share(&ramp, lengths_ms[i], 77 + (uint64_t)lengths_ms[i] * step / 5000);
            assert_true(share >= last && share <= SHARE_WHOLE);
            changes += share != last;
            last = share;
        }
        assert_int_equal(last, SHARE_WHOLE);
        assert_true(changes <= 30);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_was_never_away_has_its_whole_share),
        cmocka_unit_test(coming_back_begins_with_a_tenth_and_ends_with_all),
        cmocka_unit_test(going_away_again_ends_it_and_the_next_return_begins_anew),
        cmocka_unit_test(looking_again_changes_nothing),
        cmocka_unit_test(shares_never_fall_and_change_seldom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
