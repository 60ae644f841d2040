#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/distance.h"
#include "geo/countries.h"
#include "geo/geo.h"

#include <ctype.h>
#include <string.h>

static void all_countries_are_there_once_and_in_order(void **state)
{
    (void)state;
    size_t count;
    const struct country *table = country_table(&count);
    assert_int_equal(count, 250); /* 249 and XK */
    for (size_t i = 0; i < count; i++) {
        assert_true(isupper(table[i].code[0]) && isupper(table[i].code[1]) && table[i].code[2] == '\0');
        assert_true(i == 0 || strcmp(table[i - 1].code, table[i].code) < 0);
        assert_ptr_equal(country_find(table[i].code), &table[i]);
    }
}

static void every_centre_is_a_place_on_a_continent(void **state)
{
    (void)state;
    size_t count;
    const struct country *table = country_table(&count);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(strstr("AF AN AS EU NA OC SA", table[i].continent));
        assert_true(table[i].latitude >= -90 && table[i].latitude <= 90);
        assert_true(table[i].longitude >= -180 && table[i].longitude <= 180);
    }
}

/* A slip in a sign or digit would put a centre off its continent: no centre is farther from its continent's middle than this. */
static void every_centre_is_near_its_continent(void **state)
{
    (void)state;
    static const struct {
        const char *continent;
        double latitude, longitude, km;
    } middles[] = {{"AF", 0, 20, 5300},   {"AN", -90, 0, 4600},   {"AS", 30, 90, 6500},  {"EU", 54, 20, 5600},
                   {"NA", 40, -90, 5000}, {"OC", -15, 165, 7100}, {"SA", -20, -60, 4000}};
    size_t count;
    const struct country *table = country_table(&count);
    for (size_t i = 0; i < count; i++) {
        for (size_t m = 0; m < sizeof middles / sizeof *middles; m++) {
            if (strcmp(middles[m].continent, table[i].continent) != 0)
                continue;
            const double km = distance_km(middles[m].latitude, middles[m].longitude, (double)table[i].latitude, (double)table[i].longitude);
            if (km > middles[m].km)
                fail_msg("%s is %.0f km from the middle of %s", table[i].code, km, table[i].continent);
        }
    }
}

static void codes_that_are_none_are_not_found(void **state)
{
    (void)state;
    assert_null(country_find(""));
    assert_null(country_find("ZZ"));
    assert_null(country_find("gb"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_countries_are_there_once_and_in_order),
        cmocka_unit_test(every_centre_is_a_place_on_a_continent),
        cmocka_unit_test(every_centre_is_near_its_continent),
        cmocka_unit_test(codes_that_are_none_are_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
