/* Virtual time, real tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/message.h"
#include "serve/rate_limit.h"

#include <stdio.h>

#define S 1000000000u

static struct rate_limit_config config;
static struct rate_limit *limit;
static uint64_t now_ns;

static int setup(void **state)
{
    (void)state;
    config = (struct rate_limit_config){.rate = 100, .subnet_rate = 1000, .window_s = 2, .slip = 0, .ipv4_prefix = 24, .ipv6_prefix = 56};
    limit = rate_limit_new(1);
    now_ns = 1000 * (uint64_t)S;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rate_limit_free(limit);
    return 0;
}

static enum rate_verdict take(const char *client, const struct answered *answered)
{
    struct addr addr;
    assert_true(addr_parse(client, &addr));
    const uint64_t account = rate_limit_account(limit, &config, &addr, answered, now_ns);
    return account ? rate_limit_take(limit, &config, account, &addr, answered, now_ns) : RATE_PASS;
}

static const struct answered name_a = {.subject = 1}, name_b = {.subject = 2}, refused = {.rcode = RCODE_REFUSED},
                             formerr = {.rcode = RCODE_FORMERR}, steered = {.subject = 1, .by_subnet = true, .steered = true};

/* How many of so many answers pass when they come evenly over a time. */
static unsigned passed(const char *client, const struct answered *answered, unsigned count, uint64_t over_ns)
{
    unsigned pass = 0;
    for (unsigned i = 0; i < count; i++) {
        pass += take(client, answered) == RATE_PASS;
        now_ns += over_ns / count;
    }
    return pass;
}

/* Until an account is half used only some answers are looked at, by chance: what passes is known but for that. */
enum { CHANCE = 60 };

static void a_window_of_the_rate_may_come_at_once_and_then_the_rate(void **state)
{
    (void)state;
    assert_in_range(passed("192.0.2.1", &name_a, 10000, 0), 200 - CHANCE, 200 + CHANCE);
    assert_in_range(passed("192.0.2.1", &name_a, 10000, 10 * (uint64_t)S), 1000 - 2, 1000 + 2);
    now_ns += 5 * (uint64_t)S; /* all is forgiven */
    assert_in_range(passed("192.0.2.1", &name_a, 10000, 0), 200 - CHANCE, 200 + CHANCE);
}

static void below_the_rate_nothing_is_held_back(void **state)
{
    (void)state;
    assert_int_equal(passed("192.0.2.1", &name_a, 100 * 60, 60 * (uint64_t)S), 100 * 60);
}

static void networks_names_errors_and_subnets_have_accounts_of_their_own(void **state)
{
    (void)state;
    passed("192.0.2.1", &name_a, 1000, 0);
    passed("2001:db8::1", &name_a, 1000, 0);
    passed("192.0.2.1", &refused, 1000, 0);
    assert_int_equal(take("192.0.2.200", &name_a), RATE_DROP); /* the same /24 */
    assert_int_equal(take("2001:db8:0:ff::9", &name_a), RATE_DROP);
    assert_int_equal(take("192.0.2.1", &refused), RATE_DROP);
    assert_int_equal(take("192.0.3.1", &name_a), RATE_PASS);
    assert_int_equal(take("2001:db8:0:100::9", &name_a), RATE_PASS);
    assert_int_equal(take("192.0.2.1", &name_b), RATE_PASS);
    assert_int_equal(take("192.0.2.1", &formerr), RATE_PASS);
    assert_int_equal(take("192.0.2.1", &steered), RATE_PASS);
    assert_in_range(passed("192.0.2.1", &steered, 10000, 0), 2000 - CHANCE, 2000 + CHANCE);
}

