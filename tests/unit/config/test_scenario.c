/* Scenarios: what a sound one becomes, what is told of an unsound one, and that docs/simulate.md says what the code does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "config/config.h"
#include "config/scenario.h"
#include "config/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char world[] = "zones = ( { name = \"sip.test.\"; file = \"z\"; } );\n"
                            "sites = ( { name = \"london\"; location = ( 51.5, -0.1 ); endpoints = ( { host = \"a.sip.test\"; } ); },\n"
                            "  { name = \"tokyo\"; location = ( 35.7, 139.7 ); endpoints = ( { host = \"b.sip.test\"; } ); } );\n"
                            "services = ( { name = \"sip.test.\"; } );\n";

#define CALLERS                                                                                                                            \
    "places = ( { name = \"paris\"; network = \"10.1.0.0/18\"; share = 2.5; },\n"                                                          \
    "  { name = \"osaka\"; network = \"10.2.0.0/18\"; share = 1.0; location = ( 34.7, 135.5 ); } );\n"                                     \
    "resolvers = ( { name = \"isp\"; share = 1; }, { name = \"carrier\"; share = 0.5; at = \"osaka\"; caches = 8; } );\n"                  \
    "agents = ( { name = \"phone\"; share = 1; failover = true; register = \"10m\"; } );\n"

static struct config *config;

static int read_world(void **state)
{
    (void)state;
    struct report report;
    report_init(&report);
    config = config_from_text("world", world, strlen(world), &report);
    report_release(&report);
    return config ? 0 : -1;
}

static int free_world(void **state)
{
    (void)state;
    config_unref(config);
    return 0;
}

static struct scenario *sound(const char *text)
{
    struct report report;
    report_init(&report);
    struct scenario *scenario = scenario_from_text("s", text, strlen(text), config, &report);
    for (size_t i = 0; i < report.count; i++)
        print_error("%s\n", report.findings[i].text);
    assert_non_null(scenario);
    assert_int_equal(report.count, 0);
    report_release(&report);
    return scenario;
}

/* All findings, one a line; the caller frees. The text must be unsound. */
static char *findings(const char *text)
{
    struct report report;
    report_init(&report);
    assert_null(scenario_from_text("s", text, strlen(text), config, &report));
    char *all = mem_text("");
    for (size_t i = 0; i < report.count; i++) {
        char *longer = mem_format("%s%s\n", all, report.findings[i].text);
        free(all);
        all = longer;
    }
    report_release(&report);
    return all;
}

static void a_sound_scenario_becomes_its_nouns(void **state)
{
    (void)state;
    struct scenario *scenario = sound("title = \"t\"; calls = 1000; length = \"1h\";\n" CALLERS
                                      "events = ( { what = \"fail\"; at = \"10m\"; for = \"5m\"; sites = ( \"tokyo\" ); },\n"
                                      "  { what = \"flap\"; at = \"20m\"; host = \"B.sip.test\"; }, { what = \"silence\"; at = 0; } );");
    assert_string_equal(scenario->title, "t");
    assert_int_equal(scenario->service, 0);
    assert_int_equal(scenario->length_ms, 3600000);
    assert_int_equal(scenario->hold_ms, 180000);
    assert_int_equal(scenario->reports.interval_ms, 10000);
    assert_int_equal(scenario->place_count, 2);
    assert_false(scenario->places[0].located);
    assert_true(scenario->places[1].located);
    assert_true(scenario->places[1].longitude == 135.5);
    assert_int_equal(scenario->resolvers[0].at, -1);
    assert_int_equal(scenario->resolvers[1].at, 1);
    assert_int_equal(scenario->agents[0].register_ms, 600000);
    assert_int_equal(scenario->events[0].site_count, 1);
    assert_int_equal(scenario->events[0].sites[0], 1);
    assert_int_equal(scenario->events[0].endpoint, -1);
    assert_int_equal(scenario->events[1].endpoint, 1);
    assert_int_equal(scenario->events[2].site_count, 2);
    scenario_free(scenario);
}

