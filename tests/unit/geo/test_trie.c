#include "fixture.h"

#include "base/distance.h"

enum { NETWORKS = 1500, CLIENTS = 4000, MAPS = 6, SAMPLES = 12 };

static struct addr random_addr(enum family family)
{
    struct addr addr = {.family = (uint8_t)family};
    for (unsigned i = 0; i < addr_octets(family); i++)
        addr.bytes[i] = (uint8_t)random();
    return addr;
}

/* Random networks in random places, IPv4 and IPv6, near each other and ever smaller, so that they nest and split. */
static void fill_database(struct fixture *f)
{
    struct mmdb_writer *w = mmdb_new(6, 28);
    for (unsigned i = 0; i < NETWORKS; i++) {
        char text[PREFIX_TEXT];
        const bool wide = i % 3 == 0;
        struct prefix prefix = {.addr = random_addr(wide ? FAMILY_V6 : FAMILY_V4), .len = (uint8_t)(14 + i * 14 / NETWORKS)};
        prefix.addr.bytes[0] = wide ? 0x20 : 10;
        prefix.addr.bytes[1] &= 3;
        addr_mask(&prefix.addr, prefix.len);
        mmdb_insert(w, prefix_format(&prefix, text),
                    mmdb_city(w, NULL, NULL, (double)(random() % 1800) / 10 - 90, (double)(random() % 3600) / 10 - 180));
    }
    add_database(f, w);
    compile(f);
}

/* Runs as contiguous stretches of classes, cut at random. */
static uint32_t *random_runs(const struct fixture *f, unsigned cut_every)
{
    const uint32_t count = geo_classes(f->geo)->count;
    uint32_t *runs = mem_new(count, sizeof *runs), run = 0;
    for (uint32_t i = 1; i < count; i++) {
        run += cut_every && (unsigned)random() % cut_every == 0;
        runs[i] = run;
    }
    return runs;
}

static struct addr random_client(enum family family)
{
    struct addr addr = random_addr(family);
    if (random() % 8) {
        addr.bytes[0] = family == FAMILY_V6 ? 0x20 : 10;
        addr.bytes[1] &= 3;
    }
    return addr;
}

/* An address that shares the first depth bits, the others random. */
static struct addr neighbour(const struct addr *addr, unsigned depth)
{
    struct addr other = random_addr(addr->family), low = other;
    addr_mask(&low, depth);
    struct addr kept = *addr;
    addr_mask(&kept, depth);
    for (unsigned i = 0; i < sizeof other.bytes; i++)
        other.bytes[i] = (uint8_t)(kept.bytes[i] | (other.bytes[i] ^ low.bytes[i]));
    return other;
}

static bool subtree_has_other_run(const struct trie *trie, uint32_t at, const uint32_t *runs, uint32_t run)
{
    if (at & TRIE_LEAF)
        return runs[at & ~TRIE_LEAF] != run;
    return subtree_has_other_run(trie, trie->nodes[at].child[0], runs, run) ||
           subtree_has_other_run(trie, trie->nodes[at].child[1], runs, run);
}

static void check_client(const struct trie *trie, const struct addr *addr, const uint32_t *runs)
{
    const struct trie_match match = trie_walk(trie, addr, runs);
    assert_int_equal(match.run, runs[trie_class(trie, addr, NULL)]);
    for (unsigned i = 0; i < SAMPLES; i++) {
        const struct addr other = neighbour(addr, match.depth);
        const struct trie_match found = trie_walk(trie, &other, runs);
        assert_int_equal(found.run, match.run);
        assert_int_equal(found.depth, match.depth);
    }
    if (match.depth == 0)
        return;
    uint32_t at = addr->family == FAMILY_V4 ? trie->root_v4 : trie->root_v6; /* one bit less would not be certain */
    for (unsigned depth = 0; depth + 1 < match.depth; depth++)
        at = trie->nodes[at].child[addr_bit(addr, depth)];
    assert_true(subtree_has_other_run(trie, trie->nodes[at].child[!addr_bit(addr, match.depth - 1)], runs, match.run));
}

static void depths_are_sound_and_the_least(void **state)
{
    struct fixture *f = *state;
    static const unsigned cuts[MAPS] = {0, 1, 2, 5, 30, 200};
    srandom(5);
    fill_database(f);
    assert_true(geo_classes(f->geo)->count > 30);
    for (unsigned map = 0; map < MAPS; map++) {
        uint32_t *runs = random_runs(f, cuts[map]);
        for (unsigned i = 0; i < CLIENTS; i++) {
            const struct addr addr = random_client(i % 2 ? FAMILY_V4 : FAMILY_V6);
            check_client(geo_trie(f->geo), &addr, runs);
        }
        free(runs);
    }
}

static void without_the_top_a_walk_finds_the_same(void **state)
{
    struct fixture *f = *state;
    srandom(6);
    fill_database(f);
    struct trie plain = *geo_trie(f->geo);
    assert_non_null(plain.top);
    plain.top = NULL;
    for (unsigned map = 0; map < MAPS; map++) {
        uint32_t *runs = random_runs(f, 1 + map * 7);
        for (unsigned i = 0; i < CLIENTS; i++) {
            const struct addr addr = random_client(FAMILY_V4);
            const struct trie_match a = trie_walk(geo_trie(f->geo), &addr, runs), b = trie_walk(&plain, &addr, runs);
            assert_int_equal(a.run, b.run);
            assert_int_equal(a.depth, b.depth);
        }
        free(runs);
    }
}

static void equal_leaves_have_melted_and_children_stand_before_parents(void **state)
{
    struct fixture *f = *state;
    srandom(7);
    fill_database(f);
    const struct trie *trie = geo_trie(f->geo);
    for (uint32_t i = 0; i < trie->node_count; i++) {
        const struct trie_node *node = &trie->nodes[i];
        assert_true(node->child[0] != node->child[1] || !(node->child[0] & TRIE_LEAF));
        assert_true(node->low < node->high);
        assert_true(node->high < geo_classes(f->geo)->count);
        for (unsigned bit = 0; bit < 2; bit++)
            assert_true((node->child[bit] & TRIE_LEAF) || node->child[bit] < i);
    }
}

static void every_class_is_what_a_lookup_of_the_place_says(void **state)
{
    struct fixture *f = *state;
    srandom(8);
    fill_database(f);
    for (unsigned i = 0; i < 100; i++) {
        char text[ADDR_TEXT];
        const struct addr addr = random_client(i % 2 ? FAMILY_V4 : FAMILY_V6);
        const struct geo_place place = place_of(f, addr_format(&addr, text));
        const uint8_t *order = class_order(geo_classes(f->geo), class_of(f, text));
        double before = -1;
        for (size_t s = 0; s < SIX; s++) {
            const struct site *site = &f->config->sites[order[s]];
            const double far = place.known ? distance_km(place.latitude, place.longitude, site->latitude, site->longitude) : order[s];
            assert_true(far > before - 1e-6);
            before = far;
        }
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(depths_are_sound_and_the_least),
        CASE(without_the_top_a_walk_finds_the_same),
        CASE(equal_leaves_have_melted_and_children_stand_before_parents),
        CASE(every_class_is_what_a_lookup_of_the_place_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
