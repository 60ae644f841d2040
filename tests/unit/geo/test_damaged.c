#include "fixture.h"

/* libmaxminddb 1.7 loses the list it has begun when damaged metadata make it give up; nothing of ours is in it. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libmaxminddb";
}

/* A sound database of the usual kind; its octets, for a test to damage. */
static uint8_t *sound_file(struct fixture *f, size_t *ret_len)
{
    struct mmdb_writer *w = mmdb_new(6, 28);
    mmdb_insert(w, "10.0.0.0/8", mmdb_city(w, "AS", "SG", 1.35, 103.8));
    mmdb_insert(w, "2001:db8::/32", mmdb_city(w, "EU", "GB", 51.5, -0.1));
    mmdb_alias(w, "2002::/16");
    const char *path = add_database(f, w);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *octets = mem_new(1, 1 << 16);
    *ret_len = fread(octets, 1, 1 << 16, file);
    fclose(file);
    return octets;
}

static void a_missing_or_empty_file_is_an_error(void **state)
{
    struct fixture *f = *state;
    size_t len;
    free(sound_file(f, &len));
    write_file(f->config->geo.databases[0], "", 0);
    compile_fails(f, "0.mmdb: is not a sound mmdb database");
    unlink(f->config->geo.databases[0]);
    compile_fails(f, "0.mmdb: cannot be opened: No such file");
}

static void a_file_cut_off_anywhere_is_no_crash(void **state)
{
    struct fixture *f = *state;
    size_t len;
    uint8_t *octets = sound_file(f, &len);
    for (size_t cut = 0; cut < len; cut += 7) {
        write_file(f->config->geo.databases[0], octets, cut);
        geo_free(f->geo);
        f->geo = geo_compile(f->config, &f->report);
        assert_true(f->geo == NULL ? f->report.errors > 0 : f->report.errors == 0);
        report_release(&f->report);
    }
    free(octets);
}

static void a_wrong_octet_anywhere_is_no_crash(void **state)
{
    struct fixture *f = *state;
    size_t len;
    uint8_t *octets = sound_file(f, &len);
    for (size_t i = 0; i < len; i++) {
        const uint8_t was = octets[i];
        octets[i] = (uint8_t)(i % 3 == 0 ? 0xff : i % 3 == 1 ? was ^ 0x20 : 0);
        write_file(f->config->geo.databases[0], octets, len);
        octets[i] = was;
        geo_free(f->geo);
        f->geo = geo_compile(f->config, &f->report);
        assert_true(f->geo == NULL ? f->report.errors > 0 : f->report.errors == 0);
        report_release(&f->report);
    }
    free(octets);
}

static void a_tree_that_bites_its_tail_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(4, 24);
    mmdb_insert(w, "10.0.0.0/8", mmdb_city(w, "AS", "SG", 1.35, 103.8));
    mmdb_insert(w, "11.0.0.0/8", mmdb_city(w, "AS", "SG", 1.35, 103.8));
    mmdb_set(w, "10.0.0.0/9", 1);
    mmdb_set(w, "10.128.0.0/9", 2);
    mmdb_set(w, "128.0.0.0/1", 3);
    add_database(f, w);
    compile_fails(f, "0.mmdb: is damaged: the search tree is ");
}

static void a_cycle_without_an_end_is_not_walked_for_ever(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(6, 24);
    w->node_count = 3;
    w->child[0][0] = w->child[0][1] = 1;
    w->child[1][0] = w->child[1][1] = 2;
    w->child[2][0] = MMDB_DATA | mmdb_city(w, "AS", "SG", 1.35, 103.8);
    w->child[2][1] = 1;
    add_database(f, w);
    compile_fails(f, "0.mmdb: is damaged: the search tree is ");
}

static void an_alias_too_deep_for_the_bits_of_an_address_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(6, 24);
    mmdb_insert(w, "10.20.30.40/32", mmdb_city(w, "AS", "SG", 1.35, 103.8));
    mmdb_insert(w, "2001:db8::/120", mmdb_city(w, "AS", "SG", 1.35, 103.8));
    mmdb_alias(w, "2001:db8::1:100/120");
    add_database(f, w);
    compile_fails(f, "0.mmdb: is damaged: the search tree is deeper than an address is long");
}

static void a_child_outside_the_data_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(4, 24);
    mmdb_insert(w, "10.0.0.0/8", mmdb_city(w, "AS", "SG", 1.35, 103.8));
    mmdb_set(w, "11.0.0.0/8", MMDB_DATA | 0x7ffff);
    add_database(f, w);
    compile_fails(f, "0.mmdb: is damaged: ");
}

static void a_database_of_nothing_useful_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(4, 24);
    const uint32_t offset = mmdb_map(w, 1);
    mmdb_pair(w, "colour", "blue");
    mmdb_insert(w, "10.0.0.0/8", offset);
    add_database(f, w);
    compile_fails(f, "0.mmdb: no location, country or ASN in any record");
    add_rule(f, PREFER_ASN, "", 5, 1, (const uint8_t[]){LONDON});
    compile_fails(f, "0.mmdb: no location, country or ASN in any record");
}

static void a_record_nested_without_end_says_nothing(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(4, 24);
    const uint32_t deep = (uint32_t)w->data_len;
    for (unsigned i = 0; i < 5000; i++) {
        mmdb_map(w, 1);
        mmdb_string(w, "a");
    }
    mmdb_insert(w, "10.0.0.0/8", deep);
    const uint32_t wide = (uint32_t)w->data_len;
    mmdb_head(w, 7, 16000000);
    for (unsigned i = 0; i < 100000; i++)
        mmdb_string(w, "");
    mmdb_insert(w, "11.0.0.0/8", wide);
    const uint32_t loop = mmdb_map(w, 1);
    mmdb_string(w, "location");
    mmdb_pointer(w, loop);
    mmdb_insert(w, "12.0.0.0/8", loop);
    mmdb_insert(w, "13.0.0.0/8", mmdb_city(w, "AS", "SG", 1.35, 103.8));
    add_database(f, w);
    compile(f);
    assert_int_equal(class_of(f, "10.0.0.1"), geo_classes(f->geo)->unknown);
    assert_int_equal(class_of(f, "11.0.0.1"), geo_classes(f->geo)->unknown);
    assert_int_equal(class_of(f, "12.0.0.1"), geo_classes(f->geo)->unknown);
    assert_int_equal(*order_of(f, "13.0.0.1"), 's');
}

static void a_lookup_in_a_damaged_file_tells_the_reason(void **state)
{
    struct fixture *f = *state;
    struct mmdb_writer *w = mmdb_new(4, 24);
    mmdb_set(w, "10.0.0.0/8", MMDB_DATA | 0x7ffff);
    add_database(f, w);
    struct geo_place place;
    struct error err;
    const struct addr addr = addr_of("10.0.0.1");
    assert_false(geo_locate(f->config, &addr, &place, &err));
    assert_non_null(strstr(err.text, "0.mmdb: is damaged"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_missing_or_empty_file_is_an_error),
        CASE(a_file_cut_off_anywhere_is_no_crash),
        CASE(a_wrong_octet_anywhere_is_no_crash),
        CASE(a_tree_that_bites_its_tail_is_an_error),
        CASE(a_cycle_without_an_end_is_not_walked_for_ever),
        CASE(an_alias_too_deep_for_the_bits_of_an_address_is_an_error),
        CASE(a_child_outside_the_data_is_an_error),
        CASE(a_database_of_nothing_useful_is_an_error),
        CASE(a_record_nested_without_end_says_nothing),
        CASE(a_lookup_in_a_damaged_file_tells_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
