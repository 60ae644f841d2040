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

enum { LB1_LON, LB2_LON, LB1_ASH, LB10_ASH };

/* The check of an endpoint at an address. */
static uint32_t check_at(const struct beliefs *beliefs, const char *text)
{
    struct hostport at;
    assert_true(hostport_parse(text, &at));
    for (uint32_t i = 0; i < beliefs->check_count; i++)
        if (addr_equal(&beliefs->checks[i].check.target.addr, &at.addr) && beliefs->checks[i].check.target.port == at.port)
            return i;
    fail_msg("no check at %s", text);
    return 0;
}

static struct check_result result(const struct beliefs *beliefs, const char *at, enum verdict verdict, uint64_t at_ms)
{
    return (struct check_result){
        .check = check_at(beliefs, at),
        .generation = beliefs->generation,
        .health = {.verdict = verdict, .reason = verdict == VERDICT_UP ? REASON_ANSWERED : REASON_TIMEOUT, .since_ms = at_ms},
        .last = {.outcome = verdict == VERDICT_UP ? OUTCOME_ALIVE : OUTCOME_FAILED, .reason = REASON_TIMEOUT},
        .at_ms = at_ms,
        .count = 1,
    };
}

static bool take(struct beliefs *beliefs, const struct check_result *made)
{
    uint16_t endpoint;
    struct endpoint_health before;
    return beliefs_take(beliefs, made, &endpoint, &before);
}

static bool see(struct beliefs *beliefs, const char *at, enum verdict verdict, uint64_t at_ms)
{
    const struct check_result made = result(beliefs, at, verdict, at_ms);
    return take(beliefs, &made);
}

static void each_probe_makes_a_check_at_each_address_or_at_the_one_given(void **state)
{
    (void)state;
    struct beliefs beliefs;
    beliefs_init(&beliefs, fixture.world.world, NULL, NULL, 1);
    assert_int_equal(beliefs.check_count, 4);
    assert_int_equal(beliefs.checks[check_at(&beliefs, "192.0.2.1:5060")].check.endpoint, LB1_LON);
    assert_int_equal(beliefs.checks[check_at(&beliefs, "192.0.2.2:5060")].check.endpoint, LB2_LON);
    assert_int_equal(beliefs.checks[check_at(&beliefs, "[2001:db8::2]:5060")].check.endpoint, LB2_LON);
    assert_int_equal(beliefs.checks[check_at(&beliefs, "127.0.0.9:5060")].check.endpoint, LB1_ASH);
    beliefs_release(&beliefs);
}

static void without_a_probe_an_endpoint_is_up_and_with_one_unknown(void **state)
{
    (void)state;
    struct beliefs beliefs;
    beliefs_init(&beliefs, fixture.world.world, NULL, NULL, 1);
    assert_int_equal(beliefs.health[LB1_LON].overall, VERDICT_UNKNOWN);
    assert_int_equal(beliefs.health[LB10_ASH].overall, VERDICT_UP);
    assert_int_equal(beliefs.health[LB10_ASH].reason, REASON_NOT_PROBED);
    beliefs_release(&beliefs);
}

static void a_probe_sent_elsewhere_speaks_for_both_families(void **state)
{
    (void)state;
    struct beliefs beliefs;
    beliefs_init(&beliefs, fixture.world.world, NULL, NULL, 1);
    see(&beliefs, "127.0.0.9:5060", VERDICT_DOWN, 5);
    assert_int_equal(beliefs.health[LB1_ASH].of[0][TRANSPORT_UDP].verdict, VERDICT_DOWN);
    assert_int_equal(beliefs.health[LB1_ASH].of[1][TRANSPORT_UDP].verdict, VERDICT_DOWN);
    see(&beliefs, "192.0.2.2:5060", VERDICT_DOWN, 5);
    see(&beliefs, "[2001:db8::2]:5060", VERDICT_UP, 5);
    assert_int_equal(beliefs.health[LB2_LON].of[0][TRANSPORT_UDP].verdict, VERDICT_DOWN);
    assert_int_equal(beliefs.health[LB2_LON].of[1][TRANSPORT_UDP].verdict, VERDICT_UP);
    assert_int_equal(beliefs.health[LB2_LON].overall, VERDICT_UP);
    beliefs_release(&beliefs);
}

