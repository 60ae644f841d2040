/* Flap damping under virtual time: whoever falls again soon after it rose is held down, longer each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "health/health.h"

static const struct probe probe = {
    .interval_ms = 1000, .timeout_ms = 500, .confirm_ms = 100, .fall = 2, .rise = 2, .hold_down_ms = 10000, .hold_down_max_ms = 600000};

static const struct observation alive = {.outcome = OUTCOME_ALIVE, .reason = REASON_ANSWERED};
static const struct observation failed = {.outcome = OUTCOME_FAILED, .reason = REASON_TIMEOUT};
static const struct observation blind = {.outcome = OUTCOME_FAILED, .reason = REASON_LOCAL};
static const struct observation busy = {.outcome = OUTCOME_BUSY, .reason = REASON_BUSY, .retry_after_s = 1};

static uint64_t now_ms;

static void see(struct health *health, struct observation seen)
{
    now_ms += 100;
    health_observe(health, &probe, &seen, now_ms);
}

static void fall(struct health *health)
{
    for (unsigned i = 0; i < probe.fall; i++)
        see(health, failed);
    assert_int_equal(health->verdict, VERDICT_DOWN);
}

/* Answers until it is up again; how long that took. */
static uint64_t rise(struct health *health)
{
    const uint64_t from_ms = now_ms;
    while (health->verdict != VERDICT_UP)
        see(health, alive);
    return now_ms - from_ms;
}

static struct health up(void)
{
    struct health health;
    now_ms = 1000;
    health_init(&health, VERDICT_UNKNOWN, now_ms);
    see(&health, alive);
    return health;
}

static void a_first_fall_is_not_held_against_anybody(void **state)
{
    (void)state;
    struct health health = up();
    fall(&health);
    assert_int_equal(health_falls(&health, &probe, now_ms), 0);
    assert_int_equal(rise(&health), 200);
}

static void each_fall_soon_after_a_rise_doubles_the_hold_up_to_the_longest(void **state)
{
    (void)state;
    static const uint64_t holds_s[] = {10, 20, 40, 80, 160, 320, 600, 600, 600};
    struct health health = up();
    fall(&health);
    rise(&health);
    for (size_t i = 0; i < sizeof holds_s / sizeof *holds_s; i++) {
        fall(&health);
        assert_int_equal(health.damping.held_until_ms, now_ms + holds_s[i] * 1000);
        assert_int_equal(health_falls(&health, &probe, now_ms), i < 6 ? i + 1 : 7);
        assert_in_range(rise(&health), holds_s[i] * 1000, holds_s[i] * 1000 + 100);
    }
}

static void one_that_is_held_and_answers_is_told_apart(void **state)
{
    (void)state;
    struct health health = up();
    fall(&health);
    rise(&health);
    fall(&health);
    assert_false(health.held);
    see(&health, alive);
    assert_false(health.held);
    see(&health, alive);
    assert_true(health.held);
    assert_int_equal(health.verdict, VERDICT_DOWN);
    assert_false(health.doubt); /* nobody's answer needs to live shorter for it */
    see(&health, blind);
    assert_true(health.held); /* nothing was seen */
    see(&health, failed);
    assert_false(health.held);
    see(&health, busy);
    assert_true(health.held); /* it would be draining */
    assert_int_equal(health.verdict, VERDICT_DOWN);
    rise(&health);
    assert_false(health.held);
}

static void a_rise_after_the_hold_still_takes_its_answers(void **state)
{
    (void)state;
    struct health health = up();
    fall(&health);
    rise(&health);
    fall(&health);
    now_ms = health.damping.held_until_ms;
    see(&health, alive);
    assert_int_equal(health.verdict, VERDICT_DOWN);
    see(&health, alive);
    assert_int_equal(health.verdict, VERDICT_UP);
}

