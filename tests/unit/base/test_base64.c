#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base64.h"

#include <string.h>

static size_t decode(const char *text, size_t room)
{
    uint8_t out[64];
    return base64_decode(text, strlen(text), out, room);
}

/* RFC 4648 10. */
static void the_vectors_of_the_rfc_are_read(void **state)
{
    (void)state;
    static const char *const vectors[][2] = {{"f", "Zg=="},        {"fo", "Zm8="},        {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint8_t out[8];
        const size_t len = base64_decode(vectors[i][1], strlen(vectors[i][1]), out, sizeof out);
        assert_int_equal(len, strlen(vectors[i][0]));
        assert_memory_equal(out, vectors[i][0], len);
    }
}

static void every_letter_has_its_bits(void **state)
{
    (void)state;
    uint8_t out[48];
    static const char text[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    assert_int_equal(base64_decode(text, 64, out, sizeof out), 48);
    for (unsigned i = 0; i < 64; i++) {
        const unsigned at = i * 6, bits = (unsigned)out[at / 8] << 8 | (at / 8 + 1 < 48 ? out[at / 8 + 1] : 0);
        assert_int_equal(bits >> (10 - at % 8) & 63, i);
    }
}

static void what_is_no_base64_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", "Z", "Zg", "Zg=", "Zg==Zg==", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "====", "Z===", "Zm9-", "Zm9v="};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(decode(wrong[i], 64), 0);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    assert_int_equal(decode("Zm9v", 3), 3);
    assert_int_equal(decode("Zm9v", 2), 0);
    assert_int_equal(decode("Zm8=", 2), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_are_read),
        cmocka_unit_test(every_letter_has_its_bits),
        cmocka_unit_test(what_is_no_base64_is_refused),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
