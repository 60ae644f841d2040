/* Demand under virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "load/demand.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HALF_LIFE_MS = 10000 };

static struct demand *demand;
static uint64_t now_ms;

static int setup(void **state)
{
    (void)state;
    demand = demand_new(HALF_LIFE_MS);
    now_ms = 5000;
    demand_close(demand, now_ms);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    demand_free(demand);
    return 0;
}

static struct demand_cell cell(uint32_t service, uint32_t class, uint32_t count, uint32_t votes, uint8_t net)
{
    return (struct demand_cell){.service = service,
                                .class = class,
                                .count = count,
                                .votes = votes,
                                .candidate = {.addr = {.family = FAMILY_V4, .bytes = {10, 0, net}}, .len = 24}};
}

static void second(void)
{
    demand_close(demand, now_ms += 1000);
}

static const struct class_place places[] = {{.weight = 0.5f}, {.weight = 0.3f}, {.weight = 0.2f}};
static const uint8_t orders[] = {0, 1, 0, 1, 1, 0}, bands[] = {0, 3, 0};
static const struct classes three = {.count = 3, .site_count = 2, .orders = orders, .bands = bands, .places = places};

static double rate_among(const struct classes *classes, uint32_t service, uint32_t class)
{
    size_t count;
    bool measured;
    double rate = 0;
    struct flow *flows = demand_flows(demand, classes, 2, &count, &measured);
    for (size_t i = 0; i < count; i++)
        if (flows[i].service == service && flows[i].class == class)
            rate += flows[i].rate;
    free(flows);
    return rate;
}

static double flow_rate(uint32_t service, uint32_t class)
{
    return rate_among(&three, service, class);
}

static double all_flows(bool *ret_measured)
{
    size_t count;
    double sum = 0;
    struct flow *flows = demand_flows(demand, &three, 2, &count, ret_measured);
    for (size_t i = 0; i < count; i++)
        sum += flows[i].rate;
    free(flows);
    return sum;
}

static void a_steady_rate_is_right_from_the_first_second_and_stays(void **state)
{
    (void)state;
    const struct demand_cell at = cell(0, 1, 5, 0, 1);
    for (unsigned i = 0; i < 100; i++) {
        demand_add(demand, &at, 16);
        second();
        assert_float_equal(demand_rate(demand), 80, 1e-6);
    }
    assert_true(demand_known(demand) > 0.99);
}

static void half_of_a_change_is_seen_after_a_half_life(void **state)
{
    (void)state;
    const struct demand_cell few = cell(0, 1, 10, 0, 1), many = cell(0, 1, 30, 0, 1);
    for (unsigned i = 0; i < 200; i++, second())
        demand_add(demand, &few, 1);
    for (unsigned i = 0; i < HALF_LIFE_MS / 1000; i++, second())
        demand_add(demand, &many, 1);
    assert_float_equal(demand_rate(demand), 20, 0.01);
}

static void intervals_of_any_length_count_by_their_time(void **state)
{
    (void)state;
    const struct demand_cell at = cell(0, 1, 30, 0, 1);
    demand_add(demand, &at, 1);
    demand_close(demand, now_ms += 3000);
    assert_float_equal(demand_rate(demand), 10, 1e-9);
    demand_close(demand, now_ms); /* no time has passed: nothing ends */
    demand_close(demand, now_ms - 1000);
    assert_float_equal(demand_rate(demand), 10, 1e-9);
}

static void with_nothing_measured_demand_is_where_addresses_are(void **state)
{
    bool measured = true;
    (void)state;
    assert_float_equal(all_flows(&measured), 1, 1e-6);
    assert_false(measured);
    assert_float_equal(flow_rate(0, 0), 0.25, 1e-6);
    assert_float_equal(flow_rate(1, 2), 0.1, 1e-6);
}

static void what_is_not_known_by_class_stands_where_addresses_are(void **state)
{
    bool measured;
    (void)state;
    const struct demand_cell at = cell(1, 0, 10, 0, 1);
    demand_add(demand, &at, 1);
    demand_lose(demand, 10);
    second();
    assert_float_equal(all_flows(&measured), 20, 1e-6);
    assert_true(measured);
    assert_float_equal(flow_rate(1, 0), 15, 1e-5);
    assert_float_equal(flow_rate(1, 1), 3, 1e-5);
    assert_float_equal(flow_rate(0, 0), 0, 0);
}