static void since_moves_with_the_verdict_alone(void **state)
{
    (void)state;
    struct beliefs beliefs;
    beliefs_init(&beliefs, fixture.world.world, NULL, NULL, 1);
    assert_true(see(&beliefs, "192.0.2.1:5060", VERDICT_UP, 100));
    assert_int_equal(beliefs.health[LB1_LON].since_ms, 100);
    assert_false(see(&beliefs, "192.0.2.1:5060", VERDICT_UP, 200));
    assert_int_equal(beliefs.health[LB1_LON].since_ms, 100);
    assert_true(see(&beliefs, "192.0.2.1:5060", VERDICT_DOWN, 300));
    assert_int_equal(beliefs.health[LB1_LON].since_ms, 300);
    beliefs_release(&beliefs);
}

static void doubt_alone_is_a_change_too(void **state)
{
    (void)state;
    struct beliefs beliefs;
    beliefs_init(&beliefs, fixture.world.world, NULL, NULL, 1);
    see(&beliefs, "192.0.2.1:5060", VERDICT_UP, 100);
    struct check_result doubted = result(&beliefs, "192.0.2.1:5060", VERDICT_UP, 200);
    doubted.health.doubt = true;
    assert_true(take(&beliefs, &doubted));
    assert_true(beliefs.health[LB1_LON].doubt);
    beliefs_release(&beliefs);
}

static void a_reload_keeps_what_is_believed(void **state)
{
    (void)state;
    struct beliefs before, after;
    beliefs_init(&before, fixture.world.world, NULL, NULL, 1);
    see(&before, "192.0.2.1:5060", VERDICT_DOWN, 100);
    beliefs_init(&after, fixture.world.world, &before, NULL, 5000);
    assert_int_equal(after.generation, before.generation + 1);
    assert_int_equal(after.health[LB1_LON].overall, VERDICT_DOWN);
    assert_int_equal(after.health[LB1_LON].since_ms, 100);
    assert_int_equal(after.health[LB2_LON].overall, VERDICT_UNKNOWN);
    assert_int_equal(after.checks[check_at(&after, "192.0.2.1:5060")].count, 1);
    beliefs_release(&before);
    beliefs_release(&after);
}

/* The fixture's world with its probe at another port, named otherwise. */
static void load_other(struct fixture *other)
{
    char text[2048], *at;
    snprintf(text, sizeof text, "%s", fixture_files[1]);
    memcpy(strstr(text, "port = 5060"), "port = 5070", 11);
    memcpy(strstr(text, "udp = {"), "alt", 3);
    while ((at = strstr(text, "\"udp\" ]")))
        memcpy(at, "\"alt\"", 5);
    const char *files[sizeof fixture_files / sizeof *fixture_files];
    memcpy(files, fixture_files, sizeof files);
    files[1] = text;
    report_init(&other->report);
    test_load(&other->world, files, &other->report);
    test_print(&other->report);
    assert_non_null(other->world.place);
}

static void a_probe_that_is_renamed_or_moved_begins_with_its_hosts_verdict(void **state)
{
    (void)state;
    struct fixture other;
    struct beliefs before, after;
    load_other(&other);
    beliefs_init(&before, fixture.world.world, NULL, NULL, 1);
    see(&before, "192.0.2.1:5060", VERDICT_DOWN, 100);
    see(&before, "192.0.2.2:5060", VERDICT_DOWN, 100);
    see(&before, "[2001:db8::2]:5060", VERDICT_UP, 200);
    beliefs_init(&after, other.world.world, &before, NULL, 5000);
    assert_int_equal(after.health[LB1_LON].overall, VERDICT_DOWN);
    assert_int_equal(after.health[LB1_LON].since_ms, 100);
    assert_int_equal(after.checks[check_at(&after, "192.0.2.1:5070")].check.saved, VERDICT_DOWN); /* what the engine begins with */
    assert_true(after.health[LB1_LON].doubt);
    assert_int_equal(after.health[LB2_LON].of[0][TRANSPORT_UDP].verdict, VERDICT_DOWN);
    assert_int_equal(after.health[LB2_LON].of[1][TRANSPORT_UDP].verdict, VERDICT_UP);
    assert_int_equal(after.health[LB1_ASH].overall, VERDICT_UNKNOWN);
    beliefs_release(&before);
    beliefs_release(&after);
    fixture_end(&other);
}

