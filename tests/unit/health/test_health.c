/* Every move of the state machine, under virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "health/health.h"

static const struct probe probe = {.interval_ms = 10000, .timeout_ms = 3000, .confirm_ms = 1000, .fall = 2, .rise = 3};

static const struct observation alive = {.outcome = OUTCOME_ALIVE, .reason = REASON_ANSWERED};
static const struct observation failed = {.outcome = OUTCOME_FAILED, .reason = REASON_TIMEOUT};
static const struct observation blind = {.outcome = OUTCOME_FAILED, .reason = REASON_LOCAL};
static const struct observation busy = {.outcome = OUTCOME_BUSY, .reason = REASON_BUSY};

static struct observation busy_for(uint32_t retry_after_s)
{
    return (struct observation){.outcome = OUTCOME_BUSY, .reason = REASON_BUSY, .retry_after_s = retry_after_s};
}

static uint64_t now_ms;

static struct health_step see(struct health *health, struct observation seen)
{
    now_ms += 10;
    return health_observe(health, &probe, &seen, now_ms);
}

/* A check with this verdict, observed by probing, not saved. */
static struct health in(enum verdict verdict)
{
    struct health health;
    now_ms = 1000;
    health_init(&health, VERDICT_UNKNOWN, now_ms);
    if (verdict == VERDICT_UP)
        see(&health, alive);
    if (verdict == VERDICT_DRAINING)
        see(&health, busy);
    for (unsigned i = 0; verdict == VERDICT_DOWN && i < probe.fall; i++)
        see(&health, failed);
    assert_int_equal(health.verdict, verdict);
    assert_false(health.doubt);
    return health;
}

static void check(const struct health *health, enum verdict verdict, bool doubt, uint64_t since_ms)
{
    assert_string_equal(verdict_text(health->verdict), verdict_text(verdict));
    assert_int_equal(health->doubt, doubt);
    assert_int_equal(health->since_ms, since_ms);
}

static void the_first_answer_of_an_unknown_one_decides_at_once(void **state)
{
    (void)state;
    struct health health = in(VERDICT_UNKNOWN);
    struct health_step step = see(&health, alive);
    check(&health, VERDICT_UP, false, now_ms);
    assert_int_equal(health.reason, REASON_ANSWERED);
    assert_true(step.changed);
    assert_int_equal(step.next_ms, probe.interval_ms);

    health = in(VERDICT_UNKNOWN);
    step = see(&health, busy);
    check(&health, VERDICT_DRAINING, false, now_ms);
    assert_int_equal(health.reason, REASON_BUSY);
    assert_true(step.changed);
    assert_int_equal(step.next_ms, probe.interval_ms);
}

static void an_unknown_one_needs_confirmed_failures_to_be_down(void **state)
{
    (void)state;
    struct health health = in(VERDICT_UNKNOWN);
    struct health_step step = see(&health, failed);
    check(&health, VERDICT_UNKNOWN, true, 1000);
    assert_true(step.changed);
    assert_int_equal(step.next_ms, probe.confirm_ms);
    step = see(&health, failed);
    check(&health, VERDICT_DOWN, false, now_ms);
    assert_int_equal(health.reason, REASON_TIMEOUT);
    assert_true(step.changed);
    assert_int_equal(step.next_ms, probe.interval_ms);
}

static void an_unknown_one_stays_so_while_nothing_can_be_sent(void **state)
{
    (void)state;
    struct health health = in(VERDICT_UNKNOWN);
    for (unsigned i = 0; i < 20; i++) {
        const struct health_step step = see(&health, blind);
        check(&health, VERDICT_UNKNOWN, false, 1000);
        assert_false(step.changed);
        assert_int_equal(step.next_ms, probe.interval_ms);
    }
}

static void an_up_one_stays_up_while_it_answers(void **state)
{
    (void)state;
    struct health health = in(VERDICT_UP);
    const uint64_t since_ms = now_ms;
    for (unsigned i = 0; i < 5; i++) {
        const struct health_step step = see(&health, alive);
        check(&health, VERDICT_UP, false, since_ms);
        assert_false(step.changed);
        assert_int_equal(step.next_ms, probe.interval_ms);
    }
}

