/* The file of tokens: what is sound is found, everything else is told with its place and never repeated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "http/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" /* FIPS 180-2, B.1 */
#define ANY_HASH "0000000000000000000000000000000000000000000000000000000000000000"

static struct tokens *sound(const char *text)
{
    struct report report;
    report_init(&report);
    struct tokens *tokens = tokens_read("t", text, strlen(text), &report);
    if (!tokens)
        fail_msg("%s", report.findings[0].text);
    report_release(&report);
    return tokens;
}

static void a_token_is_found_by_its_hash_with_name_and_role(void **state)
{
    (void)state;
    struct tokens *tokens = sound("# tokens\n\n  ann operate " HASH_OF_ABC "\r\nbob\tview " ANY_HASH);
    const char *name = NULL;
    assert_int_equal(tokens_count(tokens), 2);
    assert_int_equal(tokens_find(tokens, "abc", 3, &name), ROLE_OPERATE);
    assert_string_equal(name, "ann");
    assert_string_equal(tokens_name(tokens, 1), "bob");
    assert_int_equal(tokens_role(tokens, 1), ROLE_VIEW);
    tokens_free(tokens);
}

static void a_wrong_token_is_nobodys(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "ab", "abcd", "ABC", HASH_OF_ABC};
    struct tokens *tokens = sound("ann operate " HASH_OF_ABC "\n");
    const char *name = "untouched";
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(tokens_find(tokens, wrong[i], strlen(wrong[i]), &name), ROLE_NONE);
    assert_int_equal(tokens_find(NULL, "abc", 3, &name), ROLE_NONE);
    assert_string_equal(name, "untouched");
    tokens_free(tokens);
}

static void what_is_wrong_is_told_with_its_line_and_without_the_hash(void **state)
{
    (void)state;
    static const struct {
        const char *text, *told;
    } cases[] = {
        {"ann operate\n", "t:1: something is missing, expected NAME ROLE HASH"},
        {"\nann view " ANY_HASH " more\n", "t:2: there is more than three words, expected NAME ROLE HASH"},
        {"a/b view " ANY_HASH "\n", "t:1: the name must be 1 to 63 letters, digits, \"-\", \"_\" and \".\""},
        {"ann admin " ANY_HASH "\n", "t:1: the role must be view or operate"},
        {"ann none " ANY_HASH "\n", "t:1: the role must be view or operate"},
        {"ann view sst_secret\n", "t:1: the hash must be the SHA-256 of the token, 64 small hexadecimal digits"},
        {"ann view BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD\n",
         "t:1: the hash must be the SHA-256 of the token, 64 small hexadecimal digits"},
        {"ann view " ANY_HASH "\nann operate " HASH_OF_ABC "\n", "t:2: the name \"ann\" stands twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct report report;
        report_init(&report);
        assert_null(tokens_read("t", cases[i].text, strlen(cases[i].text), &report));
        assert_string_equal(report.findings[0].text, cases[i].told);
        report_release(&report);
    }
}

static void octets_of_zero_are_told(void **state)
{
    (void)state;
    struct report report;
    report_init(&report);
    assert_null(tokens_read("t", "ann\0", 4, &report));
    assert_string_equal(report.findings[0].text, "t: not a text: it has NUL octets");
    report_release(&report);
}

static void more_tokens_than_there_may_be_are_told(void **state)
{
    (void)state;
    const size_t row = 12 + 2 + sizeof ANY_HASH + 8;
    char *text = mem_new(TOKENS_MAX + 2, row);
    size_t len = 0;
    for (size_t i = 0; i <= TOKENS_MAX; i++)
        len += (size_t)snprintf(text + len, row, "n%zu view " ANY_HASH "\n", i);
    struct report report;
    report_init(&report);
    assert_null(tokens_read("t", text, len, &report));
    assert_string_equal(report.findings[0].text, "t:1001: more than 1000 tokens");
    report_release(&report);
    free(text);
}

static void a_new_token_fits_its_hash_and_no_two_are_alike(void **state)
{
    (void)state;
    char first[TOKEN_TEXT], second[TOKEN_TEXT], hash[TOKEN_HASH_TEXT], other[TOKEN_HASH_TEXT];
    assert_true(token_make(first, hash) && token_make(second, other));
    assert_string_not_equal(first, second);
    assert_int_equal(strlen(first), TOKEN_TEXT - 1);
    char *line = mem_format("ann view %s\n", hash);
    struct tokens *tokens = sound(line);
    const char *name;
    assert_int_equal(tokens_find(tokens, first, strlen(first), &name), ROLE_VIEW);
    assert_int_equal(tokens_find(tokens, second, strlen(second), &name), ROLE_NONE);
    tokens_free(tokens);
    free(line);
}

static void told_of_file(const char *path, const char *expected)
{
    struct report report;
    report_init(&report);
    assert_null(tokens_load(path, &report));
    assert_non_null(strstr(report.findings[0].text, expected));
    report_release(&report);
}

static void a_file_that_cannot_be_trusted_is_not_read(void **state)
{
    (void)state;
    char path[] = "/tmp/tokens-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0666), 0);
    told_of_file(path, ": everybody may write to it");
    assert_int_equal(fchmod(fd, 0600), 0);
    assert_int_equal(ftruncate(fd, TOKENS_FILE_MAX + 1), 0);
    told_of_file(path, ": longer than 256 KiB");
    close(fd);
    unlink(path);
    told_of_file(path, ": No such file or directory");
    told_of_file("/dev/null", ": no ordinary file");
    told_of_file("/tmp", ": no ordinary file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_found_by_its_hash_with_name_and_role),
        cmocka_unit_test(a_wrong_token_is_nobodys),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line_and_without_the_hash),
        cmocka_unit_test(octets_of_zero_are_told),
        cmocka_unit_test(more_tokens_than_there_may_be_are_told),
        cmocka_unit_test(a_new_token_fits_its_hash_and_no_two_are_alike),
        cmocka_unit_test(a_file_that_cannot_be_trusted_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