static void a_late_result_of_the_set_before_still_finds_its_check(void **state)
{
    (void)state;
    struct beliefs before, after;
    beliefs_init(&before, fixture.world.world, NULL, NULL, 1);
    struct check_result late = result(&before, "[2001:db8::2]:5060", VERDICT_DOWN, 100);
    beliefs_init(&after, fixture.world.world, &before, NULL, 90);
    assert_true(take(&after, &late));
    assert_int_equal(after.health[LB2_LON].of[1][TRANSPORT_UDP].verdict, VERDICT_DOWN);
    late.generation--;
    assert_false(take(&after, &late));
    late.generation = after.generation;
    late.check = 1000;
    assert_false(take(&after, &late));
    beliefs_release(&before);
    beliefs_release(&after);
}

static void saved_verdicts_are_the_beginning_and_in_doubt(void **state)
{
    (void)state;
    struct beliefs first, second;
    struct saved saved;
    beliefs_init(&first, fixture.world.world, NULL, NULL, 1);
    see(&first, "192.0.2.1:5060", VERDICT_DOWN, 100);
    beliefs_save(&first, 1000, &saved);
    saved_sort(&saved);
    assert_int_equal(saved.count, 1);
    beliefs_init(&second, fixture.world.world, NULL, &saved, 1);
    assert_int_equal(second.saved_count, 1);
    assert_int_equal(second.health[LB1_LON].overall, VERDICT_DOWN);
    assert_int_equal(second.health[LB1_LON].reason, REASON_SAVED);
    assert_true(second.health[LB1_LON].doubt);
    saved_release(&saved);
    beliefs_release(&first);
    beliefs_release(&second);
}

static void when_probing_stops_all_that_is_probed_turns_unknown(void **state)
{
    (void)state;
    struct beliefs beliefs;
    beliefs_init(&beliefs, fixture.world.world, NULL, NULL, 1);
    see(&beliefs, "192.0.2.1:5060", VERDICT_UP, 100);
    assert_true(beliefs_stop(&beliefs, 200));
    assert_int_equal(beliefs.health[LB1_LON].overall, VERDICT_UNKNOWN);
    assert_int_equal(beliefs.health[LB1_LON].reason, REASON_STOPPED);
    assert_int_equal(beliefs.health[LB1_LON].since_ms, 200);
    assert_int_equal(beliefs.health[LB10_ASH].overall, VERDICT_UP);
    assert_true(see(&beliefs, "192.0.2.1:5060", VERDICT_UP, 300));
    assert_int_equal(beliefs.health[LB1_LON].overall, VERDICT_UP);
    beliefs_release(&beliefs);
}

static void when_probing_is_behind_what_is_old_turns_unknown_until_its_next_result(void **state)
{
    (void)state;
    struct beliefs beliefs;
    beliefs_init(&beliefs, fixture.world.world, NULL, NULL, 1);
    struct check_result up = result(&beliefs, "192.0.2.1:5060", VERDICT_UP, 100000);
    const struct probe *probe = &beliefs.checks[up.check].check.probe;
    const uint64_t thrice_ms = 3 * ((uint64_t)probe->interval_ms + probe->timeout_ms), limit_ms = thrice_ms > 10000 ? thrice_ms : 10000;
    up.count = 1;
    take(&beliefs, &up);
    assert_int_equal(beliefs_expire(&beliefs, 100001, 100000 + limit_ms), 0);
    assert_int_equal(beliefs.health[LB1_LON].overall, VERDICT_UP);
    assert_int_equal(beliefs_expire(&beliefs, 100001, 100001 + limit_ms), 1);
    assert_int_equal(beliefs.health[LB1_LON].overall, VERDICT_UNKNOWN);
    assert_int_equal(beliefs.health[LB1_LON].reason, REASON_BEHIND);
    assert_int_equal(beliefs.health[LB10_ASH].overall, VERDICT_UP); /* not probed */
    assert_int_equal(beliefs_expire(&beliefs, 100001, 100002 + limit_ms), 0);
    assert_true(see(&beliefs, "192.0.2.1:5060", VERDICT_UP, 200000));
    assert_int_equal(beliefs.health[LB1_LON].overall, VERDICT_UP);
    beliefs_release(&beliefs);
}

