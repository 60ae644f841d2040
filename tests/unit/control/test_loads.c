/* Meters and gauges under virtual time: who counts, what survives a reload, what a push may do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

#include <math.h>

#define ZONE_FILE                                                                                                                          \
    "sip.zone", "$ORIGIN sip.test.\n$TTL 300\n@ SOA ns1 host 1 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.53\n"                            \
                "lb1.lon A 192.0.2.1\nlb2.lon A 192.0.2.2\nlb3.lon A 192.0.2.5\nlb1.ash AAAA 2001:db8::3\n"

#define LOADS                                                                                                                              \
    "loads = { dialogs = { type = \"prometheus\"; url = \"http://%a/\"; metric = \"m\"; };\n"                                              \
    "          told = { type = \"push\"; }; rate = { type = \"push\"; unit = \"cps\"; }; };\n"

static const char *const files[] = {
    "sipsteer.conf",
    "server = { control = \"s\"; state = \"state\"; };\nzones = ( { name = \"sip.test.\"; file = \"sip.zone\"; } );\n" LOADS
    "sites = ( { name = \"london\"; location = (51.5, -0.1); endpoints = (\n"
    "    { host = \"lb1.lon.sip.test.\"; capacity = 100; load = (\"dialogs\"); },\n"
    "    { host = \"lb2.lon.sip.test.\"; capacity = 300; load = (\"dialogs\"); } ); },\n"
    "  { name = \"ashburn\"; location = (39.0, -77.5); capacity = 200; capacity_cps = 10; load = (\"told\", \"rate\"); endpoints = (\n"
    "    { host = \"lb1.ash.sip.test.\"; } ); } );\n"
    "clusters = ( { name = \"trunk\"; capacity = 50; endpoints = (\"lb2.lon.sip.test.\", \"lb1.ash.sip.test.\"); } );\n",
    ZONE_FILE,
    NULL,
};

/* Another order, one endpoint more, and a source that means something else. */
static const char *const later_files[] = {
    "sipsteer.conf",
    "server = { control = \"s\"; state = \"state\"; };\nzones = ( { name = \"sip.test.\"; file = \"sip.zone\"; } );\n"
    "loads = { rate = { type = \"push\"; unit = \"percent\"; }; told = { type = \"push\"; };\n"
    "          dialogs = { type = \"prometheus\"; url = \"http://%a/\"; metric = \"m\"; }; };\n"
    "sites = ( { name = \"ashburn\"; location = (39.0, -77.5); capacity = 200; load = (\"rate\", \"told\"); endpoints = (\n"
    "    { host = \"lb1.ash.sip.test.\"; } ); },\n"
    "  { name = \"london\"; location = (51.5, -0.1); endpoints = (\n"
    "    { host = \"lb3.lon.sip.test.\"; capacity = 100; load = (\"dialogs\"); },\n"
    "    { host = \"lb2.lon.sip.test.\"; capacity = 300; load = (\"dialogs\"); } ); } );\n",
    ZONE_FILE,
    NULL,
};

enum { LB1_LON, LB2_LON, LB1_ASH, LONDON = 0, ASHBURN = 1, START_MS = 1000 };

struct scene {
    struct test_world world;
    struct meters meters;
    bool takes[8];
};

static void load_world(struct test_world *world, const char *const *from)
{
    struct report report;
    report_init(&report);
    test_load(world, from, &report);
    test_print(&report);
    assert_non_null(world->world);
    report_release(&report);
}

static int begin(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    load_world(&scene->world, files);
    meters_init(&scene->meters, scene->world.world, NULL, START_MS);
    for (size_t i = 0; i < 8; i++)
        scene->takes[i] = true;
    *state = scene;
    return 0;
}

static int end(void **state)
{
    struct scene *scene = *state;
    meters_release(&scene->meters);
    test_release(&scene->world, files);
    free(scene);
    return 0;
}

static void hear(struct meters *meters, uint32_t meter, double value, uint64_t at_ms)
{
    const struct load_result result = {
        .errand = meter, .generation = meters->generation, .done = true, .sample = {.value = value, .at_ms = at_ms, .interval_ms = 5000}};
    struct meter *whose = meters_addressee(meters, &result);
    assert_non_null(whose);
    meter_take(whose, &result, at_ms);
}

static void near(double is, double wanted)
{
    if (fabs(is - wanted) > 1e-6)
        fail_msg("%.9g instead of %.9g", is, wanted);
}

