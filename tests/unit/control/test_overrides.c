#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

static struct fixture fixture;

static int begin(void **state)
{
    (void)state;
    fixture_begin(&fixture);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fixture_end(&fixture);
    return 0;
}

static const struct config *config(void)
{
    return world_config(fixture.world.world);
}

static void resolves_to(const char *text, const char *full)
{
    struct target target;
    struct error err = {""};
    if (!target_resolve(config(), text, &target, &err))
        fail_msg("%s: %s", text, err.text);
    assert_string_equal(target.text, full);
}

static void refused_with(const char *text, const char *part)
{
    struct target target;
    struct error err = {""};
    assert_false(target_resolve(config(), text, &target, &err));
    if (!strstr(err.text, part))
        fail_msg("\"%s\" is not in \"%s\"", part, err.text);
}

static void targets_are_found_by_full_and_by_short_names(void **state)
{
    (void)state;
    resolves_to("london", "london");
    resolves_to("london/lb1.lon.sip.test.", "london/lb1.lon.sip.test.");
    resolves_to("london/LB1.lon.sip.test", "london/lb1.lon.sip.test.");
    resolves_to("london/lb1", "london/lb1.lon.sip.test.");
    resolves_to("ashburn/lb1", "ashburn/lb1.ash.sip.test.");
    resolves_to("ashburn/lb10.ash", "ashburn/lb10.ash.sip.test.");
    resolves_to("service:sip.test", "service:sip.test.");
}

static void a_target_that_is_not_there_is_refused_with_help(void **state)
{
    (void)state;
    refused_with("paris", "london, ashburn");
    refused_with("paris/lb1", "london, ashburn");
    refused_with("london/lb3", "no endpoint");
    refused_with("london/lb", "no endpoint");
    refused_with("london/", "no endpoint");
    refused_with("", "no site");
    refused_with("/", "no site");
    refused_with("service:other.", "no service");
    refused_with("lb1.lon.sip.test", "london/lb1.lon.sip.test.");
    refused_with("sip.test", "service:sip.test");
}

static void a_short_name_that_fits_two_is_refused(void **state)
{
    (void)state;
    struct endpoint twins[] = {{.host = (char *)"lb1.a.test."}, {.host = (char *)"lb1.b.test."}};
    struct site site = {.name = (char *)"x", .endpoint_count = 2};
    const struct config two = {.sites = &site, .site_count = 1, .endpoints = twins, .endpoint_count = 2};
    struct target target;
    struct error err = {""};
    assert_false(target_resolve(&two, "x/lb1", &target, &err));
    assert_non_null(strstr(err.text, "2 endpoints"));
    assert_true(target_resolve(&two, "x/lb1.b", &target, &err));
    assert_int_equal(target.index, 1);
}

static struct override order(enum order kind, const char *text, uint64_t until_ms)
{
    struct target target;
    assert_true(target_exact(config(), text, &target));
    struct override made = {.order = kind, .scope = target.scope, .since_s = 1000, .until_ms = until_ms};
    snprintf(made.target, sizeof made.target, "%s", target.text);
    snprintf(made.who, sizeof made.who, "root");
    return made;
}

static void put(struct overrides *overrides, enum order kind, const char *text, uint64_t until_ms)
{
    const struct override made = order(kind, text, until_ms);
    overrides_put(overrides, &made);
}

static bool enable(struct overrides *overrides, const char *text, uint64_t until_ms, struct error *err)
{
    struct target target;
    assert_true(target_exact(config(), text, &target));
    return overrides_enable(overrides, config(), &target, until_ms, err);
}

static uint8_t applied_to_london(const struct overrides *overrides, uint64_t now_ms)
{
    struct effects effects;
    effects_init(&effects, config());
    overrides_apply(overrides, config(), NULL, now_ms, &effects);
    const uint8_t found = effects.sites[0];
    effects_release(&effects);
    return found;
}

