/* Bands, and where the classes' clients are and how many. */
#include "base/distance.h"
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

static const struct class_place *place_of_class(const struct fixture *f, const char *text)
{
    return &geo_classes(f->geo)->places[class_of(f, text)];
}

static unsigned band_of(const struct fixture *f, const char *text)
{
    return class_band(geo_classes(f->geo), class_of(f, text));
}

static double share_of(const struct fixture *f, const char *text)
{
    return (double)place_of_class(f, text)->weight;
}

static double degrees_apart(const struct class_place *place, double latitude, double longitude)
{
    const double at_latitude = asin((double)place->z) * 180 / M_PI, at_longitude = atan2((double)place->y, (double)place->x) * 180 / M_PI;
    return distance_km(at_latitude, at_longitude, latitude, longitude) / 111.2;
}

static void keep_sites(struct fixture *f, size_t count)
{
    for (size_t i = count; i < f->config->site_count; i++) {
        free(f->config->sites[i].name);
        free(f->config->sites[i].region);
    }
    f->config->site_count = count;
}

static void bands_begin_where_they_say(void **state)
{
    (void)state;
    assert_int_equal(class_band_km(0), 0);
    for (unsigned band = 1; band < CLASS_BANDS; band++) {
        assert_true(class_band_km(band) > class_band_km(band - 1));
        assert_int_equal(class_band_of(class_band_km(band)), band);
        assert_int_equal(class_band_of(class_band_km(band) - 0.001), band - 1);
    }
    assert_int_equal(class_band_of(20000), CLASS_BANDS - 1);
    assert_int_equal(class_band_of(-1), 0);
}

static void two_sites_tell_clients_apart_by_how_much_farther_the_second_is(void **state)
{
    struct fixture *f = *state;
    keep_sites(f, 2);                        /* london, ashburn */
    set_nets(f, "10.0.0.0/16 51.5,-0.1\n"    /* at London: all of 5,900 km farther */
                "10.1.0.0/16 64.1,-21.9\n"   /* Reykjavik: some 2,700 km */
                "10.2.0.0/16 45.5,-40.0\n"   /* amid the Atlantic: a few km */
                "10.3.0.0/16 39.0,-77.5\n"); /* at Ashburn */
    compile(f);
    const struct classes *classes = geo_classes(f->geo);
    const char *const texts[] = {"10.0.0.1", "10.1.0.1", "10.2.0.1", "10.3.0.1"};
    static const double at[][2] = {{51.5, -0.1}, {64.1, -21.9}, {45.5, -40}, {39, -77.5}};
    for (size_t i = 0; i < 4; i++) {
        const double london = distance_km(at[i][0], at[i][1], 51.5, -0.1), ashburn = distance_km(at[i][0], at[i][1], 39, -77.5);
        assert_int_equal(band_of(f, texts[i]), class_band_of(fabs(london - ashburn)));
        assert_int_equal(*class_order(classes, class_of(f, texts[i])), london < ashburn ? LONDON : ASHBURN);
    }
    assert_int_equal(band_of(f, "10.0.0.1"), CLASS_BANDS - 1);
    assert_true(band_of(f, "10.1.0.1") > band_of(f, "10.2.0.1"));
    assert_true(class_of(f, "10.0.0.1") == class_of(f, "10.1.0.1") + 1); /* neighbours, the band last */
}

static void a_bias_counts_in_the_band(void **state)
{
    struct fixture *f = *state;
    keep_sites(f, 2);
    set_nets(f, "10.0.0.0/16 64.1,-21.9\n");
    f->config->sites[ASHBURN].bias = 40;
    compile(f);
    const double london = distance_km(64.1, -21.9, 51.5, -0.1), ashburn = distance_biased_km(distance_km(64.1, -21.9, 39, -77.5), 40);
    assert_int_equal(band_of(f, "10.0.0.1"), class_band_of(fabs(ashburn - london)));
}

