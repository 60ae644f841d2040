/* Readings under virtual time, and what they say of endpoints, sites and clusters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "load/utilisation.h"

#include <math.h>

enum { EVERY_MS = 5000 };

static const struct load_source gauge = {.interval_ms = EVERY_MS, .scale = 1},
                                counter = {.interval_ms = EVERY_MS, .scale = 1, .rate = true},
                                halved = {.interval_ms = EVERY_MS, .scale = 0.5};

static bool take(struct reading *reading, const struct load_source *source, double value, uint64_t at_ms)
{
    const struct load_sample sample = {.value = value, .at_ms = at_ms, .interval_ms = source->interval_ms};
    return reading_take(reading, source, &sample, 0, NULL);
}

static void near(double is, double wanted)
{
    if (fabs(is - wanted) > 1e-6)
        fail_msg("%.9g instead of %.9g", is, wanted);
}

static void trust_falls_from_one_and_a_half_intervals_to_nothing_at_three(void **state)
{
    (void)state;
    near(load_trust(0, 1000), 1);
    near(load_trust(1500, 1000), 1);
    near(load_trust(2250, 1000), 0.5);
    near(load_trust(2999, 1000), 1.0 / 1500);
    near(load_trust(3000, 1000), 0);
    near(load_trust(UINT64_MAX, 1000), 0);
    near(load_trust(1, 0), 1);
}

static void what_was_never_read_is_unknown(void **state)
{
    (void)state;
    const struct reading reading = {.known = false};
    near(reading_trust(&reading, 100), 0);
}

static void a_gauge_is_known_at_once_and_ages(void **state)
{
    (void)state;
    struct reading reading = {.known = false};
    assert_true(take(&reading, &halved, 20, 1000));
    near(reading.raw, 10);
    near(reading.smoothed, 10);
    near(reading_trust(&reading, 1000), 1);
    near(reading_trust(&reading, 900), 1); /* another thread's clock was a little ahead */
    near(reading_trust(&reading, 1000 + 2 * EVERY_MS), 2.0 / 3);
    near(reading_trust(&reading, 1000 + 3 * EVERY_MS), 0);
}

static void smoothing_is_fast_upwards_and_slow_downwards(void **state)
{
    (void)state;
    struct reading up = {.known = false}, down = {.known = false};
    take(&up, &gauge, 0, 1000);
    take(&down, &gauge, 100, 1000);
    take(&up, &gauge, 100, 1000 + EVERY_MS);
    take(&down, &gauge, 0, 1000 + EVERY_MS);
    near(up.smoothed, 100 * (1 - exp(-1)));
    near(down.smoothed, 100 * exp(-0.25));
    near(down.raw, 0);
}

static void what_is_pushed_is_not_smoothed(void **state)
{
    (void)state;
    static const struct load_source pushed = {.type = LOAD_PUSH, .interval_ms = EVERY_MS, .scale = 1};
    struct reading reading = {.known = false};
    take(&reading, &pushed, 100, 1000);
    take(&reading, &pushed, 10, 1001);
    near(reading.smoothed, 10);
}

static void after_a_gap_a_value_stands_for_itself(void **state)
{
    (void)state;
    struct reading reading = {.known = false};
    take(&reading, &gauge, 100, 1000);
    take(&reading, &gauge, 10, 1000 + 3 * EVERY_MS);
    near(reading.smoothed, 10);
}

static void a_counter_gives_its_growth_in_a_second(void **state)
{
    (void)state;
    struct reading reading = {.known = false};
    assert_false(take(&reading, &counter, 1000, 1000));
    near(reading_trust(&reading, 1000), 0);
    assert_true(take(&reading, &counter, 1050, 6000));
    near(reading.raw, 10);
    assert_true(take(&reading, &counter, 1050, 11000));
    near(reading.raw, 0);
}

