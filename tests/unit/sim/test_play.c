/* Small worlds whose figures can be reckoned by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "config/config.h"
#include "config/scenario.h"
#include "config/schema.h"
#include "sim/chart.h"
#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

static const char near_and_far[] =
    "zones = ( { name = \"sip.test.\"; file = \"z\"; } );\n"
    "probes = { p = { type = \"sip\"; interval = \"5s\"; timeout = \"2s\"; }; };\n"
    "sites = ( { name = \"west\"; location = ( 0, 0 ); capacity = 1000; endpoints = ( { host = \"w.sip.test\"; probes = ( \"p\" ); } ); "
    "},\n"
    "  { name = \"east\"; location = ( 0, 20 ); capacity = 1000; endpoints = ( { host = \"e.sip.test\"; probes = ( \"p\" ); } ); } );\n"
    "services = ( { name = \"sip.test.\"; } );\n";

#define CALLERS                                                                                                                            \
    "title = \"t & <t>\"; length = \"40m\"; night = 100;\n"                                                                                \
    "places = ( { name = \"a\"; network = \"10.1.0.0/18\"; share = 1; location = ( 0, 1 ); } );\n"                                         \
    "resolvers = ( { name = \"r\"; share = 1; networks = 40; } );\n"                                                                       \
    "agents = ( { name = \"g\"; share = 1; failover = true; timeout = \"3s\"; } );\n"

struct stage {
    struct config *config;
    struct geo *geo;
    struct scenario *scenario;
};

/* The geo data knows no place, so all clients have the sites in the configuration's order: west first. */
static struct stage stage_of(const char *text)
{
    struct stage stage;
    struct report report;
    report_init(&report);
    stage.config = config_from_text("c", near_and_far, strlen(near_and_far), &report);
    assert_non_null(stage.config);
    stage.geo = geo_compile(stage.config, &report);
    stage.scenario = scenario_from_text("s", text, strlen(text), stage.config, &report);
    for (size_t i = 0; i < report.count; i++)
        print_error("%s\n", report.findings[i].text);
    assert_non_null(stage.scenario);
    report_release(&report);
    return stage;
}

static void stage_close(struct stage *stage)
{
    scenario_free(stage->scenario);
    geo_free(stage->geo);
    config_unref(stage->config);
}

static struct sim_result play(const char *text, enum sim_policy policy, uint64_t seed)
{
    struct stage stage = stage_of(text);
    struct sim_result result;
    struct error err;
    const struct sim_run run = {.config = stage.config, .geo = stage.geo, .scenario = stage.scenario, .policy = policy, .seed = seed};
    assert_true(sim_play(&run, &result, &err));
    stage_close(&stage);
    return result;
}

static float load_at(const struct sim_result *result, unsigned site, unsigned minute)
{
    return result->sites[site].load[minute * 60 / SIM_SAMPLE_S];
}

static void assert_about(double value, double expected, double tolerance)
{
    if (value < expected - tolerance || value > expected + tolerance)
        fail_msg("%g, expected %g +- %g", value, expected, tolerance);
}

static void as_many_calls_are_there_as_the_scenario_says(void **state)
{
    (void)state;
    struct sim_result result = play(CALLERS "calls = 500;", SIM_NEAREST, 1);
    assert_about((double)result.calls, 500 / 180.0 * 2400, 300);
    assert_about(load_at(&result, 0, 20), 50, 6);
    assert_about(load_at(&result, 1, 20), 0, 0.01);
    assert_int_equal(result.attempts, result.calls);
    assert_int_equal(result.to_dead + result.to_full + result.lost, 0);
    assert_about(result.mean_extra_km, 0, 0.01);
    assert_about(result.steady_km, 111.2, 0.5);
    assert_about(result.place_calls[0], 500, 50);
    assert_int_equal(result.swings, 0);
    sim_result_release(&result);
}

static void the_same_seed_gives_the_same_result_and_another_one_another(void **state)
{
    (void)state;
    struct sim_result one = play(CALLERS "calls = 500;", SIM_SHEDDING, 7), two = play(CALLERS "calls = 500;", SIM_SHEDDING, 7),
                      other = play(CALLERS "calls = 500;", SIM_SHEDDING, 8);
    assert_int_equal(one.calls, two.calls);
    assert_memory_equal(one.sites[0].load, two.sites[0].load, one.sample_count * sizeof(float));
    assert_int_not_equal(one.calls, other.calls);
    sim_result_release(&one);
    sim_result_release(&two);
    sim_result_release(&other);
}