static void flows_of_classes_and_services_that_are_not_there_are_demand_of_unknown_class(void **state)
{
    bool measured;
    (void)state;
    const struct demand_cell known = cell(0, 0, 10, 0, 1), beyond = cell(0, 3, 10, 0, 1), gone = cell(2, 0, 10, 0, 1);
    demand_add(demand, &known, 1);
    demand_add(demand, &beyond, 1);
    demand_add(demand, &gone, 1);
    second();
    size_t count;
    struct flow *flows = demand_flows(demand, &three, 2, &count, &measured);
    for (size_t i = 0; i < count; i++)
        assert_true(flows[i].class < three.count && flows[i].service < 2);
    free(flows);
    assert_float_equal(all_flows(&measured), 30, 1e-6);
    assert_float_equal(flow_rate(0, 0), 20, 1e-5);
}

static void heavy_prefixes_are_told_by_their_votes(void **state)
{
    (void)state;
    struct heavy heavy[4];
    const struct demand_cell cells[] = {cell(0, 1, 50, 40, 7), cell(1, 1, 20, 20, 7), cell(0, 2, 30, 9, 8), cell(0, 0, 20, 0, 9)};
    for (size_t i = 0; i < 4; i++)
        demand_add(demand, &cells[i], 1);
    second();
    assert_int_equal(demand_heavy(demand, 0.1, heavy, 4), 1);
    assert_int_equal(heavy[0].prefix.addr.bytes[2], 7);
    assert_int_equal(heavy[0].prefix.len, 24);
    assert_float_equal(heavy[0].share, 0.5, 1e-9);
    assert_float_equal(heavy[0].rate, 60, 1e-6);
    assert_int_equal(demand_heavy(demand, 0.01, heavy, 4), 2);
    assert_int_equal(demand_heavy(demand, 0.01, heavy, 1), 1);
}

/* Property: whatever the maps, what services that stay had is still there. */
static void renumbering_preserves_the_sum(void **state)
{
    (void)state;
    srandom(11);
    for (unsigned turn = 0; turn < 50; turn++) {
        for (unsigned i = 0; i < 40; i++) {
            const struct demand_cell at = cell((uint32_t)random() % 3, (uint32_t)random() % 20, (uint32_t)random() % 100 + 1, 0, 1);
            demand_add(demand, &at, 1);
        }
        second();
        uint32_t services[3] = {2, 0, 1}, classes[20];
        for (size_t i = 0; i < 20; i++)
            classes[i] = random() % 4 ? (uint32_t)random() % 20 : DEMAND_GONE;
        const double before = demand_rate(demand);
        demand_renumber(demand, services, 3, classes, 20);
        assert_float_equal(demand_rate(demand), before, before * 1e-9);
    }
}

static void a_service_that_is_gone_takes_its_demand_along(void **state)
{
    (void)state;
    const struct demand_cell a = cell(0, 1, 10, 0, 1), b = cell(1, 1, 30, 0, 1);
    demand_add(demand, &a, 1);
    demand_add(demand, &b, 1);
    second();
    demand_renumber(demand, (const uint32_t[]){DEMAND_GONE, 0}, 2, (const uint32_t[]){0, 2, 1}, 3);
    assert_float_equal(demand_rate(demand), 30, 1e-9);
    assert_float_equal(flow_rate(0, 2), 30, 1e-9);
}

static void only_the_largest_flows_are_kept_and_the_sum_of_all(void **state)
{
    (void)state;
    for (uint32_t class = 0; class < 3 * DEMAND_FLOWS; class ++) {
        const struct demand_cell at = cell(0, class, class < 100 ? 1000 : 1, 0, 1);
        demand_add(demand, &at, 1);
    }
    second();
    const double all = 100.0 * 1000 + 3.0 * DEMAND_FLOWS - 100;
    assert_float_equal(demand_rate(demand), all, all * 1e-9);
    assert_true(rate_among(&(struct classes){.count = 3 * DEMAND_FLOWS}, 0, 7) > 999);
}

static void many_prefixes_leave_the_large_ones(void **state)
{
    (void)state;
    struct heavy heavy[4];
    for (unsigned i = 0; i < 10; i++) {
        for (unsigned net = 0; net < 5 * DEMAND_PREFIXES; net++) {
            struct demand_cell at = cell(0, 1, 1, 1, 0);
            at.candidate.addr.bytes[1] = (uint8_t)(net >> 8);
            at.candidate.addr.bytes[2] = (uint8_t)net;
            at.count = at.votes = net == 3 ? 3000 : 1;
            demand_add(demand, &at, 1);
        }
        second();
    }
    assert_int_equal(demand_heavy(demand, 0.1, heavy, 4), 1);
    assert_int_equal(heavy[0].prefix.addr.bytes[2], 3);
}

static void silence_is_forgotten(void **state)
{
    (void)state;
    const struct demand_cell at = cell(0, 1, 10, 10, 1);
    struct heavy heavy[1];
    demand_add(demand, &at, 1);
    for (unsigned i = 0; i < 400; i++)
        second();
    assert_true(demand_rate(demand) < 1e-3);
    assert_int_equal(demand_heavy(demand, 0, heavy, 1), 0);
}

