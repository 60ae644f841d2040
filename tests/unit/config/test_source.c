/* Files and their includes: bounded, and every line keeps its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "config/config.h"
#include "config/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZONES "zones = ( { name = \"a.b.\"; file = \"z\"; } );\n"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/config-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; (entry = readdir(dir));)
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    return rmdir(folder);
}

static char *path_of(const char *name)
{
    return mem_format("%s/%s", folder, name);
}

static void put_file(const char *name, const char *text)
{
    char *path = path_of(name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    free(path);
}

/* Loading the file must end with this one error, after the folder's name is taken out of it. */
static void refused(const char *name, const char *error)
{
    struct report report;
    char *path = path_of(name);
    report_init(&report);
    assert_null(config_load(path, &report));
    assert_int_equal(report.errors, 1);
    const struct finding *finding = report.findings;
    while (finding->severity != SEVERITY_ERROR)
        finding++;
    char *told = mem_text(finding->text);
    const size_t len = strlen(folder) + 1;
    for (char *at; (at = strstr(told, folder));)
        memmove(at, at + len, strlen(at + len) + 1);
    told[strnlen(told, strlen(error))] = '\0'; /* what follows may differ */
    assert_string_equal(told, error);
    free(told);
    free(path);
    report_release(&report);
}

static void a_file_that_is_not_there_is_told_with_the_reason(void **state)
{
    (void)state;
    refused("none", "cannot read none: No such file or directory");
}

static void a_folder_is_no_configuration(void **state)
{
    (void)state;
    refused("..", "cannot read ..: not a regular file");
}