static void a_full_site_refuses_and_phones_that_fail_over_find_the_next(void **state)
{
    (void)state;
    struct sim_result result = play(CALLERS "calls = 1500;", SIM_NEAREST, 1);
    assert_about(load_at(&result, 0, 20), 100, 2);
    assert_about(load_at(&result, 1, 20), 50, 8);
    assert_about((double)result.to_full, result.calls / 3.0, result.calls / 20.0);
    assert_int_equal(result.attempts, result.calls + result.to_full);
    assert_int_equal(result.lost, 0);
    assert_about(result.peak_percent, 100, 0.01);
    /* A third goes 19 degrees instead of one. */
    assert_about(result.mean_extra_km, (2113 - 111.2) / 3, 80);
    sim_result_release(&result);
}

static void calls_of_phones_that_do_not_fail_over_are_lost_after_their_redials(void **state)
{
    (void)state;
    struct sim_result result = play("title = \"t\"; length = \"40m\"; night = 100; calls = 1500; redials = 1; redial = \"10s\";\n"
                                    "places = ( { name = \"a\"; network = \"10.1.0.0/18\"; share = 1; location = ( 0, 1 ); } );\n"
                                    "resolvers = ( { name = \"r\"; share = 1; networks = 40; } );\n"
                                    "agents = ( { name = \"g\"; share = 1; } );\n",
                                    SIM_NEAREST, 1);
    assert_about((double)result.lost, result.calls / 3.0, result.calls / 20.0);
    assert_about(load_at(&result, 1, 20), 0, 0.01);
    sim_result_release(&result);
}

static void a_dead_site_is_noticed_left_and_taken_back(void **state)
{
    (void)state;
    struct sim_result result =
        play(CALLERS "calls = 500; events = ( { what = \"fail\"; at = \"10m\"; for = \"15m\"; sites = ( \"west\" ); } );", SIM_NEAREST, 1);
    assert_about(load_at(&result, 0, 11), 0, 0.01);
    assert_true(result.sites[0].limit[12 * 60 / SIM_SAMPLE_S] <= 0);
    assert_about(load_at(&result, 1, 24), 50, 6);
    assert_about(load_at(&result, 0, 39), 50, 6);
    /* Noticed within interval, timeout, confirmation: calls of some 10 to 50 s go to the dead first, all find the other. */
    assert_in_range(result.to_dead, 20, 150);
    assert_int_equal(result.lost, 0);
    sim_result_release(&result);
}

static void what_happens_to_one_host_is_what_happens_to_its_site_of_one(void **state)
{
    (void)state;
    struct sim_result site =
        play(CALLERS "calls = 500; events = ( { what = \"flap\"; at = \"10m\"; sites = ( \"west\" ); } );", SIM_NEAREST, 1);
    struct sim_result host =
        play(CALLERS "calls = 500; events = ( { what = \"flap\"; at = \"10m\"; host = \"w.sip.test\"; } );", SIM_NEAREST, 1);
    assert_int_equal(site.to_dead, host.to_dead);
    assert_true(site.to_dead > 100);
    sim_result_release(&site);
    sim_result_release(&host);
}

static void a_brown_out_takes_capacity_and_a_surge_brings_calls(void **state)
{
    (void)state;
    struct sim_result brown =
        play(CALLERS "calls = 600; events = ( { what = \"brown-out\"; at = 0; for = \"20m\"; to = 40; } );", SIM_NEAREST, 1);
    assert_about(brown.sites[0].limit[19 * 60 / SIM_SAMPLE_S], 43, 1);
    assert_true(brown.to_full > 0);
    assert_about(load_at(&brown, 0, 39), 60, 8);
    struct sim_result surge = play(CALLERS "calls = 400; events = ( { what = \"surge\"; at = \"5m\"; to = 200; } );", SIM_NEAREST, 1);
    assert_about(load_at(&surge, 0, 39), 80, 8);
    sim_result_release(&brown);
    sim_result_release(&surge);
}

