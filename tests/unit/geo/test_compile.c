#include "fixture.h"

static void without_sources_everybody_is_of_the_unknown_class(void **state)
{
    struct fixture *f = *state;
    compile(f);
    assert_int_equal(geo_classes(f->geo)->count, 1);
    assert_int_equal(geo_classes(f->geo)->site_count, SIX);
    assert_string_equal(order_of(f, "192.0.2.1"), "lbjfas");
    assert_string_equal(order_of(f, "2001:db8::1"), "lbjfas");
}

/* One network of each record: what each layout must come to is the same. */
static void check_layout(struct fixture *f, unsigned ip_version, unsigned record_size)
{
    struct mmdb_writer *w = mmdb_new(ip_version, record_size);
    mmdb_insert(w, "10.1.0.0/16", mmdb_city(w, "EU", "GB", 51.5, -0.1));
    mmdb_insert(w, "10.2.0.0/16", mmdb_city(w, NULL, "SG", NAN, NAN));
    mmdb_insert(w, "10.3.4.0/23", mmdb_city(w, "NA", "US", 37.3, -121.9));
    const char *path = add_database(f, w);
    compile(f);
    assert_string_equal(order_of(f, "10.1.2.3"), "lafbjs");
    assert_int_equal(*order_of(f, "10.2.2.3"), 's');
    assert_int_equal(*order_of(f, "10.3.5.255"), 'j');
    assert_string_equal(order_of(f, "10.3.6.0"), "lbjfas");
    unlink(path);
    f->config->geo.database_count = 0;
    free((char *)path);
}

static void each_record_size_and_ip_version_is_read(void **state)
{
    for (unsigned size = 24; size <= 32; size += 4) {
        check_layout(*state, 4, size);
        check_layout(*state, 6, size);
    }
}

static void a_registered_country_counts_where_no_other_is_said(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(4, 24);
    const uint32_t lone = mmdb_map(w, 1);
    mmdb_string(w, "registered_country");
    mmdb_map(w, 1);
    mmdb_pair(w, "iso_code", "SG");
    mmdb_insert(w, "10.0.0.0/16", lone);
    const uint32_t both = mmdb_map(w, 2);
    mmdb_string(w, "registered_country");
    mmdb_map(w, 1);
    mmdb_pair(w, "iso_code", "SG");
    mmdb_string(w, "country");
    mmdb_map(w, 1);
    mmdb_pair(w, "iso_code", "IE");
    mmdb_insert(w, "10.1.0.0/16", both);
    add_database(f, w);
    compile(f);
    assert_int_equal(*order_of(f, "10.0.0.1"), 's');
    assert_int_equal(*order_of(f, "10.1.0.1"), 'l');
    assert_string_equal(place_of(f, "10.1.0.1").country, "IE");
    assert_string_equal(place_of(f, "10.1.0.1").continent, "EU");
}

/* A flat record of two texts. */
static uint32_t flat(struct mmdb_writer *w, const char *key1, const char *value1, const char *key2, const char *value2)
{
    const uint32_t offset = mmdb_map(w, 2);
    mmdb_pair(w, key1, value1);
    mmdb_pair(w, key2, value2);
    return offset;
}

static void flat_layouts_are_read(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(6, 28);
    mmdb_insert(w, "10.0.0.0/16", flat(w, "country_code", "SG", "country", "Singapore"));
    mmdb_insert(w, "10.1.0.0/16", flat(w, "country", "de", "continent", "EU"));
    mmdb_insert(w, "10.2.0.0/16", flat(w, "loc", "37.38,-121.88", "country", "US"));
    mmdb_insert(w, "10.3.0.0/16", flat(w, "lat", "52.37", "lng", "4.9"));
    const uint32_t floats = mmdb_map(w, 2);
    mmdb_string(w, "latitude");
    mmdb_float(w, 1.29f);
    mmdb_string(w, "longitude");
    mmdb_float(w, 103.85f);
    mmdb_insert(w, "10.4.0.0/16", floats);
    const uint32_t integers = mmdb_map(w, 2);
    mmdb_string(w, "lat");
    mmdb_integer(w, 5, 39);
    mmdb_string(w, "lon");
    mmdb_integer(w, 8, 0xffffffb3u); /* -77 */
    mmdb_insert(w, "10.5.0.0/16", integers);
    mmdb_insert(w, "2001:db8::/32", flat(w, "asn", "AS64500", "continent_code", "AF"));
    add_database(f, w);
    add_rule(f, PREFER_CONTINENT, "AF", 0, 1, (const uint8_t[]){AMSTERDAM});
    compile(f);
    assert_int_equal(*order_of(f, "10.0.0.1"), 's');
    assert_int_equal(*order_of(f, "10.1.0.1"), 'f');
    assert_int_equal(*order_of(f, "10.2.0.1"), 'j');
    assert_int_equal(*order_of(f, "10.3.0.1"), 'a');
    assert_int_equal(*order_of(f, "10.4.0.1"), 's');
    assert_int_equal(*order_of(f, "10.5.0.1"), 'b');
    assert_string_equal(order_of(f, "2001:db8::1"), "albjfs");
    assert_int_equal(place_of(f, "2001:db8::1").asn, 64500);
}