static void each_slipth_of_those_held_back_is_answered_briefly(void **state)
{
    (void)state;
    for (unsigned slip = 0; slip < 4; slip++) {
        char client[32];
        unsigned counts[3] = {0};
        config.slip = slip;
        snprintf(client, sizeof client, "198.51.%u.1", slip);
        passed(client, &name_a, 1000, 0);
        for (unsigned i = 0; i < 60; i++)
            counts[take(client, &name_a)]++;
        assert_int_equal(counts[RATE_PASS], 0);
        assert_int_equal(counts[RATE_SLIP], slip ? 60 / slip : 0);
        assert_int_equal(counts[RATE_DROP], 60 - counts[RATE_SLIP]);
    }
}

static void who_is_allowed_is_never_limited(void **state)
{
    struct prefix allow[2];
    (void)state;
    assert_true(prefix_parse("2001:db8::/32", &allow[0]) && prefix_parse("192.0.2.0/25", &allow[1]));
    config.allow = allow;
    config.allow_count = 2;
    assert_int_equal(passed("192.0.2.1", &name_a, 5000, 0), 5000);
    assert_int_equal(passed("2001:db8:1::1", &name_a, 5000, 0), 5000);
    assert_in_range(passed("192.0.2.129", &name_a, 5000, 0), 0, 200 + CHANCE); /* its network has had its share */
}

static void a_rate_of_zero_is_no_limit(void **state)
{
    (void)state;
    config.subnet_rate = 0;
    assert_int_equal(passed("192.0.2.1", &steered, 5000, 0), 5000);
    assert_in_range(passed("192.0.2.1", &name_a, 5000, 0), 1, 200 + CHANCE);
    config.rate = 0;
    assert_int_equal(passed("192.0.2.1", &name_a, 5000, 0), 5000);
}

static void workers_of_one_address_share_the_rate(void **state)
{
    (void)state;
    rate_limit_free(limit);
    limit = rate_limit_new(4);
    assert_in_range(passed("192.0.2.1", &name_a, 10000, 0), 50 - CHANCE / 2, 50 + CHANCE);
    assert_in_range(passed("192.0.2.1", &name_a, 10000, 10 * (uint64_t)S), 250 - 2, 250 + 2);
}

/* A flood of forged networks that fills the table many times over does not hold back one answer of who asks little. */
static void collisions_never_limit_who_asks_little(void **state)
{
    (void)state;
    passed("192.0.2.1", &name_a, 1000, 0); /* so that every answer is looked at */
    for (unsigned i = 0; i < 300000; i++) {
        char forged[32];
        snprintf(forged, sizeof forged, "%u.%u.%u.1", 11 + i / 65536, i / 256 % 256, i % 256);
        take(forged, &name_a);
        now_ns += S / 100000;
        if (i % 1000 == 0)
            assert_int_equal(take("203.0.113.5", &name_a), RATE_PASS); /* 100 a second */
    }
}

/* Steadily over the limit, between others without number: its account does not get lost, for it is never the idlest. */
static void who_asks_too_much_stays_limited_among_many(void **state)
{
    unsigned pass = 0;
    (void)state;
    passed("192.0.2.1", &name_a, 1000, 0);
    for (unsigned i = 0; i < 300000; i++) {
        char other[32];
        snprintf(other, sizeof other, "%u.%u.%u.1", 11 + i / 65536, i / 256 % 256, i % 256);
        take(other, &name_a);
        pass += take("192.0.2.1", &name_a) == RATE_PASS;
        now_ns += S / 100000;
    }
    assert_in_range(pass, 290, 310); /* three seconds */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(a_window_of_the_rate_may_come_at_once_and_then_the_rate),
        CASE(below_the_rate_nothing_is_held_back),
        CASE(networks_names_errors_and_subnets_have_accounts_of_their_own),
        CASE(each_slipth_of_those_held_back_is_answered_briefly),
        CASE(who_is_allowed_is_never_limited),
        CASE(a_rate_of_zero_is_no_limit),
        CASE(workers_of_one_address_share_the_rate),
        CASE(collisions_never_limit_who_asks_little),
        CASE(who_asks_too_much_stays_limited_among_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