static void a_site_is_as_full_as_its_endpoints_that_take_callers(void **state)
{
    struct scene *scene = *state;
    hear(&scene->meters, LB1_LON, 80, 2000);
    hear(&scene->meters, LB2_LON, 60, 2000);
    meters_look(&scene->meters, scene->takes, 2000);
    near(scene->meters.site_use[LONDON].ratio, 140 / 400.0);
    near(scene->meters.endpoint_use[LB1_LON].ratio, 0.8);
    scene->takes[LB2_LON] = false; /* down or drained: neither its load nor its capacity counts */
    meters_look(&scene->meters, scene->takes, 2000);
    near(scene->meters.site_use[LONDON].ratio, 0.8);
    assert_int_equal(scene->meters.sites[LONDON].limits.calls, 100);
    near(scene->meters.sites[LONDON].live, 140);
    scene->takes[LB1_LON] = false; /* a drained site shows how it becomes empty */
    meters_look(&scene->meters, scene->takes, 2000);
    near(scene->meters.site_use[LONDON].ratio, 140 / 400.0);
}

static void load_that_nobody_has_told_is_unknown_and_becomes_so_again(void **state)
{
    struct scene *scene = *state;
    meters_look(&scene->meters, scene->takes, 2000);
    near(scene->meters.site_use[LONDON].trust, 0);
    assert_false(scene->meters.sites[LONDON].counted);
    hear(&scene->meters, LB1_LON, 80, 2000);
    meters_look(&scene->meters, scene->takes, 2000);
    near(scene->meters.site_use[LONDON].trust, 0.25);
    near(scene->meters.site_use[LONDON].ratio, 0.8);
    meters_look(&scene->meters, scene->takes, 2000 + 15000);
    near(scene->meters.site_use[LONDON].trust, 0);
    assert_false(scene->meters.sites[LONDON].counted);
}

static void a_cluster_sums_its_endpoints_against_its_own_capacity(void **state)
{
    struct scene *scene = *state;
    hear(&scene->meters, LB2_LON, 20, 2000);
    meters_look(&scene->meters, scene->takes, 2000);
    near(scene->meters.cluster_use[0].ratio, 2 * 20 / 50.0); /* the other endpoint is taken to be as busy */
    near(scene->meters.cluster_use[0].trust, 0.5);
}

static void push(struct scene *scene, const char *target, const char *unit, double value, uint64_t for_ms, const char *wanted)
{
    const struct push push = {.target = target, .unit = unit, .value = value, .for_ms = for_ms};
    char text[METER_TEXT];
    struct error err = {""};
    const bool taken = meters_push(&scene->meters, &push, 2000, text, &err);
    const char *told = taken ? text : err.text;
    if (!strstr(told, wanted))
        fail_msg("push to %s: \"%s\" instead of \"%s\"", target, told, wanted);
}

static void pushes_find_the_source_that_they_mean(void **state)
{
    struct scene *scene = *state;
    push(scene, "ashburn", "cps", 9, 0, "ashburn");
    push(scene, "ashburn", "calls", 100, 60000, "ashburn");
    push(scene, "ashburn", NULL, 1, 0, "has 2 sources of type \"push\" that this could mean: give a unit");
    push(scene, "ashburn", "percent", 1, 0, "no source of type \"push\" with unit = \"percent\"");
    push(scene, "ashburn", "nonsense", 1, 0, "unit = \"nonsense\"");
    push(scene, "london", NULL, 1, 0, "takes no pushed load");
    push(scene, "london/lb1.lon", NULL, 1, 0, "london/lb1.lon.sip.test. takes no pushed load");
    push(scene, "trunk", NULL, 1, 0, "trunk takes no pushed load");
    push(scene, "paris", NULL, 1, 0, "there is no site \"paris\"");
    meters_look(&scene->meters, scene->takes, 2000);
    near(scene->meters.site_use[ASHBURN].ratio, 0.9);
    meters_look(&scene->meters, scene->takes, 2000 + 15000); /* the rate has counted for three intervals of 5 s */
    near(scene->meters.site_use[ASHBURN].ratio, 0.5);
    near(scene->meters.site_use[ASHBURN].trust, 1);
    meters_look(&scene->meters, scene->takes, 2000 + 60000);
    near(scene->meters.site_use[ASHBURN].trust, 0);
}

