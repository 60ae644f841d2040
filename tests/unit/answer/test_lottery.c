/* Heavy clients are spread by lottery, and who is answered can be counted. */
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

static void spread(const char *text)
{
    struct prefix prefix;
    assert_true(prefix_parse(text, &prefix));
    snapshot_set_lottery(t.snapshot, &prefix, 1);
}

static char *ask(const char *ecs, uint32_t draw, struct sample *sample)
{
    uint8_t packet[512], out[UDP_CAP];
    struct answered answered;
    const struct addr peer = {.family = FAMILY_V4, .bytes = {127, 0, 0, 1}};
    const struct asker asker = {.peer = &peer, .draw = draw, .sample = sample};
    const size_t len = make_query(&(struct asked){.name = "_sip._udp.sip.test.", .type = TYPE_SRV, .ecs = ecs}, packet, sizeof packet);
    const size_t made = answer_query(t.snapshot, packet, len, &asker, out, sizeof out, &answered);
    assert_true(made > 0 && answered.steered);
    return decode_message(out, made);
}

/* In how many of so many draws the second of London's endpoints comes first. */
static unsigned seconds(const char *ecs, unsigned draws)
{
    unsigned count = 0;
    for (uint32_t draw = 0; draw < draws; draw++) {
        char *text = ask(ecs, draw, NULL);
        const char *first = strstr(text, " SRV 10 ");
        assert_non_null(first);
        count += strncmp(strstr(first, "lb"), "lb2.lon", 7) == 0;
        free(text);
    }
    return count;
}

static void a_client_in_the_lottery_gets_another_bucket_each_time(void **state)
{
    (void)state;
    spread("192.0.2.0/24");
    const unsigned count = seconds("192.0.2.0/24", BUCKETS);
    assert_in_range(count, BUCKETS / 3, BUCKETS * 2 / 3);
    assert_int_equal(seconds("192.0.2.77/32", BUCKETS), count); /* anywhere inside */
}

static void others_keep_their_bucket(void **state)
{
    (void)state;
    char *before = ask("192.0.3.0/24", 1, NULL);
    spread("192.0.2.0/24");
    for (uint32_t draw = 0; draw < BUCKETS; draw++) {
        char *after = ask("192.0.3.0/24", draw, NULL);
        assert_string_equal(before, after);
        free(after);
    }
    free(before);
}

static void the_lottery_is_held_often_and_its_scope_is_the_sticky_length(void **state)
{
    (void)state;
    char *text = ask("192.0.2.0/24", 0, NULL);
    assert_non_null(strstr(text, "sip.test. 30 IN SRV"));
    free(text);
    spread("192.0.2.0/24");
    text = ask("192.0.2.128/32", 0, NULL);
    assert_non_null(strstr(text, "sip.test. 5 IN SRV"));
    assert_non_null(strstr(text, "/24"));
    free(text);
}

static void a_prefix_of_another_length_takes_no_part(void **state)
{
    (void)state;
    spread("192.0.2.0/25");
    const unsigned count = seconds("192.0.2.0/24", 16);
    assert_true(count == 0 || count == 16);
}

static void a_decision_says_that_it_is_drawn(void **state)
{
    uint8_t name[NAME_OCTETS];
    const size_t len = name_from_text("_sip._udp.sip.test.", name);
    const struct addr client = {.family = FAMILY_V4, .bytes = {192, 0, 2, 9}};
    (void)state;
    assert_false(snapshot_decide(t.snapshot, name, len, TYPE_SRV, &client).lottery);
    spread("192.0.2.0/24");
    const struct decision decision = snapshot_decide(t.snapshot, name, len, TYPE_SRV, &client);
    assert_true(decision.lottery);
    assert_int_equal(decision.ttl_s, 5);
    assert_int_equal(decision.scope, 24);
}

static void a_full_lottery_finds_everyone_and_leaves_out_what_is_too_much(void **state)
{
    struct prefix prefixes[LOTTERY_MAX + 9];
    (void)state;
    for (unsigned i = 0; i < LOTTERY_MAX + 9; i++)
        prefixes[i] = (struct prefix){{.family = FAMILY_V4, .bytes = {10, (uint8_t)(i >> 8), (uint8_t)i}}, 24};
    struct lottery *lottery = lottery_new(prefixes, LOTTERY_MAX + 9);
    for (unsigned i = 0; i < LOTTERY_MAX + 9; i++)
        assert_int_equal(lottery_has(lottery, &prefixes[i].addr, 24), i < LOTTERY_MAX);
    free(lottery);
    assert_null(lottery_new(prefixes, 0));
}

static void a_sample_tells_who_was_answered(void **state)
{
    struct sample sample = {0};
    const struct addr client = {.family = FAMILY_V4, .bytes = {198, 51, 100, 77}};
    (void)state;
    free(ask("198.51.100.77/32", 0, &sample));
    assert_int_equal(sample.service, 0);
    assert_int_equal(sample.place, place_number(t.place));
    assert_int_equal(sample.class, trie_class(geo_trie(place_geo(t.place)), &client, NULL));
    assert_int_equal(sample.bucket, policy_bucket(&client, 24));
    assert_int_equal(sample.client.len, 24);
    assert_int_equal(sample.client.addr.bytes[2], 100);
    assert_int_equal(sample.client.addr.bytes[3], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_client_in_the_lottery_gets_another_bucket_each_time, setup, teardown),
        cmocka_unit_test_setup_teardown(others_keep_their_bucket, setup, teardown),
        cmocka_unit_test_setup_teardown(the_lottery_is_held_often_and_its_scope_is_the_sticky_length, setup, teardown),
        cmocka_unit_test_setup_teardown(a_prefix_of_another_length_takes_no_part, setup, teardown),
        cmocka_unit_test_setup_teardown(a_decision_says_that_it_is_drawn, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_lottery_finds_everyone_and_leaves_out_what_is_too_much, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sample_tells_who_was_answered, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
