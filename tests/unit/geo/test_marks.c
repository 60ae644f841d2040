/* Areas: classes told apart by where their clients are, for planned switches. */
#include "fixture.h"

#include "base/hash.h"

#include <math.h>

static struct prefix prefix(const char *text)
{
    struct prefix prefix;
    char addr[64];
    const size_t len = strcspn(text, "/");
    memcpy(addr, text, len);
    addr[len] = '\0';
    prefix = (struct prefix){.addr = addr_of(addr), .len = (uint8_t)atoi(text + len + 1)};
    return prefix;
}

static struct area area(const char *country, const char *continent, const char *network)
{
    struct area area = {.country_count = country != NULL, .continent_count = continent != NULL, .prefix_count = network != NULL};
    if (country)
        memcpy(area.countries[0], country, 2);
    if (continent)
        memcpy(area.continents[0], continent, 2);
    if (network)
        area.prefixes[0] = prefix(network);
    return area;
}

static void compile_areas(struct fixture *f, const struct areas *areas)
{
    geo_free(f->geo);
    f->geo = geo_compile_areas(f->config, areas, &f->report);
    assert_non_null(f->geo);
}

static uint32_t mark_of(const struct fixture *f, const char *text)
{
    return class_mark(geo_classes(f->geo), class_of(f, text));
}

static const char nets[] = "10.0.0.0/8 country=FR\n11.0.0.0/8 country=DE\n12.0.0.0/8 country=US\n2001:db8::/32 country=FR\n"
                           "13.0.0.0/8 48.9,2.3\n";

static void clients_of_a_country_and_a_continent_bear_their_marks(void **state)
{
    struct fixture *f = *state;
    struct areas areas = {.count = 2, .of = {area("FR", NULL, NULL), area(NULL, "EU", NULL)}};
    set_nets(f, nets);
    compile_areas(f, &areas);
    assert_int_equal(mark_of(f, "10.1.2.3"), 3);
    assert_int_equal(mark_of(f, "2001:db8::1"), 3);
    assert_int_equal(mark_of(f, "11.1.2.3"), 2);
    assert_int_equal(mark_of(f, "12.1.2.3"), 0);
    assert_int_equal(mark_of(f, "192.0.2.1"), 0);
    assert_int_equal(mark_of(f, "13.1.2.3"), 0); /* a place alone names no country */
}

static void a_prefix_is_told_apart_wherever_it_lies(void **state)
{
    struct fixture *f = *state;
    struct areas areas = {.count = 3,
                          .of = {area(NULL, NULL, "10.1.0.0/16"), area("FR", NULL, "10.1.2.0/24"), area(NULL, NULL, "192.0.2.0/24")}};
    areas.of[2].prefixes[areas.of[2].prefix_count++] = prefix("2001:db8:1::/48");
    set_nets(f, nets);
    compile_areas(f, &areas);
    assert_int_equal(mark_of(f, "10.0.255.255"), 0);
    assert_int_equal(mark_of(f, "10.1.0.0"), 1);
    assert_int_equal(mark_of(f, "10.1.2.255"), 3);
    assert_int_equal(mark_of(f, "10.2.0.0"), 0);
    assert_int_equal(mark_of(f, "192.0.2.200"), 4);
    assert_int_equal(mark_of(f, "2001:db8:1::5"), 4);
    assert_int_equal(mark_of(f, "2001:db8:2::5"), 0);
    assert_int_equal(mark_of(f, "::ffff:10.1.2.1"), mark_of(f, "::ffff:10.1.2.1"));
    const struct addr client = addr_of("10.1.2.9");
    unsigned depth;
    trie_class(geo_trie(f->geo), &client, &depth);
    assert_int_equal(depth, 24); /* no shorter ECS scope would be true */
}