static void a_reload_keeps_what_is_known_by_place_and_name(void **state)
{
    struct scene *scene = *state;
    struct test_world later;
    struct meters meters;
    hear(&scene->meters, LB1_LON, 80, 2000);
    hear(&scene->meters, LB2_LON, 60, 2000);
    push(scene, "ashburn", "calls", 100, 0, "ashburn");
    push(scene, "ashburn", "cps", 9, 0, "ashburn");
    load_world(&later, later_files);
    meters_init(&meters, later.world, &scene->meters, 3000);
    assert_int_equal(meters.generation, scene->meters.generation + 1);
    meters_look(&meters, scene->takes, 3000);
    near(meters.site_use[0].ratio, 0.5);     /* Ashburn: the calls; what was a rate and is a percentage now is forgotten */
    near(meters.endpoint_use[2].ratio, 0.2); /* London's second */
    near(meters.endpoint_use[1].trust, 0);   /* a new one */
    const struct load_result old = {.errand = 0, .generation = scene->meters.generation, .done = true};
    assert_null(meters_addressee(&meters, &old));
    meters_release(&meters);
    test_release(&later, later_files);
}

static void who_tells_nothing_is_stale_but_not_before_it_could_have(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene->meters.count, 4);
    assert_int_equal(meters_stale(&scene->meters, START_MS + 14999), 0);
    assert_int_equal(meters_stale(&scene->meters, START_MS + 15000), 4);
    hear(&scene->meters, LB1_LON, 1, START_MS + 15000);
    assert_int_equal(meters_stale(&scene->meters, START_MS + 15000), 3);
}

static void a_failure_leaves_the_last_value_to_age(void **state)
{
    struct scene *scene = *state;
    hear(&scene->meters, LB1_LON, 40, 2000);
    const struct load_result failed = {.errand = LB1_LON, .generation = 1, .why = "HTTP status 500"};
    meter_take(meters_addressee(&scene->meters, &failed), &failed, 7000);
    assert_true(scene->meters.meters[LB1_LON].failed);
    assert_string_equal(scene->meters.meters[LB1_LON].why, "HTTP status 500");
    meters_look(&scene->meters, scene->takes, 7000);
    near(scene->meters.endpoint_use[LB1_LON].ratio, 0.4);
    near(scene->meters.endpoint_use[LB1_LON].trust, 1);
}

static void expect_wrong(const struct scene *scene, uint32_t number, const char *why)
{
    const struct meter *meter = &scene->meters.meters[number];
    assert_true(meter->failed);
    assert_string_equal(meter->why, why);
}

/* An endpoint that says nothing of its own has no more room than its site. */
static void a_value_far_beyond_what_there_is_room_for_is_a_failure_of_its_source(void **state)
{
    struct scene *scene = *state;
    hear(&scene->meters, LB1_LON, 40, 2000);
    hear(&scene->meters, LB1_LON, 4294967295.0, 7000);
    expect_wrong(scene, LB1_LON, "the value 4.29497e+09 calls is more than 10 times what there is room for (100)");
    push(scene, "ashburn", "calls", 1e12, 0, "ashburn: the value 1e+12 calls is more than 10 times what there is room for (200)");
    push(scene, "ashburn", "cps", 101, 0, "ashburn: the value 101 cps is more than 10 times what there is room for (10)");
    meters_look(&scene->meters, scene->takes, 7000);
    near(scene->meters.endpoint_use[LB1_LON].ratio, 0.4);
    near(scene->meters.site_use[ASHBURN].trust, 0);
    struct test_world later;
    struct meters meters;
    load_world(&later, later_files);
    meters_init(&meters, later.world, &scene->meters, 8000);
    hear(&meters, 1, 3001, 9000); /* London's second, but one */
    assert_true(meters.meters[1].failed);
    meters_release(&meters);
    test_release(&later, later_files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_site_is_as_full_as_its_endpoints_that_take_callers, begin, end),
        cmocka_unit_test_setup_teardown(load_that_nobody_has_told_is_unknown_and_becomes_so_again, begin, end),
        cmocka_unit_test_setup_teardown(a_cluster_sums_its_endpoints_against_its_own_capacity, begin, end),
        cmocka_unit_test_setup_teardown(pushes_find_the_source_that_they_mean, begin, end),
        cmocka_unit_test_setup_teardown(a_reload_keeps_what_is_known_by_place_and_name, begin, end),
        cmocka_unit_test_setup_teardown(who_tells_nothing_is_stale_but_not_before_it_could_have, begin, end),
        cmocka_unit_test_setup_teardown(a_value_far_beyond_what_there_is_room_for_is_a_failure_of_its_source, begin, end),
        cmocka_unit_test_setup_teardown(a_failure_leaves_the_last_value_to_age, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