static void a_counter_that_begins_anew_gives_no_value_then(void **state)
{
    (void)state;
    struct reading reading = {.known = false};
    take(&reading, &counter, 1000000, 1000);
    take(&reading, &counter, 1000050, 6000);
    assert_false(take(&reading, &counter, 900000, 11000));
    near(reading.raw, 10);
    assert_true(take(&reading, &counter, 900100, 16000));
    near(reading.raw, 20);
}

static void a_counter_is_not_averaged_over_a_long_gap(void **state)
{
    (void)state;
    struct reading reading = {.known = false};
    take(&reading, &counter, 0, 1000);
    assert_false(take(&reading, &counter, 1000, 1000 + 3 * EVERY_MS));
    assert_true(take(&reading, &counter, 1050, 1000 + 4 * EVERY_MS));
    near(reading.raw, 10);
}

static void take_wrong(struct reading *reading, const struct load_source *source, double value, uint64_t at_ms, double full,
                       const char *wanted)
{
    const struct load_sample sample = {.value = value, .at_ms = at_ms, .interval_ms = EVERY_MS};
    const struct reading before = *reading;
    struct error err = {""};
    assert_false(reading_take(reading, source, &sample, full, &err));
    assert_string_equal(err.text, wanted);
    assert_true(reading->known == before.known && reading->at_ms == before.at_ms);
    near(reading->smoothed, before.smoothed);
    near(reading->raw, before.raw);
}

static void what_cannot_be_is_told_and_changes_nothing(void **state)
{
    (void)state;
    static const struct load_source thousandfold = {.interval_ms = EVERY_MS, .scale = 1000},
                                    thousandfold_counter = {.interval_ms = EVERY_MS, .scale = 1000, .rate = true},
                                    percent = {.interval_ms = EVERY_MS, .scale = 1, .unit = LOAD_PERCENT};
    struct reading reading = {.known = false}, rate = {.known = false};
    take_wrong(&reading, &gauge, 4294967295.0, 1000, 4000,
               "the value 4.29497e+09 calls is more than 10 times what there is room for (4000)");
    assert_false(reading.known);
    take_wrong(&reading, &thousandfold, 1e308, 1000, 0, "the value inf calls is not possible");
    take_wrong(&reading, &gauge, 1e13, 1000, 0, "the value 1e+13 calls is not possible");
    take_wrong(&reading, &percent, 1001, 1000, 100, "the value 1001 percent is more than 10 times what there is room for (100)");
    assert_true(take(&reading, &gauge, 30000, 1000)); /* overload is possible, */
    take_wrong(&reading, &gauge, 40001, 2000, 4000, "the value 40001 calls is more than 10 times what there is room for (4000)");
    struct error err = {""};
    assert_true(reading_take(&reading, &gauge, &(struct load_sample){.value = 40000, .at_ms = 3000, .interval_ms = EVERY_MS}, 4000, &err));
    assert_false(take(&rate, &thousandfold_counter, 0, 1000));
    take_wrong(&rate, &thousandfold_counter, 1e307, 2000, 0, "the value inf calls is not possible");
    assert_false(take(&rate, &thousandfold_counter, 1, 3000)); /* it begins anew */
    assert_true(take(&rate, &thousandfold_counter, 3, 4000));
    near(rate.raw, 2000);
}

static void a_page_whose_timestamp_stands_still_tells_nothing_new(void **state)
{
    (void)state;
    struct reading reading = {.known = false};
    struct load_sample sample = {.value = 5, .at_ms = 1000, .interval_ms = EVERY_MS, .stamped = true, .stamp = 77};
    assert_true(reading_take(&reading, &gauge, &sample, 0, NULL));
    sample.at_ms += 3 * EVERY_MS;
    assert_false(reading_take(&reading, &gauge, &sample, 0, NULL));
    near(reading_trust(&reading, sample.at_ms), 0);
    sample.stamp = 78;
    assert_true(reading_take(&reading, &gauge, &sample, 0, NULL));
    near(reading_trust(&reading, sample.at_ms), 1);
}

