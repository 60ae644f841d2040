#include "fixture.h"

#include "base/distance.h"

/* The order of a net at this place must be that of the distances, worked out the slow way. */
static void check_order(struct fixture *f, double latitude, double longitude)
{
    char text[64];
    snprintf(text, sizeof text, "192.0.2.0/24 %.4f,%.4f\n", latitude, longitude);
    set_nets(f, text);
    compile(f);
    const uint8_t *order = class_order(geo_classes(f->geo), class_of(f, "192.0.2.1"));
    double before = 0;
    for (size_t i = 0; i < f->config->site_count; i++) {
        const struct site *site = &f->config->sites[order[i]];
        const double km = distance_biased_km(distance_km(latitude, longitude, site->latitude, site->longitude), site->bias);
        assert_true(km >= before - 1e-6);
        before = km;
    }
}

static void orders_follow_the_biased_distance(void **state)
{
    struct fixture *f = *state;
    srandom(1);
    for (unsigned round = 0; round < 300; round++) {
        for (size_t i = 0; i < SIX; i++)
            f->config->sites[i].bias = round % 3 ? (int)(random() % 199) - 99 : 0;
        check_order(f, (double)(random() % 1800000) / 1e4 - 90, (double)(random() % 3600000) / 1e4 - 180);
    }
}

static void orders_of_many_sites_follow_the_distance(void **state)
{
    struct fixture *f = *state;
    f->config->sites = realloc(f->config->sites, SITES_MAX * sizeof *f->config->sites);
    assert_non_null(f->config->sites);
    for (; f->config->site_count < SITES_MAX; f->config->site_count++) {
        struct site *site = &f->config->sites[f->config->site_count];
        *site = (struct site){.name = mem_format("s%zu", f->config->site_count), .region = mem_text("")};
        site->latitude = (double)(random() % 1800) / 10 - 90;
        site->longitude = (double)(random() % 3600) / 10 - 180;
    }
    for (unsigned round = 0; round < 200; round++)
        check_order(f, (double)(random() % 1800000) / 1e4 - 90, (double)(random() % 3600000) / 1e4 - 180);
}

static void sites_at_one_place_keep_the_order_of_the_file(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < SIX; i++)
        f->config->sites[i].latitude = f->config->sites[i].longitude = 10;
    set_nets(f, "192.0.2.0/24 50,50\n198.51.100.0/24 10,10\n");
    compile(f);
    assert_string_equal(order_of(f, "192.0.2.1"), "lbjfas");
    assert_string_equal(order_of(f, "198.51.100.1"), "lbjfas");
    assert_int_equal(geo_classes(f->geo)->count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(orders_follow_the_biased_distance, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(orders_of_many_sites_follow_the_distance, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(sites_at_one_place_keep_the_order_of_the_file, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