static void values_of_a_wrong_type_are_left_unsaid(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(4, 24);
    const uint32_t wrong = mmdb_map(w, 3);
    mmdb_pair(w, "location", "51,0"); /* no map */
    mmdb_string(w, "country_code");
    mmdb_integer(w, 6, 44);
    mmdb_pair(w, "latitude", "north");
    mmdb_insert(w, "10.0.0.0/16", wrong);
    mmdb_insert(w, "10.1.0.0/16", mmdb_city(w, "EU", "GBR", 91, 0));
    mmdb_insert(w, "10.2.0.0/16", mmdb_city(w, "EU", "GB", 51.5, -0.1));
    mmdb_insert(w, "10.3.0.0/16", mmdb_city(w, NULL, NULL, 0, 0)); /* nowhere */
    mmdb_insert(w, "10.4.0.0/16", mmdb_string(w, "no map"));
    add_database(f, w);
    compile(f);
    assert_int_equal(class_of(f, "10.0.0.1"), geo_classes(f->geo)->unknown);
    assert_int_equal(class_of(f, "10.1.0.1"), geo_classes(f->geo)->unknown);
    assert_string_equal(order_of(f, "10.2.0.1"), "lafbjs");
    assert_int_equal(class_of(f, "10.3.0.1"), geo_classes(f->geo)->unknown);
    assert_int_equal(class_of(f, "10.4.0.1"), geo_classes(f->geo)->unknown);
}

