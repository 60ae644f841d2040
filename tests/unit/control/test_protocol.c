#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/protocol.h"
#include "model/override.h"

#include <string.h>

static void whole_requests_are_read(void **state)
{
    (void)state;
    struct request request;
    struct error err;
    const char *line = "{\"version\":1,\"command\":\"drain\",\"target\":\"london\",\"for\":\"1h30m\",\"reason\":\"why \xc3\xa9\"}";
    assert_true(request_parse(line, strlen(line), &request, &err));
    assert_int_equal(request.command, COMMAND_DRAIN);
    assert_string_equal(request.target, "london");
    assert_string_equal(request.reason, "why \xc3\xa9");
    assert_int_equal(request.for_ms, 5400000);
    request_release(&request);
}

static void a_pushed_load_is_a_number_or_a_text_that_is_one(void **state)
{
    (void)state;
    struct request request;
    struct error err;
    static const char *const lines[] = {
        "{\"command\":\"push-load\",\"target\":\"london\",\"value\":12.5,\"unit\":\"cps\",\"for\":\"30s\"}",
        "{\"command\":\"push-load\",\"target\":\"london\",\"value\":\"1.25e1\",\"unit\":\"cps\",\"for\":\"30s\"}"};
    for (size_t i = 0; i < 2; i++) {
        assert_true(request_parse(lines[i], strlen(lines[i]), &request, &err));
        assert_true(request.value == 12.5);
        assert_string_equal(request.unit, "cps");
        assert_int_equal(request.for_ms, 30000);
        request_release(&request);
    }
    static const char *const wrong[] = {"-1",   "\"\"", "\"x\"", "\"nan\"", "\"0x10\"", "\" 1\"",   "\"1e\"",
                                        "1e13", "null", "true",  "[1]",     "{}",       "\"1e999\""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char line[128];
        snprintf(line, sizeof line, "{\"command\":\"push-load\",\"target\":\"london\",\"value\":%s}", wrong[i]);
        if (request_parse(line, strlen(line), &request, &err) || !strstr(err.text, "must be a number"))
            fail_msg("%s: %s", line, err.text);
    }
}

static void what_is_not_given_has_its_default(void **state)
{
    (void)state;
    struct request request;
    struct error err;
    const char *line = "{\"command\":\"enable\",\"target\":\"london\"}";
    assert_true(request_parse(line, strlen(line), &request, &err));
    assert_string_equal(request.reason, "");
    assert_int_equal(request.for_ms, 0);
    request_release(&request);
}

static void every_command_has_its_own_word(void **state)
{
    (void)state;
    for (enum command command = 0; command < COMMAND_COUNT; command++) {
        struct request request;
        struct error err;
        char line[256];
        snprintf(line, sizeof line, "{\"command\":\"%s\"%s%s}", command_text(command),
                 command == COMMAND_DRAIN || command == COMMAND_DISABLE || command == COMMAND_ENABLE || command == COMMAND_PUSH_LOAD ||
                         command == COMMAND_PUSH || command == COMMAND_SWITCH || command == COMMAND_DRILL
                     ? ",\"target\":\"x\""
                     : "",
                 command == COMMAND_PUSH_LOAD   ? ",\"value\":1"
                 : command == COMMAND_WHAT_IF   ? ",\"what\":\"nothing\""
                 : command == COMMAND_EXPLAIN   ? ",\"name\":\"a.\",\"type\":\"A\",\"client\":\"::1\""
                 : command == COMMAND_PUSH      ? ",\"verdict\":\"up\""
                 : command == COMMAND_SWITCH    ? ",\"to\":\"next\""
                 : command == COMMAND_REVERT    ? ",\"id\":\"last\""
                 : command == COMMAND_TEST_HOOK ? ",\"name\":\"x\""
                 : command == COMMAND_DRILL     ? ",\"for\":\"5m\",\"dry_run\":true"
                                                : "");
        assert_true(request_parse(line, strlen(line), &request, &err));
        assert_int_equal(request.command, command);
        assert_true(request.dry_run == (command == COMMAND_DRILL));
        request_release(&request);
    }
}

