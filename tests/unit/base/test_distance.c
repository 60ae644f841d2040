#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/distance.h"

#include <math.h>

static void distances_are_those_of_the_great_circle(void **state)
{
    (void)state;
    assert_true(fabs(distance_km(51.5, -0.1, 52.4, 4.9) - 357) < 3);      /* London to Amsterdam */
    assert_true(fabs(distance_km(51.5, -0.1, 1.35, 103.8) - 10850) < 30); /* London to Singapore */
    assert_true(fabs(distance_km(0, 0, 0, 180) - 20015) < 1);             /* half around */
    assert_true(fabs(distance_km(-17, 179, -17, -179) - 212.7) < 1);      /* over the date line */
    assert_true(distance_km(90, 0, 90, 120) < 0.001);                     /* one pole, two names */
    assert_true(distance_km(10, 20, 10, 20) == 0);
}

static void a_bias_makes_a_site_seem_nearer_or_farther(void **state)
{
    (void)state;
    assert_true(distance_biased_km(1000, 0) == 1000);
    assert_true(fabs(distance_biased_km(1000, 25) - 750) < 1e-9);
    assert_true(fabs(distance_biased_km(1000, -50) - 2000) < 1e-9);
    assert_true(fabs(distance_biased_km(1000, 99) - 10) < 1e-9);
    assert_true(fabs(distance_biased_km(1000, -99) - 100000) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_those_of_the_great_circle),
        cmocka_unit_test(a_bias_makes_a_site_seem_nearer_or_farther),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
