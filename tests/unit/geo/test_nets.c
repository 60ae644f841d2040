#include "fixture.h"

static void each_form_places_its_network(void **state)
{
    struct fixture *f = *state;
    set_nets(f, "# ours\n"
                "192.0.2.0/24 51.5,-0.1   # London\n"
                "\t198.51.100.0/24\tcountry=sg\r\n"
                "2001:db8:1::/48 sites=sanjose,ashburn\n"
                "203.0.113.7 37.3,-121.9");
    compile(f);
    assert_string_equal(order_of(f, "192.0.2.200"), "lafbjs");
    assert_int_equal(*order_of(f, "198.51.100.1"), 's');
    assert_string_equal(order_of(f, "2001:db8:1::1"), "jblfas");
    assert_int_equal(*order_of(f, "203.0.113.7"), 'j');
    assert_string_equal(order_of(f, "203.0.113.8"), "lbjfas");
    assert_int_equal(class_of(f, "203.0.113.8"), geo_classes(f->geo)->unknown);
}

static void the_most_specific_net_wins_in_any_order_of_lines(void **state)
{
    struct fixture *f = *state;
    set_nets(f, "192.0.2.64/26 sites=singapore\n192.0.0.0/8 sites=london\n192.0.2.0/24 sites=frankfurt\n0.0.0.0/0 sites=ashburn\n");
    compile(f);
    assert_int_equal(*order_of(f, "192.0.2.100"), 's');
    assert_int_equal(*order_of(f, "192.0.2.200"), 'f');
    assert_int_equal(*order_of(f, "192.200.0.1"), 'l');
    assert_int_equal(*order_of(f, "8.8.8.8"), 'b');
    assert_int_equal(class_of(f, "::1"), geo_classes(f->geo)->unknown);
}

static void a_net_replaces_the_word_of_the_databases(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(4, 24);
    mmdb_insert(w, "192.0.0.0/8", mmdb_city(w, "EU", "GB", 51.5, -0.1));
    add_database(f, w);
    add_rule(f, PREFER_COUNTRY, "GB", 0, 1, (const uint8_t[]){SANJOSE});
    set_nets(f, "192.0.2.0/24 1.3,103.8\n192.0.3.0/24 country=GB\n192.0.4.0/24 sites=frankfurt\n");
    compile(f);
    assert_string_equal(order_of(f, "192.0.9.1"), "jlafbs");
    assert_int_equal(*order_of(f, "192.0.2.1"), 's');        /* GB's rule does not reach it */
    assert_string_equal(order_of(f, "192.0.3.1"), "jlafbs"); /* here it does */
    assert_string_equal(order_of(f, "192.0.4.1"), "flabjs"); /* the rest by distance from London */
}

static void the_rules_of_a_country_net_are_also_its_continents(void **state)
{
    struct fixture *f = *state;
    add_rule(f, PREFER_CONTINENT, "AS", 0, 1, (const uint8_t[]){LONDON});
    set_nets(f, "192.0.2.0/24 country=JP\n");
    compile(f);
    assert_string_equal(order_of(f, "192.0.2.1"), "lsjafb");
}

static void everything_wrong_is_told_with_its_line(void **state)
{
    struct fixture *f = *state;
    set_nets(f, "192.0.2.0/24 sites=londn\n"
                "192.0.2.1/24 51,0\n"
                "192.0.2.0/33 51,0\n"
                "nonsense 51,0\n"
                "198.51.100.0/24 91,0\n"
                "198.51.101.0/24 51\n"
                "198.51.102.0/24 country=ZZ\n"
                "198.51.103.0/24\n"
                "198.51.104.0/24 51,0 52,0\n"
                "198.51.105.0/24 51,0\n"
                "198.51.105.0/24 52,0\n"
                "198.51.106.0/24 sites=london,london\n"
                "198.51.107.0/24 sites=\n"
                "198.51.108.0/24 51.5, -0.1\n"
                "::ffff:192.0.2.0/120 51,0\n"
                "198.51.109.0/24 nan,0\n"
                "198.51.110.0/24 sites=quito\n");
    static const char *const texts[] = {
        "nets.conf:1: \"londn\": there is no site of this name; did you mean \"london\"?",
        "nets.conf:2: \"192.0.2.1/24\": has bits set beyond the prefix length",
        "nets.conf:3: \"192.0.2.0/33\": is no prefix",
        "nets.conf:4: \"nonsense\": is no prefix",
        "nets.conf:5: \"91,0\": expected a location",
        "nets.conf:6: \"51\": expected a location",
        "nets.conf:7: \"ZZ\": is no ISO 3166 country code",
        "nets.conf:8: \"198.51.103.0/24\": expected a location",
        "nets.conf:9: \"52,0\": expected nothing more",
        "nets.conf:11: \"198.51.105.0/24\": this prefix stands already on line 10",
        "nets.conf:12: \"london\": the site is named twice",
        "nets.conf:13: \"\": there is no site of this name",
        "nets.conf:14: \"51.5,\": expected a location",
        "nets.conf:15: \"::ffff:192.0.2.0/120\": never matches",
        "nets.conf:16: \"nan,0\": expected a location",
        "nets.conf:17: \"quito\": there is no site of this name",
    };
    compile_fails(f, texts[0]);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_told(f, texts[i]);
    assert_int_equal(f->report.errors, sizeof texts / sizeof *texts + 1); /* line 14 has two */
}

static void a_file_that_is_missing_or_no_text_is_an_error(void **state)
{
    struct fixture *f = *state;
    f->config->geo.nets = mem_format("%s/nets.conf", f->folder);
    compile_fails(f, "nets.conf: cannot be opened: No such file");
    write_file(f->config->geo.nets, "192.0.2.0/24 51,0\n\0junk", 23);
    compile_fails(f, "is no text file");
    char *path = f->config->geo.nets;
    f->config->geo.nets = f->folder;
    compile_fails(f, "is not a regular file");
    f->config->geo.nets = path;
}

static void an_empty_file_says_nothing(void **state)
{
    struct fixture *f = *state;
    set_nets(f, "");
    compile(f);
    assert_int_equal(geo_trie(f->geo)->node_count, 0);
    assert_int_equal(geo_classes(f->geo)->count, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_form_places_its_network),
        CASE(the_most_specific_net_wins_in_any_order_of_lines),
        CASE(a_net_replaces_the_word_of_the_databases),
        CASE(the_rules_of_a_country_net_are_also_its_continents),
        CASE(everything_wrong_is_told_with_its_line),
        CASE(a_file_that_is_missing_or_no_text_is_an_error),
        CASE(an_empty_file_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
