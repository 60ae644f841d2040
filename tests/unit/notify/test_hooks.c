#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "notify/hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64], *out;
static char *argv[] = {"/bin/sh", "-c", NULL, NULL};
static struct hook_config config;

static int begin(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sipsteer-hooks-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    out = mem_format("%s/out", folder);
    config = (struct hook_config){.name = "h", .command = argv, .command_count = 3, .timeout_ms = 5000, .retries = 1};
    return 0;
}

static int end(void **state)
{
    (void)state;
    unlink(out);
    free(out);
    return rmdir(folder);
}

static struct message *make(const char *text)
{
    struct message *message = mem_new(1, sizeof *message);
    message->body = mem_format("{\"text\":\"%s\"}", text);
    message->variables[0] = mem_format("SIPSTEER_TEXT=%s", text);
    return message;
}

static const char *written(void)
{
    static char text[4096];
    FILE *file = fopen(out, "r");
    text[file ? fread(text, 1, sizeof text - 1, file) : 0] = '\0';
    if (file)
        fclose(file);
    return text;
}

static bool try_command(const char *script, struct error *err)
{
    const struct abort_flag none = {false};
    char *whole = mem_format("OUT=%s; %s", out, script);
    struct message *message = make("a b");
    argv[2] = whole;
    *err = (struct error){.text = ""};
    const bool told = command_tell(&config, message, &none, err);
    message_free(message);
    free(whole);
    return told;
}

static void a_command_gets_the_message_on_its_input_and_in_its_environment(void **state)
{
    (void)state;
    struct error err;
    assert_true(try_command("cat > $OUT; echo \" $SIPSTEER_TEXT $HOME\" >> $OUT", &err));
    assert_string_equal(written(), "{\"text\":\"a b\"} a b \n");
}

static void its_exit_code_and_its_time_count_and_its_output_does_not(void **state)
{
    (void)state;
    struct error err;
    assert_false(try_command("exit 3", &err));
    assert_non_null(strstr(err.text, "ends with 3"));
    assert_true(try_command("seq 200000", &err));
    config.timeout_ms = 200;
    const uint64_t from_ms = clock_ms();
    assert_false(try_command("sleep 30", &err));
    assert_non_null(strstr(err.text, "does not end within 200 ms"));
    assert_true(clock_ms() - from_ms < 5000);
    argv[0] = "/nowhere/at/all";
    assert_false(try_command("true", &err));
    assert_non_null(strstr(err.text, "cannot run"));
    argv[0] = "/bin/sh";
}

/* RFC 4231, test case 2. */
static void the_signature_is_hmac_sha256_under_the_file_without_its_newline(void **state)
{
    (void)state;
    struct error err;
    char text[SIGNATURE_TEXT];
    FILE *file = fopen(out, "w");
    fputs("Jefe\n", file);
    fclose(file);
    assert_true(signature_make(out, "what do ya want for nothing?", text, &err));
    assert_string_equal(text, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_int_equal(truncate(out, 0), 0);
    assert_false(signature_make(out, "x", text, &err));
    assert_false(signature_make("/nowhere/at/all", "x", text, &err));
}

static void pauses_grow_up_to_five_minutes(void **state)
{
    (void)state;
    assert_int_equal(pause_after_ms(1), 1000);
    assert_int_equal(pause_after_ms(2), 2000);
    assert_int_equal(pause_after_ms(5), 16000);
    assert_int_equal(pause_after_ms(9), 256000);
    assert_int_equal(pause_after_ms(10), 300000);
    assert_int_equal(pause_after_ms(20), 300000);
}

static struct hook_state state_of(struct hooks *hooks, uint64_t sent, uint64_t failed)
{
    struct hook_state state;
    for (const uint64_t end_ms = clock_ms() + 20000; clock_ms() < end_ms; usleep(2000)) {
        hooks_state(hooks, 0, &state);
        if (state.sent >= sent && state.failed >= failed)
            return state;
    }
    fail_msg("%d sent, %d failed", (int)state.sent, (int)state.failed);
    return state;
}

static void messages_come_in_their_order_and_failures_are_tried_again(void **state)
{
    (void)state;
    struct hooks *hooks = hooks_new();
    char *script = mem_format("echo $SIPSTEER_TEXT >> %s; [ $SIPSTEER_TEXT != bad ]", out);
    argv[2] = script;
    hooks_set(hooks, &config, 1);
    assert_true(hooks_post(hooks, 0, make("one")));
    assert_true(hooks_post(hooks, 0, make("bad")));
    assert_true(hooks_post(hooks, 0, make("two")));
    const struct hook_state seen = state_of(hooks, 2, 1);
    assert_int_equal(seen.retried, 1);
    assert_false(seen.failing);
    assert_string_equal(written(), "one\nbad\nbad\ntwo\n");
    assert_true(hooks_free(hooks, 1000));
    free(script);
}

static void what_does_not_fit_is_counted_and_nobody_waits_for_one_that_hangs(void **state)
{
    (void)state;
    struct hooks *hooks = hooks_new();
    argv[2] = "sleep 30";
    config.timeout_ms = 60000;
    hooks_set(hooks, &config, 1);
    const uint64_t from_ms = clock_ms();
    for (unsigned i = 0; i < NOTIFY_WAITING_MOST + 50; i++)
        hooks_post(hooks, 0, make("x"));
    struct hook_state seen;
    hooks_state(hooks, 0, &seen);
    assert_in_range(seen.dropped, 49, 50);
    assert_true(hooks_free(hooks, 100));
    assert_true(clock_ms() - from_ms < 3000);
}

static void a_new_configuration_keeps_what_waits_under_the_same_name(void **state)
{
    (void)state;
    struct hooks *hooks = hooks_new();
    struct hook_config two[2] = {config, config};
    char *first = mem_format("sleep 0.3; echo first $SIPSTEER_TEXT >> %s", out),
         *second = mem_format("echo second $SIPSTEER_TEXT >> %s", out);
    argv[2] = first;
    hooks_set(hooks, &config, 1);
    hooks_post(hooks, 0, make("one"));
    hooks_post(hooks, 0, make("two"));
    usleep(100000);
    argv[2] = second;
    two[0].name = "other";
    hooks_set(hooks, two, 2);
    struct hook_state seen = {0};
    for (const uint64_t end_ms = clock_ms() + 20000; seen.sent < 2 && clock_ms() < end_ms; usleep(2000))
        hooks_state(hooks, 1, &seen);
    assert_string_equal(written(), "first one\nsecond two\n");
    hooks_set(hooks, two, 0);
    assert_true(hooks_free(hooks, 1000));
    free(first);
    free(second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_command_gets_the_message_on_its_input_and_in_its_environment),
        TEST(its_exit_code_and_its_time_count_and_its_output_does_not),
        TEST(the_signature_is_hmac_sha256_under_the_file_without_its_newline),
        TEST(pauses_grow_up_to_five_minutes),
        TEST(messages_come_in_their_order_and_failures_are_tried_again),
        TEST(what_does_not_fit_is_counted_and_nobody_waits_for_one_that_hangs),
        TEST(a_new_configuration_keeps_what_waits_under_the_same_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