static void an_up_one_falls_after_the_confirming_failure(void **state)
{
    (void)state;
    struct health health = in(VERDICT_UP);
    const uint64_t since_ms = now_ms;
    struct health_step step = see(&health, failed);
    check(&health, VERDICT_UP, true, since_ms);
    assert_true(step.changed);
    assert_int_equal(step.next_ms, probe.confirm_ms);
    step = see(&health, failed);
    check(&health, VERDICT_DOWN, false, now_ms);
    assert_int_equal(step.next_ms, probe.interval_ms);
}

static void a_pass_between_failures_starts_their_count_anew(void **state)
{
    (void)state;
    struct health health = in(VERDICT_UP);
    const uint64_t since_ms = now_ms;
    for (unsigned i = 0; i < 10; i++) {
        see(&health, failed);
        check(&health, VERDICT_UP, true, since_ms);
        const struct health_step step = see(&health, alive);
        check(&health, VERDICT_UP, false, since_ms);
        assert_true(step.changed);
        assert_int_equal(step.next_ms, probe.interval_ms);
    }
}

static void a_busy_answer_drains_an_up_one_at_once(void **state)
{
    (void)state;
    struct health health = in(VERDICT_UP);
    const struct health_step step = see(&health, busy);
    check(&health, VERDICT_DRAINING, false, now_ms);
    assert_true(step.changed);
    assert_int_equal(step.next_ms, probe.interval_ms);
    assert_int_equal(health.busy_until_ms, now_ms + RETRY_AFTER_DEFAULT_S * 1000);
}

static void what_could_not_be_sent_makes_an_up_one_unknown_and_never_down(void **state)
{
    (void)state;
    struct health health = in(VERDICT_UP);
    const uint64_t since_ms = now_ms;
    struct health_step step = see(&health, blind);
    check(&health, VERDICT_UP, true, since_ms);
    assert_int_equal(step.next_ms, probe.confirm_ms);
    step = see(&health, blind);
    check(&health, VERDICT_UNKNOWN, false, now_ms);
    assert_int_equal(health.reason, REASON_LOCAL);
    assert_int_equal(step.next_ms, probe.interval_ms);
    see(&health, alive);
    check(&health, VERDICT_UP, false, now_ms);
}

static void a_probe_that_could_not_be_sent_neither_counts_as_a_failure_nor_interrupts_failures(void **state)
{
    (void)state;
    struct health health = in(VERDICT_UP);
    const uint64_t since_ms = now_ms;
    see(&health, failed);
    see(&health, blind);
    check(&health, VERDICT_UP, true, since_ms);
    see(&health, failed);
    check(&health, VERDICT_DOWN, false, now_ms);
}

static void a_down_one_rises_after_rise_passes_a_whole_interval_apart(void **state)
{
    (void)state;
    struct health health = in(VERDICT_DOWN);
    const uint64_t since_ms = now_ms;
    for (unsigned i = 1; i < probe.rise; i++) {
        const struct health_step step = see(&health, alive);
        check(&health, VERDICT_DOWN, true, since_ms);
        assert_int_equal(step.changed, i == 1);
        assert_int_equal(step.next_ms, probe.interval_ms);
    }
    assert_true(see(&health, alive).changed);
    check(&health, VERDICT_UP, false, now_ms);
}

static void a_failure_between_passes_starts_their_count_anew(void **state)
{
    (void)state;
    struct health health = in(VERDICT_DOWN);
    const uint64_t since_ms = now_ms;
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 1; i < probe.rise; i++)
            see(&health, alive);
        assert_true(see(&health, failed).changed);
        check(&health, VERDICT_DOWN, false, since_ms);
    }
}

static void a_down_one_that_says_busy_is_draining(void **state)
{
    (void)state;
    struct health health = in(VERDICT_DOWN);
    see(&health, busy);
    check(&health, VERDICT_DRAINING, false, now_ms);
}