static void plan_and_reload_take_what_is_theirs_alone(void **state)
{
    (void)state;
    struct request request;
    struct error err;
    const char *plan = "{\"command\":\"plan\",\"config\":\"/etc/next.conf\"}", *reload = "{\"command\":\"reload\",\"max_move\":\"12.5%\"}";
    assert_true(request_parse(plan, strlen(plan), &request, &err));
    assert_string_equal(request.config, "/etc/next.conf");
    request_release(&request);
    assert_true(request_parse(reload, strlen(reload), &request, &err));
    assert_true(request.max_move == 12.5);
    request_release(&request);
    const char *unbounded = "{\"command\":\"reload\"}";
    assert_true(request_parse(unbounded, strlen(unbounded), &request, &err));
    assert_true(request.max_move < 0 && request.config == NULL);
    request_release(&request);
}

static void refused_with(const char *line, const char *part)
{
    struct request request;
    struct error err = {""};
    if (request_parse(line, strlen(line), &request, &err))
        fail_msg("taken: %s", line);
    assert_null(request.root);
    if (!strstr(err.text, part))
        fail_msg("%s: \"%s\" is not in \"%s\"", line, part, err.text);
}

static void orders_take_times_and_whether_they_are_meant(void **state)
{
    (void)state;
    struct request request;
    struct error err;
    const char *line =
        "{\"command\":\"switch\",\"target\":\"all\",\"to\":\"paris\",\"at\":\"22:00\",\"until\":\"+2h\",\"dry_run\":true,\"force\":false,"
        "\"calls\":\"500\"}";
    assert_true(request_parse(line, strlen(line), &request, &err));
    assert_true(request.dry_run && !request.force && !request.check && request.calls == 500);
    assert_string_equal(request.to, "paris");
    assert_string_equal(request.at, "22:00");
    assert_string_equal(request.until, "+2h");
    request_release(&request);
}