static void registered_phones_stay_where_they_are_until_they_register_anew(void **state)
{
    (void)state;
    const char *text = "title = \"t\"; length = \"50m\"; night = 100; calls = 500;\n"
                       "places = ( { name = \"a\"; network = \"10.1.0.0/18\"; share = 1; location = ( 0, 1 ); } );\n"
                       "resolvers = ( { name = \"r\"; share = 1; networks = 40; } );\n"
                       "agents = ( { name = \"g\"; share = 1; failover = true; timeout = \"1s\"; register = \"20m\"; } );\n"
                       "events = ( { what = \"fail\"; at = \"5m\"; for = \"5m\"; sites = ( \"west\" ); } );";
    struct sim_result result = play(text, SIM_NEAREST, 1);
    assert_about(load_at(&result, 1, 10), 40, 15); /* the rest are on their way */
    assert_true(load_at(&result, 1, 14) > 20);     /* the other has long been back */
    assert_about(load_at(&result, 1, 45), 0, 2);
    sim_result_release(&result);
}

static void one_policy_herds_and_the_detector_sees_it(void **state)
{
    (void)state;
    const char *text = CALLERS "calls = 900; reports = { interval = \"60s\"; delay = \"60s\"; };";
    struct sim_result result = play(text, SIM_LEAST_LOADED, 1);
    assert_true(sim_swings(&result));
    assert_true(result.settled_minutes < 0);
    sim_result_release(&result);
}

static void a_place_that_nobody_knows_is_an_error(void **state)
{
    (void)state;
    struct stage stage = stage_of("title = \"t\"; calls = 1; places = ( { name = \"a\"; network = \"10.1.0.0/18\"; share = 1; } );\n"
                                  "resolvers = ( { name = \"r\"; share = 1; } ); agents = ( { name = \"g\"; share = 1; } );");
    struct sim_result result;
    struct error err;
    const struct sim_run run = {.config = stage.config, .geo = stage.geo, .scenario = stage.scenario};
    assert_false(sim_play(&run, &result, &err));
    assert_string_equal(err.text, "places: the geo data does not know where \"a\" is: give it a location");
    stage_close(&stage);
}

static void a_chart_has_a_panel_for_each_site_and_a_line_for_each_policy(void **state)
{
    (void)state;
    const char *text = CALLERS "calls = 500; events = ( { what = \"fail\"; at = \"10m\"; sites = ( \"west\" ); } );";
    struct stage stage = stage_of(text);
    struct sim_result results[] = {play(text, SIM_NEAREST, 1), play(text, SIM_STATIC, 1)};
    char *svg = chart_draw(stage.config, stage.scenario, results, 2);
    assert_non_null(strstr(svg, "t &amp; &lt;t>"));
    assert_non_null(strstr(svg, ">west</text>"));
    assert_non_null(strstr(svg, ">east</text>"));
    size_t lines = 0;
    for (const char *at = svg; (at = strstr(at, "<polyline class=\"p ")); at++)
        lines++;
    assert_int_equal(lines, 4);
    assert_string_equal(svg + strlen(svg) - 7, "</svg>\n");
    free(svg);
    for (unsigned i = 0; i < 2; i++)
        sim_result_release(&results[i]);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_calls_are_there_as_the_scenario_says),
        cmocka_unit_test(the_same_seed_gives_the_same_result_and_another_one_another),
        cmocka_unit_test(a_full_site_refuses_and_phones_that_fail_over_find_the_next),
        cmocka_unit_test(calls_of_phones_that_do_not_fail_over_are_lost_after_their_redials),
        cmocka_unit_test(a_dead_site_is_noticed_left_and_taken_back),
        cmocka_unit_test(what_happens_to_one_host_is_what_happens_to_its_site_of_one),
        cmocka_unit_test(a_brown_out_takes_capacity_and_a_surge_brings_calls),
        cmocka_unit_test(registered_phones_stay_where_they_are_until_they_register_anew),
        cmocka_unit_test(one_policy_herds_and_the_detector_sees_it),
        cmocka_unit_test(a_place_that_nobody_knows_is_an_error),
        cmocka_unit_test(a_chart_has_a_panel_for_each_site_and_a_line_for_each_policy),
    };
    return cmocka_run_group_tests_name("play", tests, NULL, NULL);
}