static void a_pipe_that_nobody_writes_to_does_not_hold_the_reader(void **state)
{
    (void)state;
    char *path = path_of("pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    refused("pipe", "cannot read pipe: not a regular file");
    free(path);
}

static void a_file_above_64_mib_is_refused(void **state)
{
    (void)state;
    put_file("giant", ZONES);
    char *path = path_of("giant");
    assert_int_equal(truncate(path, SOURCE_MAX + 1), 0);
    refused("giant", "cannot read giant: more than 64 MiB with all that is included");
    free(path);
}

static void a_binary_file_is_refused(void **state)
{
    (void)state;
    put_file("binary", "\x7f"
                       "ELF");
    refused("binary", "binary:1: syntax error, here or just before");
    put_file("zero", ZONES);
    char *path = path_of("zero");
    assert_int_equal(truncate(path, 100), 0);
    refused("zero", "zero:2: a zero octet: this is not a text file");
    free(path);
}

static void includes_count_from_the_folder_of_the_main_file_and_keep_their_lines(void **state)
{
    (void)state;
    put_file("main", "# main\n@include \"zones.inc\"\n\nserver = {\n  @include \"server.inc\" workers = 2;\n  wrong = 1; };\n");
    put_file("zones.inc", ZONES);
    put_file("server.inc", "/* two\nlines */ id = \"x\";\nlisten = [ \"127.0.0.1:53\" ];");
    refused(
        "main",
        "main:6: server.wrong: unknown key, expected one of listen, workers, control, state, id, version, tcp, tls, cookies, rate_limit");
    put_file("server.inc", "\nidd = \"x\";");
    put_file("main", "# main\n@include \"zones.inc\"\n\nserver = {\n  @include \"server.inc\" workers = 2;\n };\n");
    refused("main", "server.inc:2: server.idd: unknown key, did you mean \"id\"?");
}

static void an_include_in_a_comment_or_a_text_is_none(void **state)
{
    (void)state;
    put_file("main", "# @include \"none\"\n/*\n@include \"none\"\n*/\n" ZONES "server = { id = \"\n@include none\"; };");
    refused("main", "main:6: server.id: \"?@include none\": control characters or not UTF-8, expected a text, 0 to 255 octets");
}

static void an_include_that_cannot_be_read_is_told_at_its_line(void **state)
{
    (void)state;
    put_file("main", ZONES "@include \"none\"\n");
    refused("main", "main:2: cannot read none: No such file or directory");
    put_file("main", ZONES "@include \".\"\n");
    refused("main", "main:2: cannot read .: not a regular file");
    put_file("main", ZONES "@include none\n");
    refused("main", "main:2: expected @include \"FILE\" at the start of a line");
    put_file("main", "server = { @include \"none\" };\n");
    refused("main", "main:1: expected @include \"FILE\" at the start of a line");
}

static void a_file_that_includes_itself_is_refused(void **state)
{
    (void)state;
    put_file("main", ZONES "@include \"main\"\n");
    /* The zones stand twice long before: those are told as well. */
    struct report report;
    char *path = path_of("main");
    report_init(&report);
    assert_null(config_load(path, &report));
    assert_int_equal(report.errors, INCLUDE_DEPTH_MAX + 1);
    assert_non_null(strstr(report.findings[report.count - 1].text, "main:2: more than 10 files include each other"));
    report_release(&report);
    free(path);
}

static void too_many_includes_are_refused(void **state)
{
    (void)state;
    char *text = mem_new(SOURCE_FILES_MAX, 24), *at = text;
    for (unsigned i = 0; i < SOURCE_FILES_MAX; i++)
        at += sprintf(at, "@include \"nothing\"\n");
    put_file("main", text);
    put_file("nothing", "");
    refused("main", "main:1000: more than 1000 files are included");
    free(text);
}

static void nesting_beyond_the_limit_is_refused_and_at_the_limit_is_not(void **state)
{
    (void)state;
    put_file("deep", ZONES "x = ((((((((((((((((()))))))))))))))));\n");
    refused("deep", "deep:2: more than 16 groups and lists inside each other");
    put_file("deep", ZONES "x = (((((((((((((((())))))))))))))));\n");
    refused("deep", "deep:2: x: unknown key, expected one of server, keys, zones, ");
}

static void too_many_keys_in_a_group_are_refused(void **state)
{
    (void)state;
    char *text = mem_new(GROUP_KEYS_MAX + 1, 12), *at = text;
    for (unsigned i = 0; i <= GROUP_KEYS_MAX; i++)
        at += sprintf(at, "k%u = 1;\n", i);
    put_file("many", text);
    refused("many", "many:4097: more than 4096 keys in one group");
    free(text);
}

static void a_place_in_an_include_is_found_again_after_it(void **state)
{
    (void)state;
    struct report report;
    struct source source;
    report_init(&report);
    put_file("inc", "b = 2;\nc = 3;");
    put_file("main", "a = 1;\n@include \"inc\"\nd = 4;\n");
    char *path = path_of("main");
    assert_true(source_read(path, &report, &source));
    assert_string_equal(source.text, "a = 1;\nb = 2;\nc = 3;\n\nd = 4;\n\n");
    static const struct {
        unsigned line;
        const char *file;
        unsigned file_line;
    } places[] = {{1, "main", 1}, {2, "inc", 1}, {3, "inc", 2}, {4, "main", 2}, {5, "main", 3}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char *place = source_place(&source, places[i].line),
             *expected = mem_format("%s/%s:%u", folder, places[i].file, places[i].file_line);
        assert_string_equal(place, expected);
        free(expected);
        free(place);
    }
    free(path);
    source_release(&source);
    report_release(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_is_not_there_is_told_with_the_reason),
        cmocka_unit_test(a_folder_is_no_configuration),
        cmocka_unit_test(a_pipe_that_nobody_writes_to_does_not_hold_the_reader),
        cmocka_unit_test(a_file_above_64_mib_is_refused),
        cmocka_unit_test(a_binary_file_is_refused),
        cmocka_unit_test(includes_count_from_the_folder_of_the_main_file_and_keep_their_lines),
        cmocka_unit_test(an_include_in_a_comment_or_a_text_is_none),
        cmocka_unit_test(an_include_that_cannot_be_read_is_told_at_its_line),
        cmocka_unit_test(a_file_that_includes_itself_is_refused),
        cmocka_unit_test(too_many_includes_are_refused),
        cmocka_unit_test(nesting_beyond_the_limit_is_refused_and_at_the_limit_is_not),
        cmocka_unit_test(too_many_keys_in_a_group_are_refused),
        cmocka_unit_test(a_place_in_an_include_is_found_again_after_it),
    };
    return cmocka_run_group_tests_name("config source", tests, make_folder, remove_folder);
}