static struct config *named(char **sites, size_t site_count, char **services, size_t service_count)
{
    struct config *config = mem_new(1, sizeof *config);
    config->sites = mem_new(site_count, sizeof *config->sites);
    config->services = mem_new(service_count + 1, sizeof *config->services);
    config->site_count = site_count;
    config->service_count = service_count;
    for (size_t i = 0; i < site_count; i++)
        config->sites[i].name = sites[i];
    for (size_t i = 0; i < service_count; i++)
        config->services[i].name = services[i];
    return config;
}

static void named_free(struct config *config)
{
    free(config->sites);
    free(config->services);
    free(config);
}

static void services_and_classes_are_matched_by_names_and_bands(void **state)
{
    (void)state;
    char *old_sites[] = {"a", "b", "c"}, *new_sites[] = {"c", "a"}, *old_services[] = {"x", "y"}, *new_services[] = {"z", "x"};
    struct config *old = named(old_sites, 3, old_services, 2), *new = named(new_sites, 2, new_services, 2);
    static const uint8_t old_orders[] = {0, 1, 2, 0, 2, 1, 2, 1, 0}, old_bands[] = {1, 5, 0}; /* abc acb cba */
    static const uint8_t new_orders[] = {0, 1, 1, 0, 1, 0}, new_bands[] = {2, 1, 6};          /* ca ac ac */
    const struct classes before = {.count = 3, .site_count = 3, .orders = old_orders, .bands = old_bands};
    const struct classes after = {.count = 3, .site_count = 2, .orders = new_orders, .bands = new_bands};
    uint32_t *services = demand_match_services(old, new), *classes = demand_match_classes(old, &before, new, &after);
    assert_int_equal(services[0], 1);
    assert_int_equal(services[1], DEMAND_GONE);
    assert_int_equal(classes[0], 1);
    assert_int_equal(classes[1], 2);
    assert_int_equal(classes[2], 0);
    free(services);
    free(classes);
    classes = demand_match_classes(new, &after, old, &before); /* a site more: its place in the orders is not known */
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(classes[i], DEMAND_GONE);
    free(classes);
    named_free(old);
    named_free(new);
}

/* Planned switches have classes told apart by marks: rather the one with the same mark, else the one that is there. */
static void classes_are_matched_across_marks(void **state)
{
    (void)state;
    char *names[] = {"a", "b", "c"}, *services[] = {"x"};
    struct config *config = named(names, 3, services, 1);
    static const uint8_t plain_orders[] = {0, 1, 2, 2, 1, 0}, marked_orders[] = {0, 1, 2, 0, 1, 2, 2, 1, 0}; /* abc cba; abc, 1: abc cba */
    static const uint32_t marks[] = {0, 1, 1};
    const struct classes plain = {.count = 2, .site_count = 3, .orders = plain_orders};
    const struct classes marked = {.count = 3, .site_count = 3, .orders = marked_orders, .marks = marks};
    uint32_t *to = demand_match_classes(config, &plain, config, &marked);
    assert_int_equal(to[0], 0);
    assert_int_equal(to[1], 2);
    free(to);
    to = demand_match_classes(config, &marked, config, &plain);
    assert_int_equal(to[0], 0);
    assert_int_equal(to[1], 0);
    assert_int_equal(to[2], 1);
    free(to);
    to = demand_match_classes(config, &marked, config, &marked);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(to[i], i);
    free(to);
    named_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_steady_rate_is_right_from_the_first_second_and_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(half_of_a_change_is_seen_after_a_half_life, setup, teardown),
        cmocka_unit_test_setup_teardown(intervals_of_any_length_count_by_their_time, setup, teardown),
        cmocka_unit_test_setup_teardown(with_nothing_measured_demand_is_where_addresses_are, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_known_by_class_stands_where_addresses_are, setup, teardown),
        cmocka_unit_test_setup_teardown(flows_of_classes_and_services_that_are_not_there_are_demand_of_unknown_class, setup, teardown),
        cmocka_unit_test_setup_teardown(heavy_prefixes_are_told_by_their_votes, setup, teardown),
        cmocka_unit_test_setup_teardown(renumbering_preserves_the_sum, setup, teardown),
        cmocka_unit_test_setup_teardown(a_service_that_is_gone_takes_its_demand_along, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_largest_flows_are_kept_and_the_sum_of_all, setup, teardown),
        cmocka_unit_test_setup_teardown(many_prefixes_leave_the_large_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(silence_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(services_and_classes_are_matched_by_names_and_bands, setup, teardown),
        cmocka_unit_test_setup_teardown(classes_are_matched_across_marks, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
