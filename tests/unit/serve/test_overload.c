/* Who is answered when not all can be: resolvers and pressure under virtual time, and a worker's whole day with a flood in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "serve/pressure.h"

#include <stdio.h>
#include <string.h>

enum { ROOM = 1 << 23, BATCH = 64, BEGAN_S = 1000 };

static const struct allowance usual = {4, 16};
static struct resolvers *resolvers;

static int setup(void **state)
{
    (void)state;
    resolvers = resolvers_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    resolvers_free(resolvers);
    return 0;
}

static uint64_t number_of(const char *text)
{
    struct addr addr;
    assert_true(addr_parse(text, &addr));
    return resolvers_number(resolvers, &addr);
}

static void see(const char *text, unsigned count, uint32_t now_s)
{
    for (unsigned i = 0; i < count; i++)
        resolvers_see(resolvers, number_of(text), now_s);
}

static unsigned taken(const char *text, unsigned count, uint32_t now_s, struct allowance allowance)
{
    unsigned first = 0;
    for (unsigned i = 0; i < count; i++)
        first += resolvers_take(resolvers, number_of(text), now_s, BEGAN_S, allowance);
    return first;
}

static void who_asked_before_goes_first_up_to_four_times_its_rate(void **state)
{
    (void)state;
    for (uint32_t s = 990; s <= 1000; s++)
        see("192.0.2.1", 100, s);
    assert_int_equal(taken("192.0.2.1", 1000, 1000, usual), 400);
    assert_int_equal(taken("192.0.2.1", 1000, 1001, usual), 400);
    assert_int_equal(taken("192.0.2.1", 1000, 1002, (struct allowance){1, 1}), 100);
    assert_int_equal(taken("192.0.2.2", 1000, 1002, usual), 0);
}

static void who_asked_seldom_has_a_little(void **state)
{
    (void)state;
    see("192.0.2.1", 1, 500);
    assert_int_equal(taken("192.0.2.1", 100, 1001, usual), 16);
    assert_int_equal(taken("192.0.2.1", 100, 1002, (struct allowance){1, 1}), 1);
}

static void nobody_becomes_known_in_overload_or_in_its_first_second(void **state)
{
    (void)state;
    see("192.0.2.1", 1000, BEGAN_S);
    assert_int_equal(taken("192.0.2.1", 100, BEGAN_S, usual), 0);
    assert_int_equal(taken("192.0.2.1", 100, BEGAN_S + 5, usual), 0);
    assert_int_equal(taken("192.0.2.9", 100, BEGAN_S + 5, usual), 0);
}

static void what_is_asked_in_overload_does_not_raise_the_rate(void **state)
{
    (void)state;
    see("192.0.2.1", 10, 998);
    see("192.0.2.1", 10, 999);
    assert_int_equal(taken("192.0.2.1", 100, 1000, usual), 40);
    see("192.0.2.1", 10, 1100);
    see("192.0.2.1", 10, 1101);
    assert_int_equal(taken("192.0.2.1", 100, 1102, usual), 40);
}

static void an_ipv6_resolver_is_its_64(void **state)
{
    (void)state;
    see("2001:db8::1", 50, 998);
    see("2001:db8::2", 50, 999);
    assert_true(taken("2001:db8::abcd", 10, 1000, usual) == 10);
    assert_true(taken("2001:db8:0:1::1", 10, 1000, usual) == 0);
}

/* Forged sources come once each, by the hundred thousand: who really asks keeps its place. */
static void forged_sources_do_not_push_resolvers_out(void **state)
{
    (void)state;
    unsigned kept = 0;
    for (uint32_t s = 900; s < BEGAN_S; s++) {
        for (unsigned r = 0; r < 100; r++) {
            char real[32];
            snprintf(real, sizeof real, "192.0.2.%u", r);
            see(real, 5, s);
        }
        for (unsigned i = 0; i < 5000; i++) {
            char forged[32];
            snprintf(forged, sizeof forged, "%u.%u.%u.7", 11 + s % 100, i / 250, i % 250);
            see(forged, 1, s);
        }
    }
    for (unsigned r = 0; r < 100; r++) {
        char real[32];
        snprintf(real, sizeof real, "192.0.2.%u", r);
        kept += taken(real, 1, BEGAN_S, usual);
    }
    assert_int_equal(kept, 100);
}

static void a_queue_more_than_half_full_raises_the_level_step_by_step(void **state)
{
    struct pressure p = {0};
    (void)state;
    pressure_look(&p, ROOM / 2, ROOM, false, 5000);
    assert_int_equal(p.level, 0);
    assert_int_equal(pressure_share(&p, BATCH), BATCH);
    pressure_look(&p, ROOM / 2 + 1, ROOM, false, 5001);
    assert_int_equal(p.level, 1);
    assert_int_equal(pressure_share(&p, BATCH), BATCH / 2);
    pressure_look(&p, ROOM, ROOM, true, 5002);
    assert_int_equal(p.level, 1);
    pressure_look(&p, ROOM, ROOM, true, 5003);
    assert_int_equal(p.level, 2);
    for (uint64_t ms = 5004; ms < 5100; ms++)
        pressure_look(&p, ROOM, ROOM, true, ms);
    assert_int_equal(p.level, PRESSURE_LEVELS - 1);
    assert_int_equal(pressure_share(&p, BATCH), 1); /* a stranger always has some chance */
    assert_int_equal(p.began_s, 5);
}

