#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "example_world.h"
#include "snapshot/steer.h"
#include "world.h"

static struct test_world t;

static int setup(void **state)
{
    (void)state;
    return test_setup(&t, example_files);
}

static int teardown(void **state)
{
    (void)state;
    test_release(&t, example_files);
    return 0;
}

static struct snapshot *build(uint64_t generation, const struct snapshot *previous)
{
    return snapshot_build(t.world, t.place, &t.state, t.services, previous, 0, generation);
}

static void what_did_not_change_is_lent_by_the_snapshot_before(void **state)
{
    (void)state;
    struct snapshot *next = build(2, t.snapshot);
    for (size_t i = 0; i < t.world->spec_count; i++)
        assert_ptr_equal(next->plans[i], t.snapshot->plans[i]);
    t.health[0].overall = VERDICT_DOWN;
    struct snapshot *after = build(3, next);
    bool changed = false;
    for (size_t i = 0; i < t.world->spec_count; i++)
        changed = changed || after->plans[i] != next->plans[i];
    assert_true(changed);
    snapshot_free(next);
    snapshot_free(after);
}

static void specs_that_choose_alike_share_a_plan(void **state)
{
    (void)state;
    size_t shared = 0;
    for (size_t i = 0; i < t.world->spec_count; i++)
        for (size_t k = 0; k < i; k++)
            shared += t.snapshot->plans[i] == t.snapshot->plans[k];
    assert_true(shared > 0); /* A and _sip._udp of sip.test. offer the same endpoints */
}

static void the_plans_of_a_fallen_and_recovered_endpoint_are_as_before(void **state)
{
    (void)state;
    char *before = test_ask(&t, (struct asked){.name = "_sip._udp.sip.test.", .type = TYPE_SRV, .ecs = "192.0.2.0/24"});
    t.health[0].overall = t.health[1].overall = VERDICT_DOWN;
    test_rebuild(&t);
    char *during = test_ask(&t, (struct asked){.name = "_sip._udp.sip.test.", .type = TYPE_SRV, .ecs = "192.0.2.0/24"});
    assert_null(strstr(during, ".lon."));
    t.health[0].overall = t.health[1].overall = VERDICT_UP;
    test_rebuild(&t);
    char *after = test_ask(&t, (struct asked){.name = "_sip._udp.sip.test.", .type = TYPE_SRV, .ecs = "192.0.2.0/24"});
    assert_string_equal(before, after);
    free(before);
    free(during);
    free(after);
}

static void an_older_or_equal_generation_is_not_published(void **state)
{
    struct error err;
    (void)state;
    assert_null(snapshot_current());
    struct snapshot *fifth = build(5, NULL), *fourth = build(4, NULL), *again = build(5, NULL), *sixth = build(6, fifth);
    assert_true(snapshot_publish(fifth, &err));
    assert_ptr_equal(snapshot_current(), fifth);
    assert_false(snapshot_publish(fourth, &err));
    assert_string_equal(err.text, "snapshot 4 is not newer than the published 5");
    assert_false(snapshot_publish(again, &err));
    assert_ptr_equal(snapshot_current(), fifth);
    assert_true(snapshot_publish(sixth, &err));
    assert_ptr_equal(snapshot_current(), sixth);
    snapshot_free(fourth);
    snapshot_free(again);
    snapshot_withdraw();
    assert_null(snapshot_current());
}

static void an_emptied_answer_is_not_published(void **state)
{
    struct error err;
    (void)state;
    struct snapshot *good = build(7, NULL), *emptied = build(8, NULL);
    for (size_t i = 0; i < t.world->spec_count; i++) /* as a broken policy would make it */
        if (t.world->specs[i].on_all_down != ALL_DOWN_EMPTY)
            emptied->plans[i]->selections[0].kind = SELECTION_EMPTY;
    assert_true(snapshot_publish(good, &err));
    assert_false(snapshot_publish(emptied, &err));
    assert_string_equal(err.text, "snapshot 8 would empty an answer");
    assert_ptr_equal(snapshot_current(), good);
    snapshot_free(emptied);
    snapshot_withdraw();
}

static void a_decision_is_what_the_answer_says(void **state)
{
    struct addr client;
    uint8_t name[NAME_OCTETS];
    char want[64];
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        char text[32];
        snprintf(text, sizeof text, "%u.0.2.0", 1 + i * 3);
        assert_true(addr_parse(text, &client));
        const size_t len = name_from_text("_sip._udp.sip.test.", name);
        const struct decision decision = snapshot_decide(t.snapshot, name, len, TYPE_SRV, &client);
        assert_true(decision.steered && decision.selection.count == 4);
        const struct choice *first =
            &t.snapshot->plans[t.world->steered[world_slot(t.world, world_name(t.world, name, len), TYPE_SRV)->index].spec]
                 ->choices[decision.selection.first];
        strcat(text, "/24");
        char *got = test_ask(&t, (struct asked){.name = "_sip._udp.sip.test.", .type = TYPE_SRV, .ecs = text});
        snprintf(want, sizeof want, "IN SRV %u %u 5060 %s", first->priority, first->weight,
                 world_config(t.world)->endpoints[first->endpoint].host);
        assert_non_null(strstr(got, want));
        snprintf(want, sizeof want, "ecs=1/24/%u", decision.scope);
        assert_non_null(strstr(got, want));
        free(got);
    }
}

static void a_name_that_is_not_steered_says_so(void **state)
{
    struct addr client;
    uint8_t name[NAME_OCTETS];
    (void)state;
    addr_parse("192.0.2.1", &client);
    size_t len = name_from_text("web.sip.test.", name);
    assert_false(snapshot_decide(t.snapshot, name, len, TYPE_A, &client).steered);
    len = name_from_text("sip.test.", name);
    assert_false(snapshot_decide(t.snapshot, name, len, TYPE_SOA, &client).steered);
    assert_true(snapshot_decide(t.snapshot, name, len, TYPE_NAPTR, &client).steered);
    len = name_from_text("to-service.sip.test.", name);
    assert_true(snapshot_decide(t.snapshot, name, len, TYPE_A, &client).steered);
}

static void the_hosts_addresses_are_there_for_the_probes(void **state)
{
    const struct addr *addrs;
    char text[ADDR_TEXT];
    (void)state;
    assert_int_equal(world_addresses(t.world, 0, &addrs), 2);
    assert_string_equal(addr_format(&addrs[0], text), "10.1.0.1");
    assert_string_equal(addr_format(&addrs[1], text), "fd00:1::1");
    assert_int_equal(world_addresses(t.world, 2, &addrs), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(what_did_not_change_is_lent_by_the_snapshot_before),
        CASE(specs_that_choose_alike_share_a_plan),
        CASE(the_plans_of_a_fallen_and_recovered_endpoint_are_as_before),
        CASE(an_older_or_equal_generation_is_not_published),
        CASE(an_emptied_answer_is_not_published),
        CASE(a_decision_is_what_the_answer_says),
        CASE(a_name_that_is_not_steered_says_so),
        CASE(the_hosts_addresses_are_there_for_the_probes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