static void the_operators_word_and_unknown_places_have_the_first_band(void **state)
{
    struct fixture *f = *state;
    keep_sites(f, 2);
    struct mmdb_writer *w = mmdb_new(4, 24);
    mmdb_insert(w, "10.0.0.0/16", mmdb_city(w, "EU", "IE", 53.3, -6.3));
    add_database(f, w);
    add_rule(f, PREFER_COUNTRY, "IE", 0, 1, (const uint8_t[]){LONDON});
    set_nets(f, "10.1.0.0/16 sites=ashburn\n");
    compile(f);
    assert_int_equal(band_of(f, "10.0.0.1"), 0);
    assert_int_equal(band_of(f, "10.1.0.1"), 0);
    assert_int_equal(band_of(f, "192.0.2.1"), 0);
    assert_int_equal(class_of(f, "192.0.2.1"), geo_classes(f->geo)->unknown);
}

static void a_class_knows_where_its_clients_are_and_what_share_they_have(void **state)
{
    struct fixture *f = *state;
    set_nets(f, "10.0.0.0/16 48.8,2.3\n"  /* Paris */
                "10.1.0.0/17 48.8,2.3\n"  /* the same class again */
                "10.2.0.0/17 1.3,103.8\n" /* Singapore */
                "10.3.0.0/16 sites=sanjose\n");
    compile(f);
    const double all = 65536 * 3;
    assert_float_equal(share_of(f, "10.0.0.1"), 65536 * 1.5 / all, 1e-6);
    assert_float_equal(share_of(f, "10.2.0.1"), 65536 * 0.5 / all, 1e-6);
    assert_float_equal(share_of(f, "10.3.0.1"), 65536 * 1.0 / all, 1e-6);
    assert_float_equal(share_of(f, "192.0.2.1"), 0, 0);
    assert_true(degrees_apart(place_of_class(f, "10.0.0.1"), 48.8, 2.3) < 0.01);
    assert_true(degrees_apart(place_of_class(f, "10.2.0.1"), 1.3, 103.8) < 0.01);
    const struct class_place *nowhere = place_of_class(f, "10.3.0.1");
    assert_true(nowhere->x == 0 && nowhere->y == 0 && nowhere->z == 0);
}

static void the_middle_is_weighted_by_addresses(void **state)
{
    struct fixture *f = *state;
    keep_sites(f, 1);
    set_nets(f, "10.0.0.0/16 0.0,10.0\n10.1.0.0/17 0.0,40.0\n");
    compile(f);
    assert_true(degrees_apart(place_of_class(f, "10.0.0.1"), 0, 19.9) < 1);
}

static void networks_of_ipv6_count_by_their_44s(void **state)
{
    struct fixture *f = *state;
    set_nets(f, "10.0.0.0/24 48.8,2.3\n2001:db8::/36 1.3,103.8\n");
    compile(f);
    assert_float_equal(share_of(f, "10.0.0.1"), 0.5, 1e-6);
    assert_float_equal(share_of(f, "2001:db8::1"), 0.5, 1e-6);
}

static void where_nothing_is_said_all_are_of_the_unknown_class(void **state)
{
    struct fixture *f = *state;
    compile(f);
    assert_int_equal(geo_classes(f->geo)->count, 1);
    assert_float_equal(share_of(f, "10.0.0.1"), 1, 0);
}

static void shares_add_up(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(4, 24);
    srandom(5);
    for (unsigned i = 0; i < 1000; i++) {
        char text[PREFIX_TEXT];
        snprintf(text, sizeof text, "10.%u.%u.0/24", i / 256, i % 256);
        mmdb_insert(w, text, mmdb_city(w, NULL, NULL, (double)(random() % 1800) / 10 - 90, (double)(random() % 3600) / 10 - 180));
    }
    add_database(f, w);
    compile(f);
    const struct classes *classes = geo_classes(f->geo);
    double sum = 0;
    for (uint32_t i = 0; i < classes->count; i++)
        sum += (double)classes->places[i].weight;
    assert_float_equal(sum, 1, 1e-4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bands_begin_where_they_say, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(two_sites_tell_clients_apart_by_how_much_farther_the_second_is, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_bias_counts_in_the_band, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_operators_word_and_unknown_places_have_the_first_band, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_class_knows_where_its_clients_are_and_what_share_they_have, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_middle_is_weighted_by_addresses, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(networks_of_ipv6_count_by_their_44s, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(where_nothing_is_said_all_are_of_the_unknown_class, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(shares_add_up, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