static void everything_wrong_is_told_in_one_run(void **state)
{
    (void)state;
    char *all = findings("title = \"t\"; calls = 0; service = \"other.test\";\n"
                         "places = ( { name = \"a\"; network = \"10.1.0.0/18\"; share = 1; }, { name = \"a\"; network = \"x\"; } );\n"
                         "resolvers = ( { name = \"r\"; share = 1; ecs = true; at = \"b\"; } );\n"
                         "agents = ( { name = \"p\"; share = 1; failure = true; } );\n"
                         "events = ( { what = \"fall\"; at = 1; sites = ( \"londn\" ); },\n"
                         "{ what = \"surge\"; at = 1; host = \"a.sip.test\"; sites = ( \"london\" ); },\n"
                         "{ what = \"fail\"; at = 1; host = \"c.sip.test\"; } );");
    static const char *const expected[] = {
        "s:1: calls: 0: out of range",
        "s:1: service: \"other.test.\": no service of the configuration",
        "s:2: places[1].name: place \"a\" stands twice",
        "s:2: places[1].network: \"x\"",
        "s:2: places[1].share: missing",
        "s:3: resolvers[0].at: \"b\": no such place",
        "s:3: resolvers[0].at: with ecs it does not matter where a resolver is",
        "s:4: agents[0].failure: unknown key, did you mean \"failover\"?",
        "s:5: events[0].what: \"fall\"",
        "s:5: events[0].sites[0]: \"londn\": no such site, did you mean \"london\"?",
        "s:6: events[1].host: an event is about sites or about one host, not both",
        "s:6: events[1].host: only \"fail\" and \"flap\" can be about one host",
        "s:7: events[2].host: \"c.sip.test.\": no endpoint of the configuration",
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        if (strstr(all, expected[i]) == NULL)
            fail_msg("not told: %s\nbut:\n%s", expected[i], all);
    free(all);
}

static void nobody_who_calls_is_an_error(void **state)
{
    (void)state;
    char *all = findings("title = \"t\"; calls = 1; places = ( { name = \"a\"; network = \"10.1.0.0/18\"; share = 0.0; } );\n"
                         "resolvers = ( { name = \"r\"; share = 1; } ); agents = ( { name = \"p\"; share = 1; } );");
    assert_non_null(strstr(all, "nobody calls"));
    free(all);
}

static void what_is_no_scenario_at_all_is_told(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{", "title = ", "places = 1;", "\xff", "events = ( 1 ); title = 2;"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *all = findings(texts[i]);
        assert_true(*all != 0);
        free(all);
    }
}

static void every_key_stands_in_the_page_with_its_type_default_and_range(void **state)
{
    (void)state;
    static char page[1 << 18];
    FILE *file = fopen(TEST_SOURCE_DIR "/docs/simulate.md", "r");
    assert_non_null(file);
    page[fread(page, 1, sizeof page - 1, file)] = 0;
    fclose(file);
    size_t rows = 0, lacking = 0;
    for (size_t i = 0; i < scenario_table_count; i++) {
        for (size_t k = 0; k < scenario_tables[i]->count; k++, rows++) {
            const struct key *key = &scenario_tables[i]->keys[k];
            char *type = describe_type(key), *fallback = describe_default(key), *range = describe_range(key);
            char *row = mem_format("\n| `%s` | %s | %s | %s | ", key->name, type, fallback, range);
            if (strstr(page, row) == NULL) {
                print_error("docs/simulate.md lacks under %s the row%s\n", scenario_tables[i]->path, row);
                lacking++;
            }
            free(row);
            free(range);
            free(fallback);
            free(type);
        }
    }
    assert_int_equal(lacking, 0);
    size_t told = 0;
    for (const char *at = page; (at = strstr(at, "\n| `")); at++)
        told++;
    assert_int_equal(told, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_scenario_becomes_its_nouns),
        cmocka_unit_test(everything_wrong_is_told_in_one_run),
        cmocka_unit_test(nobody_who_calls_is_an_error),
        cmocka_unit_test(what_is_no_scenario_at_all_is_told),
        cmocka_unit_test(every_key_stands_in_the_page_with_its_type_default_and_range),
    };
    return cmocka_run_group_tests_name("scenario", tests, read_world, free_world);
}
