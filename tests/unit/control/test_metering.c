/* What is counted for metrics keeps its place over a reload, and goes where plans say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/metering.h"
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

static struct metering *bound(void)
{
    struct metering *metering = metering_new();
    metering_bind(metering, fixture.world.world, fixture.world.place, 77);
    return metering;
}

static void durations_fall_into_their_buckets_bounds_included(void **state)
{
    (void)state;
    struct durations durations = {.sum = 0};
    metering_duration(&durations, 0);
    metering_duration(&durations, duration_bounds[0]);
    metering_duration(&durations, 0.003);
    metering_duration(&durations, 99);
    assert_int_equal(durations.counts[0], 2);
    assert_int_equal(durations.counts[5], 1); /* up to 5 ms */
    assert_int_equal(durations.counts[DURATION_BOUNDS], 1);
    assert_true(durations.sum > 99.003 && durations.sum < 99.004);
}

static void probes_are_counted_by_outcome_reason_and_latency(void **state)
{
    (void)state;
    struct metering *metering = bound();
    struct checkup at = {.probe = 0, .at_ms = 500, .last = {.outcome = OUTCOME_ALIVE, .reason = REASON_ANSWERED, .rtt_us = 2000}};
    metering_probe(metering, &at);
    at.last = (struct observation){.outcome = OUTCOME_FAILED, .reason = REASON_TIMEOUT};
    metering_probe(metering, &at);
    metering_probe(metering, &at);
    at.last = (struct observation){.outcome = OUTCOME_BUSY, .reason = REASON_BUSY, .rtt_us = 6000000};
    metering_probe(metering, &at);
    at.probe = 1; /* there is none: a check of a set before */
    metering_probe(metering, &at);
    const struct probe_count *count = &metering->probes[0];
    assert_int_equal(count->outcomes[OUTCOME_ALIVE], 1);
    assert_int_equal(count->outcomes[OUTCOME_BUSY], 1);
    assert_int_equal(count->outcomes[OUTCOME_FAILED], 2);
    assert_int_equal(count->failures[REASON_TIMEOUT], 2);
    assert_int_equal(count->latencies[2], 1); /* up to 2.5 ms */
    assert_int_equal(count->latencies[LATENCY_BOUNDS], 1);
    assert_int_equal(metering->probe_ms, 500);
    metering_free(metering);
}

/* Whom a cell's clients are sent to is what a query of one of them gets. */
static void answers_are_counted_where_the_plan_sends_their_clients(void **state)
{
    (void)state;
    struct metering *metering = bound();
    struct setup *setup = setup_new(world_ref(fixture.world.world), place_ref(fixture.world.place), NULL, NULL, 1);
    const struct overrides none = {.count = 0};
    for (size_t i = 0; i < world_config(fixture.world.world)->endpoint_count; i++)
        setup->beliefs.health[i] = (struct endpoint_health){.overall = VERDICT_UP};
    struct snapshot *snapshot = setup_build(setup, &none, 1, NULL, 1000, 5);
    const struct classes *classes = geo_classes(place_geo(fixture.world.place));
    static const uint8_t name[] = "\4_sip\4_udp\3sip\4test";
    double wanted[2] = {0, 0};
    metering_answered_by(metering, snapshot);
    for (unsigned net = 1; net <= 2; net++) {
        struct addr client;
        char text[ADDR_TEXT];
        snprintf(text, sizeof text, "10.%u.0.9", net);
        assert_true(addr_parse(text, &client));
        const struct decision decision = snapshot_decide(snapshot, name, sizeof name, 33, &client);
        assert_true(decision.steered);
        const struct demand_cell cell = {.class = decision.class_number, .bucket = (uint8_t)decision.bucket, .count = net};
        metering_answers(metering, &cell, classes);
        wanted[net - 1] += net;
    }
    assert_true(metering->sites[0].answers == wanted[0] && metering->sites[1].answers == wanted[1]); /* london, ashburn */
    assert_true(metering->services[0] == wanted[0] && metering->services[1] == wanted[1] && metering->services[2] == 0);
    metering_answers(metering, &(struct demand_cell){.class = classes->unknown, .count = 4}, classes);
    metering_answers(metering, &(struct demand_cell){.service = 1, .count = 9}, classes);
    assert_true(metering->known == 3 && metering->unknown == 4);
    snapshot_free(snapshot);
    setup_free(setup);
    metering_free(metering);
}