static void quiet_forgives_one_fall_for_each_longest_hold(void **state)
{
    (void)state;
    struct health health = up();
    fall(&health);
    rise(&health);
    for (unsigned i = 0; i < 3; i++) {
        fall(&health);
        rise(&health);
    }
    const uint64_t up_ms = health.since_ms;
    static const struct {
        uint64_t after_ms;
        unsigned falls;
    } cases[] = {{0, 3}, {599999, 3}, {600000, 2}, {1199999, 2}, {1200000, 1}, {1800000, 0}, {1000000000, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(health_falls(&health, &probe, up_ms + cases[i].after_ms), cases[i].falls);
    now_ms = up_ms + 1200000; /* a fall that comes so late is none that counts */
    const uint64_t held_ms = health.damping.held_until_ms;
    fall(&health);
    assert_int_equal(health.damping.falls, 1);
    assert_int_equal(health.damping.held_until_ms, held_ms);
    rise(&health);
    fall(&health);
    assert_int_equal(health.damping.falls, 2); /* but the next one counts on from what was left */
}

static void being_dead_for_long_forgives_too(void **state)
{
    (void)state;
    struct health health = up();
    fall(&health);
    rise(&health);
    fall(&health);
    now_ms = health.damping.held_until_ms + 600000;
    see(&health, failed);
    assert_int_equal(health_falls(&health, &probe, now_ms), 0);
}

static void draining_and_then_down_is_one_fall(void **state)
{
    (void)state;
    struct health health = up();
    fall(&health);
    rise(&health);
    see(&health, busy);
    assert_int_equal(health.verdict, VERDICT_DRAINING);
    assert_int_equal(health.damping.falls, 1);
    const uint64_t until_ms = health.damping.held_until_ms;
    fall(&health);
    assert_int_equal(health.damping.falls, 1);
    assert_int_equal(health.damping.held_until_ms, until_ms);
}

static void busy_again_and_again_is_damped_as_well(void **state)
{
    (void)state;
    struct health health = up();
    uint64_t last_ms = 0;
    for (unsigned i = 0; i < 5; i++) {
        see(&health, busy);
        const uint64_t took_ms = rise(&health);
        assert_true(i < 2 || took_ms > last_ms);
        last_ms = took_ms;
    }
    assert_true(last_ms >= 80000);
}

static void what_could_not_be_sent_is_neither_a_fall_nor_a_rise(void **state)
{
    (void)state;
    struct health health = up();
    fall(&health);
    rise(&health);
    for (unsigned i = 0; i < 10; i++) {
        see(&health, blind);
        see(&health, blind);
        assert_int_equal(health.verdict, VERDICT_UNKNOWN);
        see(&health, alive);
        assert_int_equal(health.verdict, VERDICT_UP);
    }
    assert_int_equal(health.damping.falls, 0);
}

static void a_hold_of_nothing_is_none(void **state)
{
    (void)state;
    struct probe off = probe;
    off.hold_down_ms = 0;
    struct health health = up();
    for (unsigned i = 0; i < 20; i++) {
        for (unsigned k = 0; k < 4; k++) {
            now_ms += 100;
            health_observe(&health, &off, k < 2 ? &failed : &alive, now_ms);
        }
        assert_int_equal(health.verdict, VERDICT_UP);
    }
    assert_int_equal(health_falls(&health, &off, now_ms), 0);
}

static void a_reload_that_shortens_holds_shortens_those_under_way(void **state)
{
    (void)state;
    struct health health = up();
    fall(&health);
    rise(&health);
    for (unsigned i = 0; i < 5; i++) {
        fall(&health);
        if (i < 4)
            rise(&health);
    }
    assert_int_equal(health.damping.held_until_ms, now_ms + 160000);
    struct probe shorter = probe;
    shorter.hold_down_max_ms = 30000;
    now_ms += 100;
    health_observe(&health, &shorter, &alive, now_ms);
    assert_int_equal(health.damping.held_until_ms, now_ms + 30000);
}

static void a_restored_hold_holds_on_and_the_verdict_keeps_its_age(void **state)
{
    (void)state;
    struct health health;
    health_init(&health, VERDICT_DOWN, now_ms = 50000);
    health.damping = (struct damping){.falls = 2, .held_until_ms = 60000};
    see(&health, alive);
    assert_int_equal(health.verdict, VERDICT_DOWN);
    assert_true(health.held); /* one answer would have undone a saved verdict */
    rise(&health);
    assert_in_range(now_ms, 60000, 60100);
    fall(&health);
    assert_int_equal(health.damping.falls, 3);
}

/* A twin that is never damped sees the same: damping may keep a check lower than its twin, never the other way round. */
static void damping_only_ever_delays_rises(void **state)
{
    (void)state;
    static const unsigned height[] = {[VERDICT_DOWN] = 0, [VERDICT_DRAINING] = 1, [VERDICT_UNKNOWN] = 2, [VERDICT_UP] = 3};
    struct probe off = probe;
    off.hold_down_ms = 0;
    uint32_t dice = 99;
    for (unsigned run = 0; run < 100; run++) {
        struct health damped, twin;
        now_ms = 1000;
        health_init(&damped, VERDICT_UNKNOWN, now_ms);
        health_init(&twin, VERDICT_UNKNOWN, now_ms);
        unsigned held = 0;
        for (unsigned i = 0; i < 2000; i++) {
            dice = dice * 1664525 + 1013904223;
            const struct observation kinds[] = {alive, failed, alive, failed, alive, failed, busy, alive};
            const struct observation seen = kinds[dice >> 29];
            const struct health before = damped;
            now_ms += dice >> 16 & 0xfff;
            health_observe(&damped, &probe, &seen, now_ms);
            health_observe(&twin, &off, &seen, now_ms);
            assert_true(height[damped.verdict] <= height[twin.verdict]);
            if (damped.verdict != before.verdict && height[damped.verdict] > height[before.verdict])
                assert_true(now_ms >= before.damping.held_until_ms);
            if (damped.held)
                assert_int_equal(damped.verdict, VERDICT_DOWN);
            held += damped.held;
        }
        assert_true(held > 0);
    }
}

/* The worst host, that changes as soon as it is allowed to: its changes in any minute. */
static void changes_of_a_minute_are_bounded(void **state)
{
    (void)state;
    enum { CHANGES = 4000 };
    static uint64_t at[CHANGES];
    size_t count = 0;
    struct health health = up();
    uint32_t dice = 7;
    while (now_ms < 4 * 3600 * 1000 && count < CHANGES) {
        const enum verdict before = health.verdict;
        dice = dice * 1664525 + 1013904223;
        see(&health, before == VERDICT_UP ? (dice >> 30 ? failed : busy) : before == VERDICT_DOWN && dice >> 31 ? busy : alive);
        if (health.verdict != before)
            at[count++] = now_ms;
    }
    assert_true(count > 20 && count < CHANGES);
    for (size_t i = 10; i < count; i++)
        assert_true(at[i] - at[i - 10] >= 60000);
    assert_true(at[count - 1] - at[count - 5] >= 600000); /* and in the long run a few an hour */
}

static void one_that_is_steady_for_long_has_nothing_left_against_it(void **state)
{
    (void)state;
    uint32_t dice = 4711;
    for (unsigned run = 0; run < 200; run++) {
        struct health health = up();
        for (unsigned i = 0; i < 300; i++) {
            dice = dice * 1664525 + 1013904223;
            see(&health, dice >> 31 ? alive : failed);
            now_ms += dice >> 20 & 0x3ff;
        }
        rise(&health);
        const uint64_t until_ms = now_ms + 8 * 600000;
        while (now_ms < until_ms) {
            now_ms += 900;
            see(&health, alive);
            assert_int_equal(health.verdict, VERDICT_UP);
        }
        assert_int_equal(health_falls(&health, &probe, now_ms), 0);
        fall(&health);
        assert_int_equal(rise(&health), 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_fall_is_not_held_against_anybody),
        cmocka_unit_test(each_fall_soon_after_a_rise_doubles_the_hold_up_to_the_longest),
        cmocka_unit_test(one_that_is_held_and_answers_is_told_apart),
        cmocka_unit_test(a_rise_after_the_hold_still_takes_its_answers),
        cmocka_unit_test(quiet_forgives_one_fall_for_each_longest_hold),
        cmocka_unit_test(being_dead_for_long_forgives_too),
        cmocka_unit_test(draining_and_then_down_is_one_fall),
        cmocka_unit_test(busy_again_and_again_is_damped_as_well),
        cmocka_unit_test(what_could_not_be_sent_is_neither_a_fall_nor_a_rise),
        cmocka_unit_test(a_hold_of_nothing_is_none),
        cmocka_unit_test(a_reload_that_shortens_holds_shortens_those_under_way),
        cmocka_unit_test(a_restored_hold_holds_on_and_the_verdict_keeps_its_age),
        cmocka_unit_test(damping_only_ever_delays_rises),
        cmocka_unit_test(changes_of_a_minute_are_bounded),
        cmocka_unit_test(one_that_is_steady_for_long_has_nothing_left_against_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