static void a_down_one_stays_down_while_nothing_can_be_sent(void **state)
{
    (void)state;
    struct health health = in(VERDICT_DOWN);
    const uint64_t since_ms = now_ms;
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(see(&health, blind).next_ms, probe.interval_ms);
        check(&health, VERDICT_DOWN, true, since_ms);
    }
}

static void retry_after_is_clamped_and_has_a_default(void **state)
{
    (void)state;
    static const struct {
        uint32_t said_s, held_s;
    } cases[] = {{0, RETRY_AFTER_DEFAULT_S}, {1, 1}, {7, 7}, {300, 300}, {301, 300}, {UINT32_MAX, 300}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct health health = in(VERDICT_UP);
        see(&health, busy_for(cases[i].said_s));
        assert_int_equal(health.busy_until_ms, now_ms + cases[i].held_s * 1000);
    }
}

static void draining_holds_for_retry_after_whatever_is_answered(void **state)
{
    (void)state;
    struct health health = in(VERDICT_UP);
    see(&health, busy_for(60));
    const uint64_t since_ms = now_ms, until_ms = now_ms + 60000;
    while (now_ms + 1000 < until_ms) {
        now_ms += 990;
        assert_false(see(&health, alive).changed);
        see(&health, blind);
        check(&health, VERDICT_DRAINING, false, since_ms);
    }
    now_ms = until_ms;
    for (unsigned i = 1; i < probe.rise; i++) {
        see(&health, alive);
        check(&health, VERDICT_DRAINING, true, since_ms);
    }
    see(&health, alive);
    check(&health, VERDICT_UP, false, now_ms);
}

static void a_second_busy_answer_holds_longer_but_never_shorter(void **state)
{
    (void)state;
    struct health health = in(VERDICT_UP);
    see(&health, busy_for(60));
    const uint64_t since_ms = now_ms, until_ms = now_ms + 60000;
    assert_false(see(&health, busy_for(2)).changed);
    assert_int_equal(health.busy_until_ms, until_ms);
    see(&health, busy_for(120));
    assert_int_equal(health.busy_until_ms, now_ms + 120000);
    check(&health, VERDICT_DRAINING, false, since_ms);
}

static void a_draining_one_that_dies_is_down_even_while_held(void **state)
{
    (void)state;
    struct health health = in(VERDICT_DRAINING);
    const uint64_t since_ms = now_ms;
    assert_int_equal(see(&health, failed).next_ms, probe.confirm_ms);
    check(&health, VERDICT_DRAINING, true, since_ms);
    see(&health, failed);
    check(&health, VERDICT_DOWN, false, now_ms);
}

static void a_draining_one_becomes_unknown_when_nothing_can_be_sent_after_its_hold(void **state)
{
    (void)state;
    struct health health = in(VERDICT_DRAINING);
    const uint64_t since_ms = now_ms;
    now_ms = health.busy_until_ms;
    see(&health, blind);
    check(&health, VERDICT_DRAINING, true, since_ms);
    see(&health, blind);
    check(&health, VERDICT_UNKNOWN, false, now_ms);
}

static void a_saved_verdict_is_in_doubt_until_the_first_answer_which_decides(void **state)
{
    (void)state;
    static const enum verdict saved[] = {VERDICT_UP, VERDICT_DRAINING, VERDICT_DOWN};
    for (size_t i = 0; i < 3; i++) {
        struct health health;
        health_init(&health, saved[i], now_ms = 5000);
        check(&health, saved[i], true, 5000);
        assert_int_equal(health.reason, REASON_SAVED);
        assert_true(see(&health, alive).changed);
        check(&health, VERDICT_UP, false, saved[i] == VERDICT_UP ? 5000 : now_ms);
        assert_int_equal(health.reason, REASON_ANSWERED);

        health_init(&health, saved[i], now_ms = 5000);
        assert_true(see(&health, busy).changed);
        check(&health, VERDICT_DRAINING, false, saved[i] == VERDICT_DRAINING ? 5000 : now_ms);
        assert_int_equal(health.reason, REASON_BUSY);
    }
}