static void a_file_that_was_not_written_anew_tells_nothing_new(void **state)
{
    (void)state;
    struct reading reading = {.known = false};
    assert_true(take(&reading, &gauge, 5, 1000));
    assert_false(take(&reading, &gauge, 5, 1000));
    assert_false(take(&reading, &gauge, 6, 999));
    near(reading.raw, 5);
}

static struct amount known(double value, double trust)
{
    return (struct amount){.value = value, .raw = value, .trust = trust, .at_ms = 1};
}

static void the_largest_ratio_counts_with_the_trust_of_its_unit(void **state)
{
    (void)state;
    const struct amounts amounts = {.of = {[LOAD_CALLS] = known(50, 1), [LOAD_CPS] = known(9, 0.5), [LOAD_PERCENT] = known(60, 1)}};
    struct utilisation use = utilisation_of(&amounts, (struct limits){.calls = 100, .cps = 10});
    near(use.ratio, 0.9);
    near(use.trust, 0.5);
    near(use.calls, 90);
    use = utilisation_of(&amounts, (struct limits){.calls = 100});
    near(use.ratio, 0.6);
    near(use.trust, 1);
}

static void without_a_limit_or_a_fresh_amount_the_ratio_is_unknown_not_none(void **state)
{
    (void)state;
    const struct amounts calls = {.of = {[LOAD_CALLS] = known(50, 1)}}, old = {.of = {[LOAD_CALLS] = known(50, 0)}};
    near(utilisation_of(&calls, (struct limits){.cps = 10}).trust, 0);
    near(utilisation_of(&old, (struct limits){.calls = 100}).trust, 0);
}

static void an_idle_one_is_known_to_be_idle(void **state)
{
    (void)state;
    const struct amounts idle = {.of = {[LOAD_CALLS] = known(0, 1)}};
    const struct utilisation use = utilisation_of(&idle, (struct limits){.calls = 100});
    near(use.ratio, 0);
    near(use.trust, 1);
}

static void the_largest_of_several_sources_of_one_unit_counts(void **state)
{
    (void)state;
    struct reading low = {.known = false}, high = {.known = false}, old = {.known = false};
    struct amounts amounts = {0};
    take(&old, &gauge, 900, 1000);
    take(&low, &gauge, 10, 100000);
    take(&high, &gauge, 30, 100000);
    amounts_add(&amounts, LOAD_CALLS, &low, 100000);
    amounts_add(&amounts, LOAD_CALLS, &high, 100000);
    amounts_add(&amounts, LOAD_CALLS, &old, 100000);
    near(amounts.of[LOAD_CALLS].value, 30);
    near(amounts.of[LOAD_CPS].trust, 0);
}

static void a_site_is_the_sum_of_its_endpoints(void **state)
{
    (void)state;
    const struct part parts[] = {{.amounts = {.of = {[LOAD_CALLS] = known(30, 1)}}, .limits = {.calls = 100}},
                                 {.amounts = {.of = {[LOAD_CALLS] = known(150, 0.5)}}, .limits = {.calls = 300}}};
    const struct amounts site = amounts_of_parts(parts, 2);
    near(site.of[LOAD_CALLS].value, 180);
    near(site.of[LOAD_CALLS].trust, (100 + 150) / 400.0);
    const struct limits limits = limits_of_parts((struct limits){.calls = 0}, parts, 2);
    assert_int_equal(limits.calls, 400);
    assert_int_equal(limits.cps, 0);
    near(utilisation_of(&site, limits).ratio, 0.45);
}

static void an_unknown_endpoint_counts_as_the_known_ones_and_lowers_the_trust(void **state)
{
    (void)state;
    const struct part parts[] = {{.amounts = {.of = {[LOAD_CALLS] = known(30, 1)}}, .limits = {.calls = 100}}, {.limits = {.calls = 300}}};
    const struct amounts site = amounts_of_parts(parts, 2);
    near(site.of[LOAD_CALLS].value, 120);
    near(site.of[LOAD_CALLS].trust, 0.25);
}