static void what_is_no_request_is_refused_and_says_why(void **state)
{
    (void)state;
    refused_with("{\"command\":\"switch\",\"target\":\"all\"}", "needs \"to\"");
    refused_with("{\"command\":\"switch\",\"to\":\"next\"}", "needs \"target\"");
    refused_with("{\"command\":\"switch\",\"target\":\"all\",\"to\":\"next\",\"force\":\"yes\"}", "true or false");
    refused_with("{\"command\":\"enable\",\"target\":\"x\",\"at\":\"22:00\"}", "takes no \"at\"");
    refused_with("{\"command\":\"drain\",\"target\":\"x\",\"to\":\"y\"}", "takes no \"to\"");
    refused_with("{\"command\":\"revert\"}", "needs \"id\"");
    refused_with("", "not JSON");
    refused_with("status", "not JSON");
    refused_with("{\"command\":\"status\"", "not JSON");
    refused_with("{\"command\":\"status\"} {}", "not JSON");
    refused_with("{\"command\":\"\xff\"}", "not JSON");
    refused_with("{\"command\":\"status\",\"command\":\"stop\"}", "not JSON");
    refused_with("[]", "object");
    refused_with("{}", "\"command\" is missing");
    refused_with("{\"command\":5}", "\"command\" is missing");
    refused_with("{\"command\":\"destroy\"}", "no command");
    refused_with("{\"command\":\"status\",\"version\":2}", "version");
    refused_with("{\"command\":\"status\",\"version\":\"1\"}", "version");
    refused_with("{\"command\":\"status\",\"target\":\"x\"}", "takes no \"target\"");
    refused_with("{\"command\":\"drain\",\"target\":\"x\",\"client\":\"::1\"}", "takes no \"client\"");
    refused_with("{\"command\":\"drain\",\"target\":\"x\",\"tagret\":\"x\"}", "takes no \"tagret\"");
    refused_with("{\"command\":\"drain\"}", "needs \"target\"");
    refused_with("{\"command\":\"explain\",\"name\":\"a.\",\"type\":\"A\"}", "needs \"client\"");
    refused_with("{\"command\":\"drain\",\"target\":7}", "must be a text");
    refused_with("{\"command\":\"drain\",\"target\":\"x\",\"reason\":\"two\\nlines\"}", "control characters");
    refused_with("{\"command\":\"drain\",\"target\":\"x\",\"reason\":\"\\u001b[31m\"}", "control characters");
    refused_with("{\"command\":\"drain\",\"target\":\"x\",\"for\":\"soon\"}", "\"for\"");
    refused_with("{\"command\":\"drain\",\"target\":\"x\",\"for\":\"0s\"}", "\"for\"");
    refused_with("{\"command\":\"drain\",\"target\":\"x\",\"for\":\"999ms\"}", "\"for\"");
    refused_with("{\"command\":\"drain\",\"target\":\"x\",\"for\":30}", "must be a text");
    refused_with("{\"command\":\"reload\",\"max_move\":20}", "must be a text");
    refused_with("{\"command\":\"reload\",\"max_move\":\"all\"}", "from 0 to 100 percent");
    refused_with("{\"command\":\"what-if\",\"sites\":\"london\"}", "needs \"what\"");
    refused_with("{\"command\":\"what-if\",\"what\":\"fail\",\"calls\":\"-5\"}", "\"calls\" must be");
    refused_with("{\"command\":\"what-if\",\"what\":\"fail\",\"calls\":\"0\"}", "\"calls\" must be");
    refused_with("{\"command\":\"drill\",\"target\":\"x\"}", "needs \"for\"");
    refused_with("{\"command\":\"drill\",\"target\":\"x\",\"for\":\"5m\",\"dry_run\":\"yes\"}", "must be true or false");
    refused_with("{\"command\":\"plan\",\"max_move\":\"20%\"}", "takes no \"max_move\"");
}

static void texts_that_are_too_long_are_refused(void **state)
{
    (void)state;
    char line[1024], reason[REASON_TEXT + 1];
    memset(reason, 'r', sizeof reason);
    reason[REASON_TEXT] = '\0';
    snprintf(line, sizeof line, "{\"command\":\"drain\",\"target\":\"x\",\"reason\":\"%s\"}", reason);
    refused_with(line, "at most 255");
    reason[REASON_TEXT - 1] = '\0';
    snprintf(line, sizeof line, "{\"command\":\"drain\",\"target\":\"x\",\"reason\":\"%s\"}", reason);
    struct request request;
    struct error err;
    assert_true(request_parse(line, strlen(line), &request, &err));
    request_release(&request);
}

static void nesting_without_end_is_refused(void **state)
{
    (void)state;
    static char line[60000];
    memset(line, '[', sizeof line - 1);
    refused_with(line, "not JSON");
}

static void a_text_that_is_not_utf8_does_not_spoil_a_reply(void **state)
{
    (void)state;
    json_t *reply = reply_error("%s", "\xff");
    assert_non_null(reply);
    assert_true(json_is_false(json_object_get(reply, "ok")));
    assert_true(json_is_string(json_object_get(reply, "error")));
    json_decref(reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_requests_are_read),
        cmocka_unit_test(a_pushed_load_is_a_number_or_a_text_that_is_one),
        cmocka_unit_test(what_is_not_given_has_its_default),
        cmocka_unit_test(every_command_has_its_own_word),
        cmocka_unit_test(orders_take_times_and_whether_they_are_meant),
        cmocka_unit_test(plan_and_reload_take_what_is_theirs_alone),
        cmocka_unit_test(what_is_no_request_is_refused_and_says_why),
        cmocka_unit_test(texts_that_are_too_long_are_refused),
        cmocka_unit_test(nesting_without_end_is_refused),
        cmocka_unit_test(a_text_that_is_not_utf8_does_not_spoil_a_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
