#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "control/audit_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct audit_file file;

static char *path_of(const char *name)
{
    return mem_format("%s/%s", folder, name);
}

static void set(uint64_t most, unsigned keep)
{
    char *path = path_of("audit.jsonl");
    audit_file_set(&file, path, most, keep);
    free(path);
}

static int begin(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sipsteer-audit-XXXXXX");
    audit_file_init(&file);
    return mkdtemp(folder) == NULL;
}

static int end(void **state)
{
    (void)state;
    audit_file_release(&file);
    char *command = mem_format("rm -r %s", folder);
    const int code = system(command);
    free(command);
    return code;
}

static void add(const char *lines)
{
    struct error err = {.text = ""};
    if (!audit_file_add(&file, lines, strlen(lines), &err))
        fail_msg("%s", err.text);
}

/* What the file holds; "-": there is none. */
static const char *content(const char *name)
{
    static char text[4096];
    char *path = path_of(name);
    FILE *from = fopen(path, "r");
    free(path);
    if (!from)
        return "-";
    text[fread(text, 1, sizeof text - 1, from)] = '\0';
    fclose(from);
    return text;
}

static void put(const char *name, const char *text)
{
    char *path = path_of(name);
    FILE *to = fopen(path, "w");
    free(path);
    assert_non_null(to);
    fputs(text, to);
    fclose(to);
}

static void lines_are_added_whoever_has_opened_the_file_before(void **state)
{
    (void)state;
    set(1000, 2);
    add("one\n");
    add("two\nthree\n");
    audit_file_release(&file);
    set(1000, 2);
    add("four\n");
    assert_string_equal(content("audit.jsonl"), "one\ntwo\nthree\nfour\n");
}

static void the_mode_is_0640_whatever_the_umask(void **state)
{
    (void)state;
    struct stat of;
    char *path = path_of("audit.jsonl");
    const mode_t mask = umask(0077);
    set(1000, 2);
    add("one\n");
    umask(mask);
    assert_int_equal(stat(path, &of), 0);
    assert_int_equal(of.st_mode & 07777, 0640);
    free(path);
}

static void a_full_file_is_renamed_and_only_so_many_are_kept(void **state)
{
    (void)state;
    set(8, 2);
    add("one one\n");
    add("two\n");
    add("six\n");
    assert_string_equal(content("audit.jsonl"), "two\nsix\n");
    assert_string_equal(content("audit.jsonl.1"), "one one\n");
    add("ten\n");
    assert_string_equal(content("audit.jsonl"), "ten\n");
    assert_string_equal(content("audit.jsonl.1"), "two\nsix\n");
    assert_string_equal(content("audit.jsonl.2"), "one one\n");
    add("eleven\n");
    assert_string_equal(content("audit.jsonl.2"), "two\nsix\n");
    assert_string_equal(content("audit.jsonl.3"), "-");
}

static void a_line_larger_than_a_file_gets_one_of_its_own(void **state)
{
    (void)state;
    set(8, 3);
    add("a line of more than eight\n");
    add("b\n");
    assert_string_equal(content("audit.jsonl"), "b\n");
    assert_string_equal(content("audit.jsonl.1"), "a line of more than eight\n");
}

static void a_torn_line_is_ended_first(void **state)
{
    (void)state;
    put("audit.jsonl", "one\ntw");
    set(1000, 2);
    add("three\n");
    assert_string_equal(content("audit.jsonl"), "one\ntw\nthree\n");
}

static void a_file_that_was_moved_away_is_made_anew(void **state)
{
    (void)state;
    set(1000, 2);
    add("one\n");
    char *from = path_of("audit.jsonl"), *to = path_of("elsewhere");
    assert_int_equal(rename(from, to), 0);
    free(from);
    free(to);
    add("two\n");
    assert_string_equal(content("audit.jsonl"), "two\n");
    assert_string_equal(content("elsewhere"), "one\n");
}

static void missing_folders_are_made(void **state)
{
    (void)state;
    char *path = path_of("a/b/audit.jsonl");
    audit_file_set(&file, path, 1000, 2);
    free(path);
    add("one\n");
    assert_string_equal(content("a/b/audit.jsonl"), "one\n");
}

static void what_is_no_file_is_refused_without_waiting(void **state)
{
    (void)state;
    struct error err;
    char *path = path_of("audit.jsonl");
    assert_int_equal(mkfifo(path, 0600), 0);
    set(1000, 2);
    assert_false(audit_file_add(&file, "one\n", 4, &err));
    assert_non_null(strstr(err.text, "is no file"));
    unlink(path);
    add("two\n");
    assert_string_equal(content("audit.jsonl"), "two\n");
    free(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_are_added_whoever_has_opened_the_file_before),
        TEST(the_mode_is_0640_whatever_the_umask),
        TEST(a_full_file_is_renamed_and_only_so_many_are_kept),
        TEST(a_line_larger_than_a_file_gets_one_of_its_own),
        TEST(a_torn_line_is_ended_first),
        TEST(a_file_that_was_moved_away_is_made_anew),
        TEST(missing_folders_are_made),
        TEST(what_is_no_file_is_refused_without_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