static void percents_are_averaged_by_capacity_or_alike_without_one(void **state)
{
    (void)state;
    struct part parts[] = {{.amounts = {.of = {[LOAD_PERCENT] = known(80, 1)}}, .limits = {.calls = 100}},
                           {.amounts = {.of = {[LOAD_PERCENT] = known(20, 1)}}, .limits = {.calls = 300}},
                           {.limits = {.calls = 400}}};
    near(amounts_of_parts(parts, 3).of[LOAD_PERCENT].value, 35);
    near(amounts_of_parts(parts, 3).of[LOAD_PERCENT].trust, 0.5);
    parts[1].limits.calls = 0;
    near(amounts_of_parts(parts, 2).of[LOAD_PERCENT].value, 50);
}

static void a_capacity_that_is_not_said_of_every_endpoint_is_no_sum(void **state)
{
    (void)state;
    const struct part parts[] = {{.limits = {.calls = 100, .cps = 5}}, {.limits = {.cps = 7}}};
    const struct limits sum = limits_of_parts((struct limits){.calls = 0}, parts, 2),
                        own = limits_of_parts((struct limits){.calls = 50, .cps = 1}, parts, 2);
    assert_int_equal(sum.calls, 0);
    assert_int_equal(sum.cps, 12);
    assert_int_equal(own.calls, 50);
    assert_int_equal(own.cps, 1);
    assert_int_equal(limits_of_parts((struct limits){.calls = 0}, parts, 0).cps, 0);
}

static void own_sources_go_before_the_sum_unit_by_unit(void **state)
{
    (void)state;
    const struct amounts own = {.of = {[LOAD_CALLS] = known(7, 0.5)}},
                         parts = {.of = {[LOAD_CALLS] = known(9, 1), [LOAD_CPS] = known(2, 1)}};
    const struct amounts both = amounts_prefer(&own, &parts);
    near(both.of[LOAD_CALLS].value, 7);
    near(both.of[LOAD_CPS].value, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trust_falls_from_one_and_a_half_intervals_to_nothing_at_three),
        cmocka_unit_test(what_was_never_read_is_unknown),
        cmocka_unit_test(a_gauge_is_known_at_once_and_ages),
        cmocka_unit_test(smoothing_is_fast_upwards_and_slow_downwards),
        cmocka_unit_test(what_is_pushed_is_not_smoothed),
        cmocka_unit_test(after_a_gap_a_value_stands_for_itself),
        cmocka_unit_test(a_counter_gives_its_growth_in_a_second),
        cmocka_unit_test(a_counter_that_begins_anew_gives_no_value_then),
        cmocka_unit_test(a_counter_is_not_averaged_over_a_long_gap),
        cmocka_unit_test(what_cannot_be_is_told_and_changes_nothing),
        cmocka_unit_test(a_page_whose_timestamp_stands_still_tells_nothing_new),
        cmocka_unit_test(a_file_that_was_not_written_anew_tells_nothing_new),
        cmocka_unit_test(the_largest_ratio_counts_with_the_trust_of_its_unit),
        cmocka_unit_test(without_a_limit_or_a_fresh_amount_the_ratio_is_unknown_not_none),
        cmocka_unit_test(an_idle_one_is_known_to_be_idle),
        cmocka_unit_test(the_largest_of_several_sources_of_one_unit_counts),
        cmocka_unit_test(a_site_is_the_sum_of_its_endpoints),
        cmocka_unit_test(an_unknown_endpoint_counts_as_the_known_ones_and_lowers_the_trust),
        cmocka_unit_test(percents_are_averaged_by_capacity_or_alike_without_one),
        cmocka_unit_test(a_capacity_that_is_not_said_of_every_endpoint_is_no_sum),
        cmocka_unit_test(own_sources_go_before_the_sum_unit_by_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
