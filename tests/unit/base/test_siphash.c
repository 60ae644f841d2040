#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/siphash.h"

/* The authors' reference vectors: the key 00 01 .. 0f, and the first n octets of 00 01 02 ... */
static void the_reference_vectors_come_out(void **state)
{
    static const struct {
        size_t len;
        uint64_t hash;
    } vectors[] = {{0, 0x726fdb47dd0e0e31},  {1, 0x74f839c593dc67fd}, {2, 0x0d6c8009d9a94f5a},  {3, 0x85676696d7fb7e2d},
                   {7, 0xab0200f58b01d137},  {8, 0x93f5f5799a932462}, {15, 0xa129ca6149be45e5}, {16, 0x3f2acc7f57c29bdb},
                   {20, 0xbed65cf21aa2ee98}, {63, 0x958a324ceb064572}};
    struct siphash_key key;
    uint8_t data[64];
    (void)state;
    for (uint8_t i = 0; i < sizeof data; i++)
        data[i] = i;
    for (uint8_t i = 0; i < SIPHASH_KEY; i++)
        key.octets[i] = i;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        if (siphash(&key, data, vectors[i].len) != vectors[i].hash)
            fail_msg("%zu octets: %016llx", vectors[i].len, (unsigned long long)siphash(&key, data, vectors[i].len));
}

static void another_key_gives_another_hash(void **state)
{
    struct siphash_key a = {{0}}, b = {{[15] = 1}};
    (void)state;
    assert_true(siphash(&a, "same", 4) != siphash(&b, "same", 4));
    assert_true(siphash(&a, "same", 4) != siphash(&a, "same", 5)); /* the length counts, also where only a zero is more */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_vectors_come_out),
        cmocka_unit_test(another_key_gives_another_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
