/* From an answer to the number that is meant, or to the reason why there is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "collect/content.h"
#include "collect/json.h"

#include <stdlib.h>
#include <string.h>

static bool pick(const char *text, const char *path, double *ret_number, struct error *err)
{
    struct json *json = json_open(text, strlen(text), err);
    const bool found = json && json_find(json, path, ret_number, err);
    json_close(json);
    return found;
}

static void picks(const char *text, const char *path, double wanted)
{
    double number = -1;
    struct error err = {""};
    if (!pick(text, path, &number, &err) || number != wanted)
        fail_msg("%s in %s: %g (%s)", path, text, number, err.text);
}

static void picks_nothing(const char *text, const char *path, const char *why)
{
    double number = -1;
    struct error err = {""};
    if (pick(text, path, &number, &err) || !strstr(err.text, why))
        fail_msg("%s in %s: %g, \"%s\" instead of \"%s\"", path, text, number, err.text, why);
}

static void dots_lead_through_members_and_items(void **state)
{
    (void)state;
    picks("{\"result\":[{\"value\":7}]}", "result.0.value", 7);
    picks("[[1,2],[3,4]]", "1.0", 3);
    picks("{\"a\":{\"\":{\"b\":5}}}", "a..b", 5);
    picks("{\"0\":5}", "0", 5);
}

static void a_json_pointer_reaches_names_with_dots_slashes_and_tildes(void **state)
{
    (void)state;
    picks("{\"result\":{\"dialog.active_dialogs\":12}}", "/result/dialog.active_dialogs", 12);
    picks("{\"a/b\":1}", "/a~1b", 1);
    picks("{\"m~n\":2}", "/m~0n", 2);
    picks("{\"~1\":3}", "/~01", 3);
    picks("{\"\":4}", "/", 4);
    picks("{\"a\":[5,6]}", "/a/1", 6);
}

static void numbers_may_be_texts(void **state)
{
    (void)state;
    picks("{\"v\":\"12\"}", "v", 12);
    picks("{\"v\":\" 1.5e1 \"}", "v", 15);
    picks("{\"v\":12345678901234567890123}", "v", 12345678901234567890123.0);
}

static void what_is_no_number_is_told(void **state)
{
    (void)state;
    picks_nothing("{\"v\":\"many\"}", "v", "a text, not a number");
    picks_nothing("{\"v\":\"0x10\"}", "v", "a text, not a number");
    picks_nothing("{\"v\":\"nan\"}", "v", "a text, not a number");
    picks_nothing("{\"v\":\"\"}", "v", "a text, not a number");
    picks_nothing("{\"v\":\"1\\u0000\"}", "v", "a text, not a number");
    picks_nothing("{\"v\":null}", "v", "null, not a number");
    picks_nothing("{\"v\":true}", "v", "true, not a number");
    picks_nothing("{\"v\":{}}", "v", "an object, not a number");
    picks_nothing("{\"v\":[1]}", "v", "a list, not a number");
}

static void a_path_that_leads_nowhere_is_told_with_its_step(void **state)
{
    (void)state;
    picks_nothing("{\"a\":{\"b\":1}}", "a.c", "there is no \"c\" at a.c");
    picks_nothing("{\"a\":[1]}", "a.1", "there is no \"1\"");
    picks_nothing("{\"a\":[1]}", "a.00", "there is no \"00\"");
    picks_nothing("{\"a\":[1]}", "a.-1", "there is no \"-1\"");
    picks_nothing("{\"a\":[1]}", "a.99999999999999999999", "there is no");
    picks_nothing("{\"a\":1}", "a.b", "there is no \"b\"");
    picks_nothing("12", "/a", "there is no \"a\"");
}

static void what_is_no_json_is_told_with_its_place(void **state)
{
    (void)state;
    picks_nothing("<html>", "a", "not JSON: line 1");
    picks_nothing("{\"a\":1", "a", "not JSON");
    picks_nothing("", "a", "not JSON");
    picks_nothing("{\"a\":1}\n}", "a", "not JSON: line 2");
    char *deep = mem_new(100001, 1);
    memset(deep, '[', 100000);
    picks_nothing(deep, "0", "not JSON");
    free(deep);
}

static bool read_text(const char *text, const char *metric, const char *path, bool sum, struct load_sample *ret_sample, struct error *err)
{
    struct content content = {.text = text, .len = strlen(text)};
    const bool done = content_read(&content, metric, path, sum, ret_sample, err);
    content_release(&content);
    return done;
}

static void reads(const char *text, const char *metric, const char *path, bool sum, double wanted)
{
    struct load_sample sample;
    struct error err = {""};
    if (!read_text(text, metric, path, sum, &sample, &err) || sample.value != wanted)
        fail_msg("%s: %g (%s)", text, sample.value, err.text);
}

static void reads_nothing(const char *text, const char *metric, const char *path, bool sum, const char *why)
{
    struct load_sample sample;
    struct error err = {""};
    if (read_text(text, metric, path, sum, &sample, &err) || !strstr(err.text, why))
        fail_msg("%s: \"%s\" instead of \"%s\"", text, err.text, why);
    for (const char *at = err.text; *at; at++)
        assert_in_range(*at, ' ', '~');
}

static void content_is_a_page_a_document_or_a_number(void **state)
{
    (void)state;
    reads("12\n", NULL, NULL, false, 12);
    reads("m 3\n", "m", NULL, false, 3);
    reads("m{a=\"1\"} 3\nm{a=\"2\"} 4\n", "m", NULL, true, 7);
    reads("{\"a\":5}", NULL, "a", false, 5);
}

static void content_without_one_sound_value_is_refused_with_a_reason(void **state)
{
    (void)state;
    reads_nothing("12 13", NULL, NULL, false, "not a number");
    reads_nothing("1e400", NULL, NULL, false, "not a number");
    reads_nothing("", NULL, NULL, false, "not a number");
    reads_nothing("-1", NULL, NULL, false, "negative");
    reads_nothing("m -1\n", "m", NULL, false, "negative");
    reads_nothing("m 1\nm 2\n", "m", NULL, false, "2 series fit");
    reads_nothing("m NaN\n", "m", NULL, false, "no finite value of m");
    reads_nothing("n 1\n", "m", NULL, true, "no series of m");
    reads_nothing("n 1\nm x\n", "m", NULL, true, "line 2 of the page is malformed");
    reads_nothing("{\"a\":-5}", NULL, "a", false, "negative");
    reads_nothing("{}", NULL, "\xc3\xa9", false, "there is no \"??\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dots_lead_through_members_and_items),
        cmocka_unit_test(a_json_pointer_reaches_names_with_dots_slashes_and_tildes),
        cmocka_unit_test(numbers_may_be_texts),
        cmocka_unit_test(what_is_no_number_is_told),
        cmocka_unit_test(a_path_that_leads_nowhere_is_told_with_its_step),
        cmocka_unit_test(what_is_no_json_is_told_with_its_place),
        cmocka_unit_test(content_is_a_page_a_document_or_a_number),
        cmocka_unit_test(content_without_one_sound_value_is_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
