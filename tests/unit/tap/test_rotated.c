/* Files that are moved aside when they are full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tap/rotated.h"

#include "base/memory.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], *path;
static struct error err;

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/rotated.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    path = mem_format("%s/f", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[80];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    free(path);
    return system(command);
}

/* Whether FILE.number (0: FILE) holds this; NULL: there is none. */
static void expect(unsigned number, const char *content)
{
    char *name = number ? mem_format("%s.%u", path, number) : mem_text(path), text[64] = "";
    FILE *file = fopen(name, "r");
    assert_int_equal(file != NULL, content != NULL);
    if (file) {
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        assert_string_equal(text, content);
        fclose(file);
    }
    free(name);
}

static const struct rotation two = {.max_mib = 1, .keep = 2};

static void a_file_goes_on_where_it_ended(void **state)
{
    (void)state;
    struct rotated file;
    for (int i = 0; i < 2; i++) {
        assert_true(rotated_open(&file, path, &two, false, &err));
        assert_true(rotated_write(&file, "ab", 2, &err));
        rotated_close(&file);
    }
    expect(0, "abab");
    expect(1, NULL);
}

static void one_that_begins_anew_keeps_what_was_there(void **state)
{
    (void)state;
    struct rotated file;
    for (int i = 0; i < 4; i++) {
        char content[2] = {(char)('a' + i), 0};
        assert_true(rotated_open(&file, path, &two, true, &err));
        assert_true(rotated_write(&file, content, 1, &err));
        rotated_close(&file);
    }
    expect(0, "d");
    expect(1, "c");
    expect(2, "b");
    expect(3, NULL);
}

static void a_full_one_is_moved_aside(void **state)
{
    (void)state;
    struct rotated file;
    char *much = mem_new(1 << 20, 1);
    assert_true(rotated_open(&file, path, &two, false, &err));
    assert_true(rotated_write(&file, much, (1 << 20) - 1, &err));
    assert_false(rotated_is_full(&file));
    assert_true(rotated_write(&file, "x", 1, &err));
    assert_true(rotated_is_full(&file));
    assert_true(rotated_turn(&file, &err));
    assert_false(rotated_is_full(&file));
    assert_true(rotated_write(&file, "new", 3, &err));
    rotated_close(&file);
    expect(0, "new");
    free(much);
}

static void one_that_others_have_moved_is_noticed(void **state)
{
    (void)state;
    struct rotated file;
    char *other = mem_format("%s.moved", path);
    assert_true(rotated_open(&file, path, &two, false, &err));
    assert_false(rotated_is_gone(&file));
    assert_int_equal(rename(path, other), 0);
    assert_true(rotated_is_gone(&file));
    rotated_close(&file);
    free(other);
}

static void a_full_disk_leaves_no_piece_behind(void **state)
{
    (void)state;
    struct rotated file;
    struct rlimit before, small = {.rlim_cur = 6};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_true(rotated_open(&file, path, &two, false, &err));
    assert_true(rotated_write(&file, "abcd", 4, &err));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const bool written = rotated_write(&file, "efgh", 4, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(written);
    assert_non_null(strstr(err.text, "cannot write"));
    expect(0, "abcd");
    assert_true(rotated_write(&file, "efgh", 4, &err));
    rotated_close(&file);
    expect(0, "abcdefgh");
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    struct rotated file;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(rotated_open(&file, path, &two, false, &err));
    assert_false(rotated_open(&file, "/dev/full", &two, false, &err));
    assert_string_equal(err.text, "/dev/full is no ordinary file");
    assert_false(rotated_open(&file, "/nowhere/f", &two, false, &err));
    assert_string_equal(err.text, "cannot open /nowhere/f: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_goes_on_where_it_ended, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(one_that_begins_anew_keeps_what_was_there, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_full_one_is_moved_aside, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(one_that_others_have_moved_is_noticed, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_full_disk_leaves_no_piece_behind, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_refused, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
