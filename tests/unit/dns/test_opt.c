#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns/message.h"

static void the_record_is_as_long_as_its_options_say(void **state)
{
    static const uint8_t want[] = {0, 0, 41, 4, 208, 1, 0, 128, 0, 0, 10, 0, 3, 0, 2, 'i', 'd', 0, 15, 0, 0};
    uint8_t out[64];
    struct opt opt = {.present = true};
    struct writer w = writer_over(out, sizeof out);
    (void)state;
    assert_int_equal(opt_len(&opt), OPT_LEN);
    opt_add(&opt, OPTION_NSID, (const uint8_t *)"id", 2);
    assert_int_equal(opt_len(&opt), OPT_LEN + 6);
    opt_add(&opt, OPTION_EDE, (const uint8_t *)"", 0);
    opt_write(&w, &opt, RCODE_BADVERS, UDP_CAP, true);
    assert_int_equal(writer_len(&w), sizeof want);
    assert_int_equal(opt_len(&opt), sizeof want);
    assert_memory_equal(out, want, sizeof want);
}

static void without_a_record_options_are_nothing(void **state)
{
    uint8_t out[64];
    struct opt opt = {.present = false};
    struct writer w = writer_over(out, sizeof out);
    (void)state;
    opt_add(&opt, OPTION_NSID, (const uint8_t *)"id", 2);
    opt_write(&w, &opt, RCODE_NOERROR, UDP_CAP, true);
    assert_int_equal(opt_len(&opt), 0);
    assert_int_equal(writer_len(&w), 0);
}

static void do_is_all_that_its_flags_can_be(void **state)
{
    uint8_t out[64];
    struct opt opt = {.present = true};
    struct writer w = writer_over(out, sizeof out);
    (void)state;
    opt_write(&w, &opt, RCODE_NXDOMAIN, UDP_CAP, false);
    assert_int_equal(get_u32(out + 5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_record_is_as_long_as_its_options_say),
        cmocka_unit_test(without_a_record_options_are_nothing),
        cmocka_unit_test(do_is_all_that_its_flags_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