static void another_configuration_takes_over_what_has_the_same_name(void **state)
{
    (void)state;
    static const char conf[] = "zones = ( { name = \"sip.test.\"; file = \"z\"; } );\n"
                               "probes = { first = { type = \"tcp\"; port = 1; }; udp = { type = \"sip\"; }; };\n"
                               "sites = ( { name = \"ashburn\"; location = ( 1.0, 1.0 ); endpoints = ( { host = \"a.sip.test.\"; } ); },\n"
                               "          { name = \"paris\"; location = ( 2.0, 1.0 ); endpoints = ( { host = \"p.sip.test.\"; } ); } );\n"
                               "services = ( { name = \"new.sip.test.\"; }, { name = \"sip.test.\"; } );\n";
    static const char zone[] = "$ORIGIN sip.test.\n$TTL 300\n@ SOA ns1 host 1 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.53\n"
                               "a A 192.0.2.1\np A 192.0.2.2\n@ A 192.0.2.1\n@ A 192.0.2.2\nnew A 192.0.2.1\nnew A 192.0.2.2\n";
    static const char *const files[] = {"sipsteer.conf", conf, "z", zone, NULL};
    struct test_world other;
    struct report report;
    report_init(&report);
    test_load(&other, files, &report);
    test_print(&report);
    assert_non_null(other.place);
    struct metering *metering = bound();
    metering->probes[0].outcomes[OUTCOME_ALIVE] = 7;
    metering->sites[0].answers = 5; /* london, which goes */
    metering->sites[1].moved_in = 3;
    metering->services[1] = 11; /* of sip.test. to ashburn */
    metering->services[2] = 2;  /* to nowhere */
    metering->known = 20;
    metering_bind(metering, other.world, other.place, 99);
    assert_int_equal(metering->probes[0].outcomes[OUTCOME_ALIVE], 0);
    assert_int_equal(metering->probes[1].outcomes[OUTCOME_ALIVE], 7);
    assert_true(metering->sites[0].moved_in == 3 && metering->sites[0].answers == 0 && metering->sites[1].answers == 0);
    assert_true(metering->services[0] == 0 && metering->services[3] == 11 && metering->services[4] == 0 && metering->services[5] == 2);
    assert_true(metering->known == 20);
    assert_int_equal(metering->place_ms, 99);
    metering_free(metering);
    test_release(&other, files);
    report_release(&report);
}

static void events_are_counted_by_kind(void **state)
{
    (void)state;
    struct metering *metering = metering_new();
    struct journal *journal = journal_new();
    journal_listen(journal, metering_event, metering);
    journal_note(journal, &(struct event){.kind = EVENT_DRILL, .what = "began"});
    journal_note(journal, &(struct event){.kind = EVENT_DRILL, .what = "passed"});
    assert_int_equal(metering->events[EVENT_DRILL], 2);
    assert_int_equal(metering->events[EVENT_ORDER], 0);
    journal_free(journal);
    metering_free(metering);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_fall_into_their_buckets_bounds_included),
        cmocka_unit_test_setup_teardown(probes_are_counted_by_outcome_reason_and_latency, begin, end),
        cmocka_unit_test_setup_teardown(answers_are_counted_where_the_plan_sends_their_clients, begin, end),
        cmocka_unit_test_setup_teardown(another_configuration_takes_over_what_has_the_same_name, begin, end),
        cmocka_unit_test(events_are_counted_by_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