static void a_newer_order_on_the_same_target_replaces_the_older(void **state)
{
    (void)state;
    struct overrides overrides = {0};
    put(&overrides, ORDER_DRAIN, "london", 2000);
    put(&overrides, ORDER_DRAIN, "ashburn", 0);
    put(&overrides, ORDER_DISABLE, "london", 0);
    assert_int_equal(overrides.count, 2);
    assert_int_equal(overrides_find(&overrides, "london")->order, ORDER_DISABLE);
    assert_int_equal(overrides_find(&overrides, "london")->until_ms, 0);
    overrides_release(&overrides);
}

static void an_order_that_ends_first_lies_on_top_of_the_older(void **state)
{
    (void)state;
    struct overrides overrides = {0};
    struct override ended;
    put(&overrides, ORDER_DISABLE, "london", 0);
    put(&overrides, ORDER_DRAIN, "london", 5000);
    put(&overrides, ORDER_DRAIN, "ashburn", 0);
    put(&overrides, ORDER_DISABLE, "london", 2000);
    put(&overrides, ORDER_DRAIN, "london", 3000); /* outlasts the last, not those below */
    assert_int_equal(overrides.count, 4);
    const struct override *top = overrides_find(&overrides, "london");
    assert_int_equal(top->until_ms, 3000);
    assert_int_equal(overrides_beneath(&overrides, top)->until_ms, 5000);
    assert_int_equal(applied_to_london(&overrides, 2999), ORDERED_DRAIN);
    assert_true(overrides_take_ended(&overrides, 5000, &ended));
    assert_true(overrides_take_ended(&overrides, 5000, &ended));
    assert_false(overrides_take_ended(&overrides, 5000, &ended));
    assert_int_equal(applied_to_london(&overrides, 5000), ORDERED_DISABLE);
    assert_null(overrides_beneath(&overrides, overrides_find(&overrides, "london")));
    overrides_release(&overrides);
}

static void enabling_lifts_the_older_orders_too(void **state)
{
    (void)state;
    struct overrides overrides = {0};
    struct error err;
    put(&overrides, ORDER_DISABLE, "london", 0);
    put(&overrides, ORDER_DRAIN, "london", 5000);
    assert_true(enable(&overrides, "london", 2000, &err));
    assert_int_equal(applied_to_london(&overrides, 1999), ORDERED_NOTHING);
    assert_int_equal(applied_to_london(&overrides, 2000), ORDERED_DRAIN);
    assert_true(enable(&overrides, "london", 0, &err));
    assert_int_equal(overrides.count, 0);
    overrides_release(&overrides);
}

static void enabling_ends_the_order_of_that_very_target(void **state)
{
    (void)state;
    struct overrides overrides = {0};
    struct error err;
    put(&overrides, ORDER_DRAIN, "london", 0);
    put(&overrides, ORDER_DRAIN, "london/lb1.lon.sip.test.", 0);
    assert_true(enable(&overrides, "london", 0, &err));
    assert_null(overrides_find(&overrides, "london"));
    assert_non_null(overrides_find(&overrides, "london/lb1.lon.sip.test."));
    overrides_release(&overrides);
}

static void enabling_what_has_no_order_is_refused_and_says_what_has(void **state)
{
    (void)state;
    struct overrides overrides = {0};
    struct error err;
    assert_false(enable(&overrides, "london", 0, &err));
    assert_non_null(strstr(err.text, "neither"));
    put(&overrides, ORDER_DRAIN, "london", 0);
    assert_false(enable(&overrides, "london/lb1.lon.sip.test.", 0, &err));
    assert_non_null(strstr(err.text, "its site is drained"));
    put(&overrides, ORDER_DISABLE, "ashburn/lb1.ash.sip.test.", 0);
    assert_false(enable(&overrides, "ashburn", 0, &err));
    assert_non_null(strstr(err.text, "lb1.ash.sip.test. is disabled"));
    overrides_release(&overrides);
}

