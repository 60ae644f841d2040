/* Which NSEC or NSEC3 proves a missing name: held against ldns' order of names, and against looking at every one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dnssec/signer.h"
#include "snapshot/proofs.h"

#include <ldns/ldns.h>
#include <stdlib.h>

enum { NAMES = 60, ASKED = 4000 };

static uint64_t seed;

static unsigned draw(unsigned below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % below;
}

/* Up to four labels, of octets that are easily confused, below "z." */
static size_t random_name(uint8_t out[NAME_OCTETS])
{
    static const uint8_t octets[] = {0, '!', '*', '-', '.', 'a', 'b', 255};
    size_t len = 0;
    for (unsigned labels = draw(4); labels > 0; labels--) {
        const unsigned octet_count = 1 + draw(3);
        out[len++] = (uint8_t)octet_count;
        for (unsigned i = 0; i < octet_count; i++)
            out[len++] = octets[draw(sizeof octets)];
    }
    memcpy(out + len, "\1z", 3);
    return len + 3;
}

static int order(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    ldns_rdf *left = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, a_len, a), *right = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, b_len, b);
    const int result = ldns_dname_compare(left, right);
    ldns_rdf_deep_free(left);
    ldns_rdf_deep_free(right);
    return result;
}

struct known {
    uint8_t name[NAME_OCTETS], key[NAME_SORT_KEY];
    size_t len, key_len;
};

static int by_name(const void *a, const void *b)
{
    const struct known *left = a, *right = b;
    return order(left->name, left->len, right->name, right->len);
}

static int by_key(const void *a, const void *b)
{
    return memcmp(((const struct known *)a)->key, ((const struct known *)b)->key, PROOF_HASH_OCTETS);
}

/* Different names, by the order of their kind of proof. */
static size_t make(struct known known[NAMES], struct proof all[NAMES], bool nsec3)
{
    size_t count = 0;
    for (size_t i = 0; i < NAMES; i++) {
        struct known *k = &known[count];
        k->len = random_name(k->name);
        k->key_len = nsec3 ? PROOF_HASH_OCTETS : name_sort_key(k->name, k->key);
        if (nsec3)
            nsec3_hash(k->name, k->len, k->key);
        bool there = false;
        for (size_t j = 0; j < count; j++)
            there |= known[j].len == k->len && memcmp(known[j].name, k->name, k->len) == 0;
        count += !there;
    }
    qsort(known, count, sizeof *known, nsec3 ? by_key : by_name);
    for (size_t i = 0; i < count; i++)
        all[i] = (struct proof){.key = known[i].key, .key_len = (uint16_t)known[i].key_len};
    return count;
}

/* The last that is not after the name, the very last if none is. */
static size_t expected(const struct known *known, size_t count, const uint8_t *name, size_t len, bool nsec3)
{
    uint8_t hash[PROOF_HASH_OCTETS];
    nsec3_hash(name, len, hash);
    size_t found = count - 1;
    for (size_t i = 0; i < count; i++)
        if (nsec3 ? memcmp(known[i].key, hash, sizeof hash) <= 0 : order(known[i].name, known[i].len, name, len) <= 0)
            found = i;
    return found;
}

static void hold(bool nsec3)
{
    static struct known known[NAMES];
    struct proof all[NAMES];
    size_t matched = 0, wrapped = 0;
    for (seed = 1; seed < 20; seed++) {
        const uint64_t kept = seed;
        const size_t count = make(known, all, nsec3);
        const struct proofs proofs = {.kind = nsec3 ? DENIAL_NSEC3 : DENIAL_NSEC, .count = count, .all = all};
        for (unsigned i = 0; i < ASKED / 20; i++) {
            uint8_t name[NAME_OCTETS];
            const size_t len = random_name(name), at = expected(known, count, name, len, nsec3);
            const bool same = known[at].len == len && memcmp(known[at].name, name, len) == 0;
            assert_ptr_equal(proofs_cover(&proofs, name, len), &all[at]);
            assert_ptr_equal(proofs_match(&proofs, name, len), same ? &all[at] : NULL);
            matched += same;
            wrapped += at == count - 1 && !same;
        }
        seed = kept;
    }
    assert_true(matched > 50 && wrapped > 5);
}

static void nsecs_are_found_in_the_order_of_names(void **state)
{
    (void)state;
    hold(false);
}

static void nsec3s_are_found_in_the_order_of_hashes(void **state)
{
    (void)state;
    hold(true);
}

static void before_the_first_comes_the_last(void **state)
{
    (void)state;
    static const uint8_t keys[2][PROOF_HASH_OCTETS] = {{0xff, 0xff, 0xff, 0xff, 0xfe}, {0xff, 0xff, 0xff, 0xff, 0xff}};
    const struct proof all[2] = {{.key = keys[0], .key_len = PROOF_HASH_OCTETS}, {.key = keys[1], .key_len = PROOF_HASH_OCTETS}};
    struct proofs proofs = {.kind = DENIAL_NSEC3, .count = 2, .all = all};
    assert_ptr_equal(proofs_cover(&proofs, (const uint8_t *)"\1a", 3), &all[1]);
    assert_null(proofs_match(&proofs, (const uint8_t *)"\1a", 3));
    proofs.count = 1; /* a zone of one name: its record covers all others */
    assert_ptr_equal(proofs_cover(&proofs, (const uint8_t *)"\1a", 3), &all[0]);
}

static void the_next_closer_name_is_one_label_longer(void **state)
{
    (void)state;
    const uint8_t *name = (const uint8_t *)"\1a\2bb\3ccc\1z";
    assert_ptr_equal(proofs_next_closer(name, 12, 3), name + 5);
    assert_ptr_equal(proofs_next_closer(name, 12, 7), name + 2);
    assert_ptr_equal(proofs_next_closer(name, 12, 10), name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nsecs_are_found_in_the_order_of_names),
        cmocka_unit_test(nsec3s_are_found_in_the_order_of_hashes),
        cmocka_unit_test(before_the_first_comes_the_last),
        cmocka_unit_test(the_next_closer_name_is_one_label_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
