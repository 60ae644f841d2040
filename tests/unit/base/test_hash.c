#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"

/* These values must never change: every server of a group, of whatever release, must choose the same endpoint for a client. They were
 * computed by a second implementation, from the description alone. */
static void values_are_the_same_in_every_release(void **state)
{
    (void)state;
    uint8_t counting[64];
    for (unsigned i = 0; i < sizeof counting; i++)
        counting[i] = (uint8_t)i;
    assert_true(hash_bytes("", 0, 0) == 0);
    assert_true(hash_bytes("", 0, 1) == 0xb456bcfc34c2cb2cu);
    assert_true(hash_bytes("a", 1, 0) == 0xac46d99b73da7abau);
    assert_true(hash_bytes("london", 6, 0) == 0xca7cad4bb249a0eau);
    assert_true(hash_bytes("12345678", 8, 0) == 0xde519715e0b854deu);
    assert_true(hash_bytes("123456789", 9, 0) == 0xf253e86947298b4cu);
    assert_true(hash_bytes("lb1.lon.sip.example.com.", 24, 0x5eed) == 0x56d7017da5c539cfu);
    assert_true(hash_bytes(counting, sizeof counting, UINT64_MAX) == 0x431f6316b5f18267u);
    assert_true(hash_mix(0) == 0);
    assert_true(hash_mix(1) == 0xb456bcfc34c2cb2cu);
    assert_true(hash_mix(UINT64_MAX) == 0x64b5720b4b825f21u);
    assert_true(hash_mix(0x123456789abcdefu) == 0x87cbfbfe89022ceau);
}

static void the_alignment_of_the_octets_does_not_matter(void **state)
{
    (void)state;
    uint8_t room[40];
    for (unsigned shift = 0; shift < 8; shift++) {
        memcpy(room + shift, "lb1.lon.sip.example.com.", 24);
        assert_true(hash_bytes(room + shift, 24, 0x5eed) == 0x56d7017da5c539cfu);
    }
}

static void length_content_and_seed_all_count(void **state)
{
    (void)state;
    static const uint8_t zeroes[17];
    uint64_t seen[2 * 18];
    size_t count = 0;
    for (size_t len = 0; len <= sizeof zeroes; len++)
        for (uint64_t seed = 1; seed <= 2; seed++)
            seen[count++] = hash_bytes(zeroes, len, seed);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            assert_true(seen[i] != seen[k]);
    uint8_t text[17] = {0};
    for (size_t i = 0; i < sizeof text * 8; i++) {
        text[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_true(hash_bytes(text, sizeof text, 1) != hash_bytes(zeroes, sizeof zeroes, 1));
        text[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

/* 256 buckets and 65536 neighbouring /24 prefixes: no bucket gets half or double of its share. */
static void neighbouring_prefixes_spread_over_all_buckets(void **state)
{
    (void)state;
    unsigned buckets[256] = {0};
    for (unsigned i = 0; i < 65536; i++) {
        const uint8_t prefix[3] = {10, (uint8_t)(i >> 8), (uint8_t)i};
        buckets[hash_bytes(prefix, sizeof prefix, 0) >> 56]++;
    }
    for (unsigned i = 0; i < 256; i++)
        assert_in_range(buckets[i], 128, 512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_the_same_in_every_release),
        cmocka_unit_test(the_alignment_of_the_octets_does_not_matter),
        cmocka_unit_test(length_content_and_seed_all_count),
        cmocka_unit_test(neighbouring_prefixes_spread_over_all_buckets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