static void enabling_for_a_time_suspends_and_then_the_order_is_back(void **state)
{
    (void)state;
    struct overrides overrides = {0};
    struct error err;
    put(&overrides, ORDER_DISABLE, "london", 5000);
    assert_true(enable(&overrides, "london", 2000, &err));
    assert_int_equal(overrides_next_ms(&overrides, 1000), 2000);
    assert_int_equal(applied_to_london(&overrides, 1999), ORDERED_NOTHING);
    assert_int_equal(applied_to_london(&overrides, 2000), ORDERED_DISABLE);
    assert_int_equal(overrides_next_ms(&overrides, 2000), 5000);
    assert_int_equal(applied_to_london(&overrides, 5000), ORDERED_NOTHING);
    overrides_release(&overrides);
}

static void orders_end_at_their_second_and_not_before(void **state)
{
    (void)state;
    struct overrides overrides = {0};
    struct override ended;
    put(&overrides, ORDER_DRAIN, "london", 2000);
    put(&overrides, ORDER_DRAIN, "ashburn", 0);
    put(&overrides, ORDER_DRAIN, "service:sip.test.", 1500);
    assert_int_equal(overrides_next_ms(&overrides, 1000), 1500);
    assert_false(overrides_take_ended(&overrides, 1499, &ended));
    assert_true(overrides_take_ended(&overrides, 2000, &ended));
    assert_true(overrides_take_ended(&overrides, 2000, &ended));
    assert_false(overrides_take_ended(&overrides, 2000, &ended));
    assert_int_equal(overrides.count, 1);
    assert_int_equal(overrides_next_ms(&overrides, 2000), 0);
    overrides_release(&overrides);
}

static void orders_take_effect_on_what_they_name_and_on_nothing_else(void **state)
{
    (void)state;
    struct overrides overrides = {0};
    struct effects effects;
    put(&overrides, ORDER_DRAIN, "ashburn", 0);
    put(&overrides, ORDER_DISABLE, "london/lb2.lon.sip.test.", 0);
    put(&overrides, ORDER_DRAIN, "service:sip.test.", 0);
    struct override gone = {.order = ORDER_DISABLE, .scope = SCOPE_SITE, .target = "paris"};
    overrides_put(&overrides, &gone);
    effects_init(&effects, config());
    overrides_apply(&overrides, config(), NULL, 1000, &effects);
    const uint8_t endpoints[] = {ORDERED_NOTHING, ORDERED_DISABLE, ORDERED_NOTHING, ORDERED_NOTHING};
    assert_memory_equal(effects.endpoints, endpoints, sizeof endpoints);
    assert_int_equal(effects.sites[0], ORDERED_NOTHING);
    assert_int_equal(effects.sites[1], ORDERED_DRAIN);
    assert_int_equal(effects.services[0], SERVICE_DRAINED);
    put(&overrides, ORDER_FAIL, "ashburn", 0);
    overrides_apply(&overrides, config(), NULL, 1000, &effects);
    assert_int_equal(effects.sites[1], ORDERED_FAIL);
    effects_release(&effects);
    overrides_release(&overrides);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_found_by_full_and_by_short_names),
        cmocka_unit_test(a_target_that_is_not_there_is_refused_with_help),
        cmocka_unit_test(a_short_name_that_fits_two_is_refused),
        cmocka_unit_test(a_newer_order_on_the_same_target_replaces_the_older),
        cmocka_unit_test(an_order_that_ends_first_lies_on_top_of_the_older),
        cmocka_unit_test(enabling_lifts_the_older_orders_too),
        cmocka_unit_test(enabling_ends_the_order_of_that_very_target),
        cmocka_unit_test(enabling_what_has_no_order_is_refused_and_says_what_has),
        cmocka_unit_test(enabling_for_a_time_suspends_and_then_the_order_is_back),
        cmocka_unit_test(orders_end_at_their_second_and_not_before),
        cmocka_unit_test(orders_take_effect_on_what_they_name_and_on_nothing_else),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