/* Whatever else the areas do: nobody's order, band or place in the world changes. */
static void areas_change_nothing_but_marks(void **state)
{
    struct fixture *f = *state;
    struct areas areas = {.count = 3, .of = {area("FR", NULL, NULL), area(NULL, NULL, "10.128.0.0/9"), area("US", "NA", NULL)}};
    set_nets(f, nets);
    compile(f);
    struct geo *plain = f->geo;
    f->geo = NULL;
    compile_areas(f, &areas);
    const struct classes *with = geo_classes(f->geo), *without = geo_classes(plain);
    uint64_t dice = 7;
    for (unsigned i = 0; i < 4000; i++) {
        dice += 0x9e3779b97f4a7c15ULL;
        const uint64_t octets = hash_mix(dice);
        struct addr client = {.family = FAMILY_V4, .bytes = {(uint8_t)(8 + octets % 8), (uint8_t)(octets >> 8), (uint8_t)(octets >> 16)}};
        const uint32_t a = trie_class(geo_trie(f->geo), &client, NULL), b = trie_class(geo_trie(plain), &client, NULL);
        assert_memory_equal(class_order(with, a), class_order(without, b), SIX);
        assert_int_equal(class_band(with, a), class_band(without, b));
    }
    for (uint32_t i = 1; i < with->count; i++) {
        assert_true(class_mark(with, i - 1) <= class_mark(with, i));
        if (class_mark(with, i - 1) == class_mark(with, i))
            assert_true(memcmp(class_order(with, i - 1), class_order(with, i), SIX) <= 0);
    }
    double sum = 0, sum_without = 0;
    for (uint32_t i = 0; i < with->count; i++)
        sum += (double)with->places[i].weight;
    for (uint32_t i = 0; i < without->count; i++)
        sum_without += (double)without->places[i].weight;
    assert_true(fabs(sum - sum_without) < 1e-6);
    assert_memory_equal(class_order(with, with->unknown), class_order(without, without->unknown), SIX);
    assert_int_equal(class_mark(with, with->unknown), 0);
    geo_free(plain);
}

static void a_prefix_has_weight_also_where_nothing_else_is_known(void **state)
{
    struct fixture *f = *state;
    struct areas areas = {.count = 1, .of = {area(NULL, NULL, "128.0.0.0/1")}};
    compile_areas(f, &areas);
    const struct classes *classes = geo_classes(f->geo);
    const double share = (double)classes->places[class_of(f, "200.0.0.1")].weight;
    assert_true(share > 0.3 && share < 0.5); /* half of IPv4; and IPv6 counts, too */
    assert_int_equal(mark_of(f, "200.0.0.1"), 1);
    assert_int_equal(mark_of(f, "100.0.0.1"), 0);
}

static void areas_are_found_again_by_what_they_are(void **state)
{
    (void)state;
    struct areas areas = {.count = 0};
    const struct area france = area("FR", NULL, NULL), network = area("FR", NULL, "10.0.0.0/8"), whole = area(NULL, NULL, NULL);
    assert_true(areas_add(&areas, &france) && areas_add(&areas, &network) && areas_add(&areas, &france));
    assert_int_equal(areas.count, 2);
    assert_int_equal(areas_bit(&areas, &network), 2);
    assert_int_equal(areas_bit(NULL, &network), 0);
    assert_true(area_is_whole(&whole) && !area_is_whole(&network));
    struct areas fewer = {.count = 1, .of = {network}};
    assert_true(areas_cover(&areas, &fewer) && !areas_cover(&fewer, &areas) && areas_cover(&fewer, NULL) && !areas_cover(NULL, &fewer));
    for (unsigned i = 0; areas.count < AREAS_MAX; i++) {
        const struct area other = area((const char[]){(char)('A' + i / 26), (char)('A' + i % 26)}, NULL, NULL);
        assert_true(areas_add(&areas, &other));
    }
    const struct area more = area("ZZ", NULL, NULL);
    assert_false(areas_add(&areas, &more));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(clients_of_a_country_and_a_continent_bear_their_marks, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_prefix_is_told_apart_wherever_it_lies, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(areas_change_nothing_but_marks, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_prefix_has_weight_also_where_nothing_else_is_known, fixture_setup, fixture_teardown),
        cmocka_unit_test(areas_are_found_again_by_what_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