static void pointers_and_long_texts_are_followed(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(4, 24);
    char text[70000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    mmdb_string(w, text);
    const uint32_t key = mmdb_string(w, "country_code"), code = mmdb_string(w, "SG");
    const uint32_t offset = mmdb_map(w, 3);
    mmdb_string(w, "note");
    mmdb_pointer(w, 0);
    mmdb_pointer(w, key);
    mmdb_pointer(w, code);
    mmdb_pair(w, "after", text + sizeof text - 400);
    mmdb_insert(w, "10.0.0.0/16", offset);
    add_database(f, w);
    compile(f);
    assert_int_equal(*order_of(f, "10.0.0.1"), 's');
}

static void ipv4_in_an_ipv6_database_is_found_under_its_aliases(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(6, 28);
    mmdb_insert(w, "10.0.0.0/8", mmdb_city(w, "AS", "SG", 1.35, 103.8));
    mmdb_insert(w, "2001:db8::/32", mmdb_city(w, "NA", "US", 39, -77.5));
    mmdb_alias(w, "::ffff:0:0/96");
    mmdb_alias(w, "2002::/16");
    add_database(f, w);
    set_nets(f, "10.9.0.0/16 sites=frankfurt\n2002:0a09:1::/48 sites=amsterdam\n");
    compile(f);
    assert_int_equal(*order_of(f, "10.1.1.1"), 's');
    assert_int_equal(*order_of(f, "10.9.1.1"), 'f');
    assert_int_equal(*order_of(f, "::ffff:10.1.1.1"), 's');
    assert_int_equal(*order_of(f, "2002:0a01::1"), 's');
    assert_int_equal(*order_of(f, "2002:0a09:1::1"), 'a');
    assert_int_equal(*order_of(f, "2001:db8::1"), 'b');
    assert_int_equal(*order_of(f, "2002:0b01::1"), 'l');
    assert_true(geo_trie(f->geo)->node_count < 200);
    assert_string_equal(place_of(f, "2002:0a01::1").country, "SG");
    assert_int_equal(place_of(f, "2002:0a01::1").network.len, 16 + 8);
}

static void an_ipv4_database_says_nothing_of_ipv6(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(4, 24);
    mmdb_insert(w, "0.0.0.0/1", mmdb_city(w, "AS", "SG", 1.35, 103.8));
    add_database(f, w);
    compile(f);
    assert_int_equal(*order_of(f, "10.1.1.1"), 's');
    assert_int_equal(class_of(f, "a00::1"), geo_classes(f->geo)->unknown);
    assert_int_equal(class_of(f, "::10.1.1.1"), geo_classes(f->geo)->unknown);
}

static void databases_are_merged_field_by_field_and_the_first_wins(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *first = mmdb_new(6, 24), *second = mmdb_new(4, 28), *third = mmdb_new(4, 32);
    mmdb_insert(first, "10.0.0.0/9", mmdb_city(first, NULL, "GB", NAN, NAN));
    mmdb_insert(second, "10.0.0.0/8", mmdb_city(second, "AS", "SG", 1.35, 103.8));
    mmdb_insert(third, "10.0.1.0/24", mmdb_asn(third, 64500));
    mmdb_insert(third, "10.0.2.0/24", mmdb_asn(third, 64501));
    add_database(f, first);
    add_database(f, second);
    add_database(f, third);
    add_rule(f, PREFER_ASN, "", 64500, 2, (const uint8_t[]){SANJOSE, ASHBURN});
    compile(f);
    assert_int_equal(*order_of(f, "10.0.0.1"), 's'); /* a location wins over a country's centre */
    const struct geo_place place = place_of(f, "10.0.2.1");
    assert_string_equal(place.country, "GB");
    assert_string_equal(place.continent, "AS");
    assert_int_equal(place.asn, 64501);
    assert_true(place.known && place.latitude == 1.35);
    assert_string_equal(place.source, "0.mmdb, 1.mmdb, 2.mmdb");
    assert_int_equal(place.network.len, 9);
    assert_memory_equal(order_of(f, "10.0.1.1"), "jbs", 3);
    assert_int_equal(*order_of(f, "10.0.2.1"), 's');
    assert_int_equal(*order_of(f, "10.200.0.1"), 's');
}

static void a_country_code_with_one_bad_letter_is_left_unsaid(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *first = mmdb_new(4, 24), *second = mmdb_new(4, 24);
    mmdb_insert(first, "10.0.0.0/16", mmdb_city(first, "AS", "S?", NAN, NAN));
    mmdb_insert(second, "10.0.0.0/16", mmdb_city(second, "AS", "SG", NAN, NAN));
    add_database(f, first);
    add_database(f, second);
    compile(f);
    assert_int_equal(*order_of(f, "10.0.0.1"), 's');
    const struct geo_place place = place_of(f, "10.0.0.1");
    assert_string_equal(place.country, "SG");
}

static void a_said_asn_that_no_rule_names_still_hides_a_later_one(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *first = mmdb_new(4, 24), *second = mmdb_new(4, 24);
    mmdb_insert(first, "10.0.0.0/24", mmdb_asn(first, 1));
    mmdb_insert(second, "10.0.0.0/16", mmdb_asn(second, 2));
    add_database(f, first);
    add_database(f, second);
    add_rule(f, PREFER_ASN, "", 2, 1, (const uint8_t[]){SINGAPORE});
    compile(f);
    assert_int_equal(class_of(f, "10.0.0.1"), geo_classes(f->geo)->unknown);
    assert_int_equal(*order_of(f, "10.0.1.1"), 's');
    assert_int_equal(place_of(f, "10.0.0.1").asn, 1);
}

static void an_asn_database_without_a_rule_is_checked_but_not_walked(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *city = mmdb_new(4, 24), *asn = mmdb_new(4, 24);
    mmdb_insert(city, "10.0.0.0/8", mmdb_city(city, "AS", "SG", 1.35, 103.8));
    for (unsigned i = 0; i < 256; i++) {
        char text[PREFIX_TEXT];
        snprintf(text, sizeof text, "10.0.%u.0/24", i);
        mmdb_insert(asn, text, mmdb_asn(asn, i + 1));
    }
    add_database(f, city);
    add_database(f, asn);
    compile(f);
    assert_int_equal(geo_trie(f->geo)->node_count, 8);
    assert_int_equal(place_of(f, "10.0.7.1").asn, 8);
}

static void the_most_specific_kind_of_rule_wins_and_then_the_first(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *city = mmdb_new(4, 24), *asn = mmdb_new(4, 24);
    mmdb_insert(city, "10.0.0.0/16", mmdb_city(city, "EU", "IE", 53.3, -6.3));
    mmdb_insert(city, "10.1.0.0/16", mmdb_city(city, "EU", "FR", 48.8, 2.3));
    mmdb_insert(city, "10.2.0.0/16", mmdb_city(city, "AS", NULL, NAN, NAN));
    mmdb_insert(asn, "10.0.1.0/24", mmdb_asn(asn, 64500));
    add_database(f, city);
    add_database(f, asn);
    add_rule(f, PREFER_CONTINENT, "EU", 0, 1, (const uint8_t[]){SINGAPORE});
    add_rule(f, PREFER_COUNTRY, "IE", 0, 2, (const uint8_t[]){AMSTERDAM, LONDON});
    add_rule(f, PREFER_COUNTRY, "IE", 0, 1, (const uint8_t[]){ASHBURN});
    add_rule(f, PREFER_ASN, "", 64500, 1, (const uint8_t[]){FRANKFURT});
    add_rule(f, PREFER_CONTINENT, "AS", 0, 1, (const uint8_t[]){SANJOSE});
    compile(f);
    assert_string_equal(order_of(f, "10.0.0.1"), "alfbjs");
    assert_string_equal(order_of(f, "10.0.1.1"), "flabjs");
    assert_int_equal(*order_of(f, "10.1.0.1"), 's');
    assert_string_equal(order_of(f, "10.2.0.1"), "jlbfas"); /* of unknown place: the rest in the file's order */
}

/* By their orders, then by their bands. */
static int compare_classes(const struct classes *classes, uint32_t a, uint32_t b)
{
    const int by_order = memcmp(class_order(classes, a), class_order(classes, b), SIX);
    return by_order ? by_order : (int)class_band(classes, a) - (int)class_band(classes, b);
}

static void classes_are_in_lexicographic_order_without_doubles(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(4, 24);
    srandom(3);
    for (unsigned i = 0; i < 1000; i++) {
        char text[PREFIX_TEXT];
        snprintf(text, sizeof text, "10.%u.%u.0/24", i / 256, i % 256);
        mmdb_insert(w, text, mmdb_city(w, NULL, NULL, (double)(random() % 1800) / 10 - 90, (double)(random() % 3600) / 10 - 180));
    }
    add_database(f, w);
    compile(f);
    const struct classes *classes = geo_classes(f->geo);
    assert_true(classes->count > 20);
    for (uint32_t i = 1; i < classes->count; i++)
        assert_true(compare_classes(classes, i - 1, i) < 0);
    assert_memory_equal(class_order(classes, classes->unknown), ((const uint8_t[]){0, 1, 2, 3, 4, 5}), SIX);
}

static void a_place_tells_its_source_and_network(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(6, 24);
    mmdb_insert(w, "10.0.0.0/16", mmdb_city(w, "EU", "GB", 51.5, -0.1));
    add_database(f, w);
    set_nets(f, "\n10.0.1.0/24 1.3,103.8\n10.0.2.0/24 sites=ashburn\n");
    struct geo_place place = place_of(f, "10.0.0.1");
    assert_true(place.known && place.latitude == 51.5 && place.longitude == -0.1);
    assert_string_equal(place.source, "0.mmdb");
    assert_int_equal(place.network.len, 16);
    place = place_of(f, "10.0.1.1");
    assert_true(place.known && place.latitude == 1.3);
    assert_string_equal(place.country, "");
    assert_non_null(strstr(place.source, "/nets.conf:2"));
    assert_int_equal(place.network.len, 24);
    place = place_of(f, "10.0.2.1");
    assert_true(place.known && place.latitude == 51.5);
    assert_non_null(strstr(place.source, "/nets.conf:3, 0.mmdb"));
    place = place_of(f, "11.0.0.1");
    assert_false(place.known);
    assert_string_equal(place.source, "");
    assert_int_equal(place.network.len, 8); /* 10.0.0.0/7 is split */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(without_sources_everybody_is_of_the_unknown_class),
        CASE(each_record_size_and_ip_version_is_read),
        CASE(a_registered_country_counts_where_no_other_is_said),
        CASE(flat_layouts_are_read),
        CASE(values_of_a_wrong_type_are_left_unsaid),
        CASE(pointers_and_long_texts_are_followed),
        CASE(ipv4_in_an_ipv6_database_is_found_under_its_aliases),
        CASE(an_ipv4_database_says_nothing_of_ipv6),
        CASE(databases_are_merged_field_by_field_and_the_first_wins),
        CASE(a_country_code_with_one_bad_letter_is_left_unsaid),
        CASE(a_said_asn_that_no_rule_names_still_hides_a_later_one),
        CASE(an_asn_database_without_a_rule_is_checked_but_not_walked),
        CASE(the_most_specific_kind_of_rule_wins_and_then_the_first),
        CASE(classes_are_in_lexicographic_order_without_doubles),
        CASE(a_place_tells_its_source_and_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
