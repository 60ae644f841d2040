#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/state.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ONE "000102030405060708090a0b0c0d0e0f"
#define TWO "ABCDEFabcdef00000000000000000002"
#define THREE "00000000000000000000000000000003"

static char folder[64], path[128];
static struct report report;
static struct siphash_keys keys;

static int begin(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sipsteer-unit-XXXXXX");
    report_init(&report);
    return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; (entry = readdir(dir));)
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    report_release(&report);
    return rmdir(folder);
}

static const char *file_of(const char *name, const char *text, mode_t mode)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static void up_to_three_secrets_are_read_in_order(void **state)
{
    (void)state;
    assert_true(secrets_read(file_of("s", "# of ns1 and ns2\n\n" ONE "\n  " TWO " # until May\r\n" THREE, 0600), &report, &keys));
    assert_int_equal(report.count, 0);
    assert_int_equal(keys.count, 3);
    assert_int_equal(keys.keys[0].octets[15], 15);
    assert_int_equal(keys.keys[1].octets[0], 0xab);
    assert_int_equal(keys.keys[2].octets[15], 3);
}

static void a_file_that_others_may_read_is_warned_about(void **state)
{
    (void)state;
    assert_true(secrets_read(file_of("s", ONE "\n", 0644), &report, &keys));
    assert_int_equal(report.count, 1);
    assert_int_equal(report.errors, 0);
    assert_non_null(strstr(report.findings[0].text, "can read the cookie secrets (mode 644)"));
}

static void each_mistake_is_told_with_its_line_and_never_shows_a_secret(void **state)
{
    static const struct {
        const char *text, *finding;
    } mistakes[] = {
        {"", "no secret, expected 1 to 3"},
        {"# nothing\n\n", "no secret, expected 1 to 3"},
        {ONE "\n" ONE "0\n", "line 2: expected a secret of 32 hexadecimal digits"},
        {"00102030405060708090a0b0c0d0e0f\n", "line 1: expected a secret of 32 hexadecimal digits"},
        {"g00102030405060708090a0b0c0d0e0f\n", "line 1: expected a secret of 32 hexadecimal digits"},
        {ONE " " TWO "\n", "line 1: expected a secret of 32 hexadecimal digits"},
        {ONE "\n" TWO "\n" THREE "\n00000000000000000000000000000004\n", "line 4: more than 3 secrets"},
        {ONE "\n" TWO "\n" ONE "\n", "line 3: this secret stands twice"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct report found;
        report_init(&found);
        assert_false(secrets_read(file_of("s", mistakes[i].text, 0600), &found, &keys));
        assert_int_equal(found.count, 1);
        assert_non_null(strstr(found.findings[0].text, mistakes[i].finding));
        assert_null(strstr(found.findings[0].text, "0102030405"));
        report_release(&found);
    }
}

static void what_is_no_file_is_told(void **state)
{
    (void)state;
    assert_false(secrets_read("/nowhere/secrets", &report, &keys));
    assert_false(secrets_read(folder, &report, &keys));
    assert_false(secrets_read("/dev/zero", &report, &keys));
    assert_int_equal(report.errors, 3);
}

static void own_secrets_are_rolled_after_a_day_and_the_one_before_is_kept(void **state)
{
    struct own_secrets own = {0};
    (void)state;
    assert_true(own_secrets_due(&own, 1000));
    own_secrets_renew(&own, 1000);
    assert_int_equal(own.keys.count, 1);
    const struct siphash_key first = own.keys.keys[0];
    assert_false(own_secrets_due(&own, 1000 + SECRETS_ROLL_S - 1));
    assert_true(own_secrets_due(&own, 1000 + SECRETS_ROLL_S));
    own_secrets_renew(&own, 1000 + SECRETS_ROLL_S);
    assert_int_equal(own.keys.count, 2);
    assert_memory_equal(&own.keys.keys[1], &first, sizeof first);
    assert_memory_not_equal(&own.keys.keys[0], &first, sizeof first);
    own_secrets_renew(&own, 1000 + 2 * SECRETS_ROLL_S);
    assert_int_equal(own.keys.count, 2);
    assert_memory_not_equal(&own.keys.keys[1], &first, sizeof first);
    own_secrets_mind_clock(&own, 500); /* the clock was set back: kept, and not for longer than a day */
    assert_false(own_secrets_due(&own, 500));
    assert_true(own_secrets_due(&own, 500 + SECRETS_ROLL_S));
}

static void own_secrets_survive_in_a_file_for_the_owner_alone(void **state)
{
    struct own_secrets own = {0}, back;
    struct error err;
    struct stat of;
    (void)state;
    own_secrets_renew(&own, 1);
    own_secrets_renew(&own, 1700000000);
    char *text = state_secrets_text(&own);
    assert_true(state_write(folder, STATE_SECRETS, text, &err));
    free(text);
    snprintf(path, sizeof path, "%s/cookie-secrets.json", folder);
    assert_int_equal(stat(path, &of), 0);
    assert_int_equal(of.st_mode & 0777, 0600);
    state_read_secrets(folder, true, &report, &back);
    assert_int_equal(report.count, 0);
    assert_int_equal(back.made_s, own.made_s);
    assert_int_equal(back.keys.count, 2);
    assert_memory_equal(back.keys.keys, own.keys.keys, 2 * sizeof *own.keys.keys);
}

static void unsound_saved_secrets_are_set_aside(void **state)
{
    static const char *const texts[] = {
        "{", "{\"version\": 1, \"secrets\": [\"" ONE "\"]}", "{\"version\": 1, \"made_s\": 5, \"secrets\": [\"12\"]}",
        "{\"version\": 1, \"made_s\": 5, \"secrets\": [7]}",
        "{\"version\": 1, \"made_s\": 5, \"secrets\": [\"" ONE "\", \"" TWO "\", \"" THREE "\", \"" ONE "\"]}"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct own_secrets own;
        file_of("cookie-secrets.json", texts[i], 0600);
        state_read_secrets(folder, true, &report, &own);
        assert_int_equal(own.keys.count, 0);
        assert_int_equal(report.count, i + 1);
        assert_int_equal(access(path, F_OK), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
        CASE(up_to_three_secrets_are_read_in_order),
        CASE(a_file_that_others_may_read_is_warned_about),
        CASE(each_mistake_is_told_with_its_line_and_never_shows_a_secret),
        CASE(what_is_no_file_is_told),
        CASE(own_secrets_are_rolled_after_a_day_and_the_one_before_is_kept),
        CASE(own_secrets_survive_in_a_file_for_the_owner_alone),
        CASE(unsound_saved_secrets_are_set_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