static void lost_packets_raise_the_level_whatever_the_queue_says(void **state)
{
    struct pressure p = {0};
    (void)state;
    pressure_look(&p, 0, ROOM, true, 5000);
    assert_int_equal(p.level, 1);
}

static void a_quiet_second_lowers_it_by_one(void **state)
{
    struct pressure p = {.level = 3, .changed_ms = 5000};
    (void)state;
    pressure_look(&p, 0, ROOM, false, 5000 + PRESSURE_EASE_MS - 1);
    assert_int_equal(p.level, 3);
    pressure_look(&p, 0, ROOM, false, 5000 + PRESSURE_EASE_MS);
    assert_int_equal(p.level, 2);
    pressure_look(&p, ROOM / 16 * 7, ROOM, false, 5900 + PRESSURE_EASE_MS); /* not quiet: the second begins again */
    pressure_look(&p, 0, ROOM, false, 5950 + PRESSURE_EASE_MS);
    assert_int_equal(p.level, 2);
    pressure_look(&p, 0, ROOM, false, 5900 + 2 * PRESSURE_EASE_MS);
    assert_int_equal(p.level, 1);
}

static void strangers_are_learnt_only_after_ten_seconds_of_calm(void **state)
{
    struct pressure p = {0};
    (void)state;
    assert_true(pressure_learns(&p, 5000));
    pressure_look(&p, ROOM, ROOM, false, 5000);
    assert_false(pressure_learns(&p, 5000));
    pressure_look(&p, 0, ROOM, false, 6000);
    assert_int_equal(p.level, 0);
    assert_false(pressure_learns(&p, 6000));
    assert_true(pressure_learns(&p, 5000 + PRESSURE_LEARN_MS));
}

/* A worker that answers 100 packets a millisecond or reads 800, as it wishes; its queue; a resolver known before. */
struct day {
    struct pressure pressure;
    double queue; /* packets */
    unsigned real_asked, real_answered;
    uint64_t now_ms;
};

enum { QUEUE_ROOM = 10000, ANSWERS_MS = 100, READS_MS = 800 };

/* A millisecond in which so many strangers and one known resolver ask; all of them stand in one queue. */
static void pass_ms(struct day *day, unsigned strangers)
{
    const char *const real = "192.0.2.1";
    double budget = 1;
    const bool lost = day->queue + strangers + 1 > QUEUE_ROOM;
    const double room_for_real = lost ? (QUEUE_ROOM - day->queue) / (strangers + 1) : 1;
    day->queue = lost ? QUEUE_ROOM : day->queue + strangers + 1;
    const bool real_is_in = room_for_real >= 1 || day->now_ms % 100 < (uint64_t)(room_for_real * 100);
    const uint32_t now_s = (uint32_t)(day->now_ms / 1000);
    day->real_asked++;
    if (day->pressure.level == 0) {
        day->real_answered += real_is_in;
        if (pressure_learns(&day->pressure, day->now_ms))
            see(real, 1, now_s);
    } else if (real_is_in) {
        const bool first = resolvers_take(resolvers, number_of(real), now_s, day->pressure.began_s, pressure_allowance(&day->pressure));
        day->real_answered += first;
        budget -= first ? 1.0 / ANSWERS_MS : 0;
    }
    const double share = (double)pressure_share(&day->pressure, BATCH) / BATCH, each = share / ANSWERS_MS + (1 - share) / READS_MS;
    const double read = budget / each;
    day->queue -= read < day->queue ? read : day->queue;
    pressure_look(&day->pressure, (uint32_t)(day->queue * ROOM / QUEUE_ROOM), ROOM, lost, day->now_ms);
    day->now_ms++;
}

static void a_resolver_known_before_keeps_95_percent_through_a_flood_of_twice_what_can_be_answered(void **state)
{
    struct day day = {.now_ms = 900000};
    (void)state;
    for (unsigned i = 0; i < 20000; i++)
        pass_ms(&day, ANSWERS_MS / 2);
    assert_int_equal(day.pressure.level, 0);
    assert_int_equal(day.real_answered, day.real_asked);
    day.real_asked = day.real_answered = 0;
    for (unsigned i = 0; i < 30000; i++)
        pass_ms(&day, 2 * ANSWERS_MS);
    assert_in_range(day.real_answered * 100, 95 * day.real_asked, 100 * day.real_asked);
    assert_in_range(day.pressure.level, 1, PRESSURE_LEVELS - 2);
    for (unsigned i = 0; i < 20000; i++)
        pass_ms(&day, ANSWERS_MS / 2);
    assert_int_equal(day.pressure.level, 0); /* all is as before */
    assert_true(pressure_learns(&day.pressure, day.now_ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(who_asked_before_goes_first_up_to_four_times_its_rate),
        CASE(who_asked_seldom_has_a_little),
        CASE(nobody_becomes_known_in_overload_or_in_its_first_second),
        CASE(what_is_asked_in_overload_does_not_raise_the_rate),
        CASE(an_ipv6_resolver_is_its_64),
        CASE(forged_sources_do_not_push_resolvers_out),
        CASE(a_queue_more_than_half_full_raises_the_level_step_by_step),
        CASE(lost_packets_raise_the_level_whatever_the_queue_says),
        CASE(a_quiet_second_lowers_it_by_one),
        CASE(strangers_are_learnt_only_after_ten_seconds_of_calm),
        CASE(a_resolver_known_before_keeps_95_percent_through_a_flood_of_twice_what_can_be_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