static void a_saved_up_is_not_taken_down_by_one_failure(void **state)
{
    (void)state;
    struct health health;
    health_init(&health, VERDICT_UP, now_ms = 5000);
    assert_int_equal(see(&health, failed).next_ms, probe.confirm_ms);
    check(&health, VERDICT_UP, true, 5000);
    see(&health, failed);
    check(&health, VERDICT_DOWN, false, now_ms);
}

static void a_saved_down_is_confirmed_by_one_failure_and_then_needs_rise_passes(void **state)
{
    (void)state;
    struct health health;
    health_init(&health, VERDICT_DOWN, now_ms = 5000);
    assert_true(see(&health, failed).changed);
    check(&health, VERDICT_DOWN, false, 5000);
    assert_int_equal(health.reason, REASON_TIMEOUT);
    see(&health, alive);
    check(&health, VERDICT_DOWN, true, 5000);
}

static void a_saved_verdict_is_not_decided_by_what_could_not_be_sent(void **state)
{
    (void)state;
    struct health health;
    health_init(&health, VERDICT_DOWN, now_ms = 5000);
    see(&health, blind);
    check(&health, VERDICT_DOWN, true, 5000);
    assert_int_equal(health.reason, REASON_SAVED);
    see(&health, alive);
    check(&health, VERDICT_UP, false, now_ms);
}

static void the_confirming_delay_is_never_longer_than_half_the_interval(void **state)
{
    (void)state;
    const struct probe quick = {.interval_ms = 200, .timeout_ms = 300, .confirm_ms = 1000, .fall = 2, .rise = 3};
    struct health health;
    health_init(&health, VERDICT_UNKNOWN, 0);
    health_observe(&health, &quick, &alive, 0);
    /* It dies just after that answer: each probe now ends by timeout, and the next starts next_ms later. */
    uint64_t at_ms = 200;
    while (health.verdict != VERDICT_DOWN) {
        at_ms += quick.timeout_ms;
        at_ms += health_observe(&health, &quick, &failed, at_ms).next_ms;
    }
    assert_true(health.since_ms <= 900);
}

static void stopping_makes_everything_unknown(void **state)
{
    (void)state;
    static const enum verdict verdicts[] = {VERDICT_UNKNOWN, VERDICT_UP, VERDICT_DRAINING, VERDICT_DOWN};
    for (size_t i = 0; i < 4; i++) {
        struct health health = in(verdicts[i]);
        now_ms += 5;
        assert_int_equal(health_stop(&health, REASON_STOPPED, now_ms), verdicts[i] != VERDICT_UNKNOWN);
        check(&health, VERDICT_UNKNOWN, false, verdicts[i] != VERDICT_UNKNOWN ? now_ms : 1000);
        assert_int_equal(health.reason, REASON_STOPPED);
        assert_false(health_stop(&health, REASON_STOPPED, now_ms + 1));
        see(&health, alive);
        check(&health, VERDICT_UP, false, now_ms);
    }
}

static void a_host_that_flaps_at_each_probe_never_rises(void **state)
{
    (void)state;
    struct health health = in(VERDICT_DOWN);
    for (unsigned i = 0; i < 1000; i++) {
        see(&health, i % 2 ? alive : failed);
        assert_int_equal(health.verdict, VERDICT_DOWN);
    }
}

