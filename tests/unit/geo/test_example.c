/* The data in geo/ are what the demo shows: they must mean what their comments say. */
#include "fixture.h"

static int example_setup(void **state)
{
    fixture_setup(state);
    struct fixture *f = *state;
    f->config->geo.databases = mem_new(1, sizeof(char *));
    f->config->geo.databases[0] = mem_text(TEST_SOURCE_DIR "/geo/example.mmdb");
    f->config->geo.database_count = 1;
    f->config->geo.nets = mem_text(TEST_SOURCE_DIR "/geo/nets.conf");
    compile(f);
    return 0;
}

static int example_teardown(void **state)
{
    struct fixture *f = *state;
    free(f->config->geo.databases[0]); /* not for the fixture to delete */
    f->config->geo.database_count = 0;
    free(f->config->geo.nets);
    f->config->geo.nets = NULL;
    return fixture_teardown(state);
}

static void each_documentation_prefix_goes_where_its_comment_says(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *addr;
        char first;
    } expected[] = {
        {"192.0.2.1", 'l'},      {"192.0.2.65", 'f'},     {"192.0.2.129", 'a'},      {"198.51.100.1", 'b'},     {"198.51.100.65", 'j'},
        {"198.51.100.129", 'b'}, {"198.51.100.193", 'b'}, {"203.0.113.1", 's'},      {"203.0.113.65", 's'},     {"203.0.113.129", 's'},
        {"203.0.113.193", 's'},  {"2001:db8::1", 'l'},    {"2001:db8:9000::1", 'j'}, {"2001:db8:a000::1", 's'}, {"2001:db8:b000::1", 'b'},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        if (*order_of(f, expected[i].addr) != expected[i].first)
            fail_msg("%s goes to %s", expected[i].addr, order_of(f, expected[i].addr));
    }
}

static void the_database_says_what_the_csv_says(void **state)
{
    struct fixture *f = *state;
    FILE *file = fopen(TEST_SOURCE_DIR "/geo/example.csv", "r");
    assert_non_null(file);
    unsigned lines = 0;
    for (char line[256]; fgets(line, sizeof line, file);) {
        char network[64], continent[3], country[3], text[ADDR_TEXT];
        double latitude = 0, longitude = 0;
        const int fields = sscanf(line, "%63[^,],%2[A-Z],%2[A-Z],%lf,%lf", network, continent, country, &latitude, &longitude);
        if (*line == '#' || fields < 3)
            continue;
        struct prefix prefix;
        assert_true(prefix_parse(network, &prefix));
        const struct geo_place place = place_of(f, addr_format(&prefix.addr, text));
        assert_string_equal(place.country, country);
        assert_string_equal(place.continent, continent);
        assert_true(place.known && (fields < 5 || (place.latitude == latitude && place.longitude == longitude)));
        assert_int_equal(place.network.len, prefix.len);
        lines++;
    }
    fclose(file);
    assert_int_equal(lines, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_documentation_prefix_goes_where_its_comment_says, example_setup, example_teardown),
        cmocka_unit_test_setup_teardown(the_database_says_what_the_csv_says, example_setup, example_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
