#include "fixture.h"

static void save_singapore(const char *path, const char *network)
{
    struct mmdb_writer *w = mmdb_new(4, 24);
    mmdb_insert(w, network, mmdb_city(w, "AS", "SG", 1.35, 103.8));
    mmdb_save(w, path);
}

static void start(struct fixture *f)
{
    struct mmdb_writer *w = mmdb_new(4, 24);
    mmdb_insert(w, "10.0.0.0/8", mmdb_city(w, "AS", "SG", 1.35, 103.8));
    add_database(f, w);
    set_nets(f, "192.0.2.0/24 51,0\n");
    compile(f);
}

static void unchanged_files_are_no_change(void **state)
{
    struct fixture *f = *state;
    start(f);
    for (unsigned i = 0; i < 3; i++)
        assert_false(geo_changed(f->geo));
}

static void a_change_is_told_once_when_the_file_has_been_quiet(void **state)
{
    struct fixture *f = *state;
    start(f);
    save_singapore(f->config->geo.databases[0], "10.0.0.0/10");
    assert_false(geo_changed(f->geo));
    save_singapore(f->config->geo.databases[0], "10.0.0.0/12"); /* still being written */
    assert_false(geo_changed(f->geo));
    assert_true(geo_changed(f->geo));
    assert_false(geo_changed(f->geo));
}

static void a_change_of_the_nets_is_told_too(void **state)
{
    struct fixture *f = *state;
    start(f);
    set_nets(f, "192.0.2.0/24 51,0\n198.51.100.0/24 1,103\n");
    assert_false(geo_changed(f->geo));
    assert_true(geo_changed(f->geo));
}

static void a_file_moved_into_place_is_a_change_and_a_missing_one_is_none(void **state)
{
    struct fixture *f = *state;
    start(f);
    char *path = f->config->geo.databases[0], *next = mem_format("%s/next", f->folder);
    unlink(path);
    assert_false(geo_changed(f->geo));
    assert_string_equal(geo_missing(f->geo), path);
    assert_false(geo_changed(f->geo));
    save_singapore(next, "10.0.0.0/8");
    assert_int_equal(rename(next, path), 0);
    assert_false(geo_changed(f->geo));
    assert_null(geo_missing(f->geo));
    assert_true(geo_changed(f->geo));
    free(next);
}

static void it_is_outdated_until_made_anew_also_when_the_change_was_told(void **state)
{
    struct fixture *f = *state;
    start(f);
    assert_false(geo_outdated(f->geo));
    set_nets(f, "nonsense\n");
    assert_true(geo_outdated(f->geo));
    assert_false(geo_changed(f->geo));
    assert_true(geo_changed(f->geo));
    assert_true(geo_outdated(f->geo));
    set_nets(f, "192.0.2.0/24 1,103\n");
    compile(f);
    assert_false(geo_outdated(f->geo));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(unchanged_files_are_no_change),
        CASE(a_change_is_told_once_when_the_file_has_been_quiet),
        CASE(a_change_of_the_nets_is_told_too),
        CASE(it_is_outdated_until_made_anew_also_when_the_change_was_told),
        CASE(a_file_moved_into_place_is_a_change_and_a_missing_one_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