/* What a verdict may have become from random observations, told apart from the table by counting for itself. */
static void long_random_runs_keep_the_promises(void **state)
{
    (void)state;
    uint32_t dice = 12345;
    for (unsigned run = 0; run < 200; run++) {
        struct health health;
        now_ms = 1000;
        health_init(&health, (enum verdict)(run % 4), now_ms);
        unsigned failures = 0, passes = 0, moves[4][4] = {{0}};
        for (unsigned i = 0; i < 500; i++) {
            const struct health before = health;
            dice = dice * 1664525 + 1013904223;
            const struct observation kinds[] = {alive, failed, blind, busy, alive, failed, alive, failed};
            const struct observation seen = kinds[dice >> 29];
            now_ms += dice >> 16 & 0x3fff;
            const struct health_step step = health_observe(&health, &probe, &seen, now_ms);

            const bool is_failure = seen.outcome == OUTCOME_FAILED && seen.reason != REASON_LOCAL;
            if (seen.reason != REASON_LOCAL) {
                failures = is_failure ? failures + 1 : 0;
                passes = seen.outcome == OUTCOME_ALIVE ? passes + 1 : 0;
            }
            moves[before.verdict][health.verdict]++;
            assert_true(health.since_ms >= before.since_ms && health.since_ms <= now_ms);
            assert_true(health.verdict != before.verdict || health.since_ms == before.since_ms);
            assert_true(step.next_ms == probe.interval_ms || step.next_ms == probe.confirm_ms);
            assert_int_equal(step.changed, health.verdict != before.verdict || health.doubt != before.doubt);
            if (health.verdict != before.verdict)
                assert_false(health.doubt);
            if (health.verdict == VERDICT_DOWN && before.verdict != VERDICT_DOWN)
                assert_true(is_failure && failures >= probe.fall);
            if (health.verdict == VERDICT_UP && before.verdict == VERDICT_DOWN && before.reason != REASON_SAVED)
                assert_true(passes >= probe.rise);
            if (before.verdict == VERDICT_DRAINING && now_ms < before.busy_until_ms)
                assert_true(health.verdict == VERDICT_DRAINING || health.verdict == VERDICT_DOWN);
            if (failures >= probe.fall)
                assert_int_equal(health.verdict, VERDICT_DOWN);
            if (seen.outcome == OUTCOME_BUSY)
                assert_int_equal(health.verdict, VERDICT_DRAINING);
        }
        assert_true(moves[VERDICT_UP][VERDICT_DOWN] + moves[VERDICT_DRAINING][VERDICT_DOWN] + moves[VERDICT_UNKNOWN][VERDICT_DOWN] > 0);
        assert_int_equal(moves[VERDICT_DOWN][VERDICT_UNKNOWN], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_answer_of_an_unknown_one_decides_at_once),
        cmocka_unit_test(an_unknown_one_needs_confirmed_failures_to_be_down),
        cmocka_unit_test(an_unknown_one_stays_so_while_nothing_can_be_sent),
        cmocka_unit_test(an_up_one_stays_up_while_it_answers),
        cmocka_unit_test(an_up_one_falls_after_the_confirming_failure),
        cmocka_unit_test(a_pass_between_failures_starts_their_count_anew),
        cmocka_unit_test(a_busy_answer_drains_an_up_one_at_once),
        cmocka_unit_test(what_could_not_be_sent_makes_an_up_one_unknown_and_never_down),
        cmocka_unit_test(a_probe_that_could_not_be_sent_neither_counts_as_a_failure_nor_interrupts_failures),
        cmocka_unit_test(a_down_one_rises_after_rise_passes_a_whole_interval_apart),
        cmocka_unit_test(a_failure_between_passes_starts_their_count_anew),
        cmocka_unit_test(a_down_one_that_says_busy_is_draining),
        cmocka_unit_test(a_down_one_stays_down_while_nothing_can_be_sent),
        cmocka_unit_test(retry_after_is_clamped_and_has_a_default),
        cmocka_unit_test(draining_holds_for_retry_after_whatever_is_answered),
        cmocka_unit_test(a_second_busy_answer_holds_longer_but_never_shorter),
        cmocka_unit_test(a_draining_one_that_dies_is_down_even_while_held),
        cmocka_unit_test(a_draining_one_becomes_unknown_when_nothing_can_be_sent_after_its_hold),
        cmocka_unit_test(a_saved_verdict_is_in_doubt_until_the_first_answer_which_decides),
        cmocka_unit_test(a_saved_up_is_not_taken_down_by_one_failure),
        cmocka_unit_test(a_saved_down_is_confirmed_by_one_failure_and_then_needs_rise_passes),
        cmocka_unit_test(a_saved_verdict_is_not_decided_by_what_could_not_be_sent),
        cmocka_unit_test(the_confirming_delay_is_never_longer_than_half_the_interval),
        cmocka_unit_test(stopping_makes_everything_unknown),
        cmocka_unit_test(a_host_that_flaps_at_each_probe_never_rises),
        cmocka_unit_test(long_random_runs_keep_the_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