static void the_start_has_waited_enough_when_each_check_has_spoken(void **state)
{
    (void)state;
    struct beliefs beliefs;
    beliefs_init(&beliefs, fixture.world.world, NULL, NULL, 1);
    assert_false(beliefs_settled(&beliefs));
    see(&beliefs, "192.0.2.1:5060", VERDICT_UP, 1);
    see(&beliefs, "192.0.2.2:5060", VERDICT_DOWN, 1);
    see(&beliefs, "[2001:db8::2]:5060", VERDICT_DOWN, 1);
    struct check_result still_unknown = result(&beliefs, "127.0.0.9:5060", VERDICT_UNKNOWN, 1);
    take(&beliefs, &still_unknown);
    assert_false(beliefs_settled(&beliefs));
    still_unknown.count = 2;
    take(&beliefs, &still_unknown);
    assert_true(beliefs_settled(&beliefs));
    beliefs_release(&beliefs);
}

static void the_window_of_suspicion_spans_the_slowest_probe(void **state)
{
    (void)state;
    struct probe probes[] = {{.interval_ms = 200, .fall = 2, .timeout_ms = 100, .confirm_ms = 50},
                             {.interval_ms = 10000, .fall = 3, .timeout_ms = 2000, .confirm_ms = 500}};
    const struct config config = {.probes = probes, .probe_count = 1};
    struct beliefs beliefs = {.config = &config};
    assert_int_equal(beliefs_window_ms(&beliefs), 5000);
    const struct config slow = {.probes = probes, .probe_count = 2};
    beliefs.config = &slow;
    assert_int_equal(beliefs_window_ms(&beliefs), 65000);
}

/* As the process before saved it, and so long after that. */
static void ages_and_holds_of_saved_verdicts_go_on(void **state)
{
    (void)state;
    struct beliefs first, second;
    struct saved saved;
    beliefs_init(&first, fixture.world.world, NULL, NULL, 1);
    struct check_result fell = result(&first, "192.0.2.1:5060", VERDICT_DOWN, 500000);
    fell.health.damping = (struct damping){.falls = 4, .rose_ms = 490000, .held_until_ms = 580000};
    take(&first, &fell);
    beliefs_save(&first, 510000, &saved);
    saved_sort(&saved);
    saved.age_ms = 20000;
    beliefs_init(&second, fixture.world.world, NULL, &saved, 100000);
    const struct checkup *at = &second.checks[check_at(&second, "192.0.2.1:5060")];
    assert_int_equal(at->health.verdict, VERDICT_DOWN);
    assert_int_equal(at->health.since_ms, 70000);
    assert_int_equal(second.health[LB1_LON].since_ms, 70000);
    assert_int_equal(at->health.damping.falls, 4);
    assert_int_equal(at->health.damping.rose_ms, 60000);
    assert_int_equal(at->health.damping.held_until_ms, 150000);
    struct health engines;
    check_begin(&at->check, &engines, 100000); /* the engine begins with the same */
    assert_memory_equal(&engines, &at->health, sizeof engines);
    beliefs_release(&second);
    saved.age_ms = 3000000; /* the hold is over, and the clock began after the verdict */
    beliefs_init(&second, fixture.world.world, NULL, &saved, 100000);
    at = &second.checks[check_at(&second, "192.0.2.1:5060")];
    assert_int_equal(at->health.since_ms, 1);
    assert_int_equal(at->health.damping.held_until_ms, 0);
    saved_release(&saved);
    beliefs_release(&first);
    beliefs_release(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_probe_makes_a_check_at_each_address_or_at_the_one_given),
        cmocka_unit_test(without_a_probe_an_endpoint_is_up_and_with_one_unknown),
        cmocka_unit_test(a_probe_sent_elsewhere_speaks_for_both_families),
        cmocka_unit_test(since_moves_with_the_verdict_alone),
        cmocka_unit_test(doubt_alone_is_a_change_too),
        cmocka_unit_test(a_reload_keeps_what_is_believed),
        cmocka_unit_test(a_probe_that_is_renamed_or_moved_begins_with_its_hosts_verdict),
        cmocka_unit_test(a_late_result_of_the_set_before_still_finds_its_check),
        cmocka_unit_test(saved_verdicts_are_the_beginning_and_in_doubt),
        cmocka_unit_test(ages_and_holds_of_saved_verdicts_go_on),
        cmocka_unit_test(when_probing_stops_all_that_is_probed_turns_unknown),
        cmocka_unit_test(when_probing_is_behind_what_is_old_turns_unknown_until_its_next_result),
        cmocka_unit_test(the_start_has_waited_enough_when_each_check_has_spoken),
        cmocka_unit_test(the_window_of_suspicion_spans_the_slowest_probe),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
