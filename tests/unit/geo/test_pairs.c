#include "fixture.h"

#include "geo/pairs.h"

/* The geo data of another fixture's nets. */
static struct geo *compiled(struct fixture *f, const char *nets)
{
    set_nets(f, nets);
    struct geo *geo = geo_compile(f->config, &f->report);
    assert_non_null(geo);
    return geo;
}

static const char two_nets[] = "10.0.0.0/8 51.5,-0.1\n11.0.0.0/8 39,-77\n2001:db8::/32 1,104\n";

static double sum_of(const struct class_pair *pairs, size_t count, double *ret_known)
{
    double sum = 0;
    *ret_known = 0;
    for (size_t i = 0; i < count; i++) {
        sum += pairs[i].v4 + pairs[i].v6;
        *ret_known += pairs[i].known;
    }
    return sum;
}

static void the_same_data_meet_themselves_alone(void **state)
{
    struct fixture *f = *state;
    struct geo *geo = compiled(f, two_nets);
    size_t count;
    double known;
    struct class_pair *pairs = geo_pairs(geo, geo, &count);
    assert_int_equal(count, geo_classes(geo)->count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pairs[i].before, pairs[i].after);
    assert_true(sum_of(pairs, count, &known) == ldexp(1, 32) + ldexp(1, ADDRESS_V6));
    free(pairs);
    geo_free(geo);
}

static void addresses_of_which_nothing_is_said_count_nothing(void **state)
{
    struct fixture *f = *state;
    struct geo *geo = compiled(f, two_nets);
    size_t count;
    double known;
    struct class_pair *pairs = geo_pairs(geo, geo, &count);
    sum_of(pairs, count, &known);
    assert_true(known == 2 * ldexp(1, 24) + ldexp(1, ADDRESS_V6 - 32));
    free(pairs);
    geo_free(geo);
}

static void where_nothing_is_said_at_all_all_addresses_count(void **state)
{
    struct fixture *f = *state;
    compile(f);
    size_t count;
    struct class_pair *pairs = geo_pairs(f->geo, f->geo, &count);
    assert_int_equal(count, 1);
    assert_true(pairs[0].known == pairs[0].v4 + pairs[0].v6);
    free(pairs);
}

/* The pair that this address is in. */
static const struct class_pair *pair_at(const struct geo *before, const struct geo *after, const struct class_pair *pairs, size_t count,
                                        const char *text)
{
    const struct addr addr = addr_of(text);
    for (size_t i = 0; i < count; i++)
        if (pairs[i].before == trie_class(geo_trie(before), &addr, NULL) && pairs[i].after == trie_class(geo_trie(after), &addr, NULL))
            return &pairs[i];
    fail();
    return NULL;
}

static void a_network_that_is_cut_out_is_told_from_the_rest(void **state)
{
    struct fixture *f = *state;
    struct geo *before = compiled(f, two_nets), *after = compiled(f, "10.0.0.0/8 51.5,-0.1\n10.64.0.0/10 1,104\n12.0.0.0/8 39,-77\n");
    size_t count;
    struct class_pair *pairs = geo_pairs(before, after, &count);
    assert_true(pair_at(before, after, pairs, count, "10.1.1.1")->v4 == ldexp(3, 22));
    assert_true(pair_at(before, after, pairs, count, "10.65.1.1")->v4 == ldexp(1, 22));
    assert_true(pair_at(before, after, pairs, count, "11.1.1.1")->known == ldexp(1, 24)); /* known before only */
    assert_true(pair_at(before, after, pairs, count, "12.1.1.1")->known == ldexp(1, 24)); /* and after only */
    assert_true(pair_at(before, after, pairs, count, "2001:db8::1")->v6 == ldexp(1, ADDRESS_V6 - 32));
    for (size_t i = 1; i < count; i++)
        assert_true(pairs[i - 1].before < pairs[i].before ||
                    (pairs[i - 1].before == pairs[i].before && pairs[i - 1].after < pairs[i].after));
    free(pairs);
    geo_free(before);
    geo_free(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_data_meet_themselves_alone, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(addresses_of_which_nothing_is_said_count_nothing, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(where_nothing_is_said_at_all_all_addresses_count, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_network_that_is_cut_out_is_told_from_the_rest, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
