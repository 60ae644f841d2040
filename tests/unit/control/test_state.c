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

static char folder[64];
static struct report report;

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

static void put_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static bool is_there(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static bool warned_of(const char *part)
{
    for (size_t i = 0; i < report.count; i++)
        if (strstr(report.findings[i].text, part))
            return true;
    return false;
}

static void orders_come_back_as_they_were_saved(void **state)
{
    (void)state;
    struct error err;
    struct overrides saved = {0}, read;
    struct override first = {.order = ORDER_DRAIN,
                             .scope = SCOPE_ENDPOINT,
                             .target = "london/lb1.sip.test.",
                             .reason = "a \"quoted\" reason\\ \xc3\xa9",
                             .who = "root",
                             .since_s = 1700000000,
                             .until_s = 1800000000,
                             .suspended_until_s = 1750000000};
    struct override second = {.order = ORDER_DISABLE, .scope = SCOPE_SERVICE, .target = "service:sip.test.", .who = "uid 7", .since_s = 5};
    first.id = overrides_put(&saved, &first);
    second.id = overrides_put(&saved, &second);
    saved.last_id = 9; /* of one that has ended */
    char *text = state_overrides_text(&saved);
    assert_true(state_write(folder, STATE_OVERRIDES, text, &err));
    assert_false(is_there("overrides.json.new"));
    override_from_wall(&first, 77, 1740000000);
    assert_true(state_read_overrides(folder, true, 77, 1740000000, &report, &read));
    assert_int_equal(report.count, 0);
    assert_int_equal(read.count, 2);
    assert_memory_equal(&read.items[0], &first, sizeof first);
    assert_memory_equal(&read.items[1], &second, sizeof second);
    assert_int_equal(overrides_put(&read, &second), 2);
    second.id = 0;
    assert_int_equal(overrides_put(&read, &second), 10);
    free(text);
    overrides_release(&saved);
    overrides_release(&read);
}

static void write_overrides(const char *text)
{
    struct error err;
    assert_true(state_write(folder, STATE_OVERRIDES, text, &err));
}

static void files_of_older_releases_have_orders_without_numbers(void **state)
{
    (void)state;
    struct overrides read;
    write_overrides("{\"version\":1,\"overrides\":["
                    "{\"order\":\"drain\",\"scope\":\"site\",\"target\":\"london\",\"reason\":\"\",\"who\":\"root\",\"since_s\":5,"
                    "\"until_s\":0,\"suspended_until_s\":0},"
                    "{\"order\":\"disable\",\"scope\":\"site\",\"target\":\"ashburn\",\"reason\":\"\",\"who\":\"root\",\"since_s\":6,"
                    "\"until_s\":0,\"suspended_until_s\":0}]}");
    assert_true(state_read_overrides(folder, true, 1, 1000, &report, &read));
    assert_int_equal(read.count, 2);
    assert_int_equal(read.items[0].id, 1);
    assert_int_equal(read.items[1].id, 2);
    assert_false(read.items[0].planned);
    overrides_release(&read);
}

static struct override planned_switch(const char *target, int64_t from_s)
{
    struct override order = {.order = ORDER_SWITCH, .scope = SCOPE_CALLERS, .to = "ashburn", .who = "root", .since_s = 5, .from_s = from_s};
    snprintf(order.target, sizeof order.target, "%s", target);
    override_from_wall(&order, 1, 1000);
    return order;
}

static void a_planned_switch_begins_at_its_time_or_at_the_next_start(void **state)
{
    (void)state;
    struct overrides saved = {0}, read;
    const struct override soon = planned_switch("site:london", 1100), later = planned_switch("country:FR", 2000);
    const struct override held = {.order = ORDER_DRAIN, .scope = SCOPE_SITE, .target = "london", .who = "root", .since_s = 5};
    overrides_put(&saved, &later);
    overrides_put(&saved, &soon);
    overrides_put(&saved, &held);
    char *text = state_overrides_text(&saved);
    write_overrides(text);
    assert_true(state_read_overrides(folder, true, 50, 1500, &report, &read));
    assert_int_equal(read.count, 3);
    assert_true(read.items[0].planned && read.items[0].id == 1); /* to come */
    assert_int_equal(read.items[0].from_ms, 50 + 500000);
    assert_int_equal(read.items[1].id, 3);
    assert_true(!read.items[2].planned && read.items[2].id == 2); /* its time has come: the newest */
    assert_string_equal(read.items[2].to, "ashburn");
    free(text);
    overrides_release(&saved);
    overrides_release(&read);
}

static void an_unsound_switch_costs_no_other_order(void **state)
{
    (void)state;
    struct overrides read;
    static const char *const unsound[] = {"\"scope\":\"site\",\"to\":\"next\"", "\"scope\":\"callers\"",
                                          "\"scope\":\"callers\",\"to\":\"\"", "\"scope\":\"callers\",\"to\":\"next\",\"id\":-1",
                                          "\"scope\":\"callers\",\"to\":\"next\",\"from_s\":\"now\""};
    for (size_t i = 0; i < sizeof unsound / sizeof *unsound; i++) {
        char text[1000];
        snprintf(
            text, sizeof text,
            "{\"version\":1,\"overrides\":[{\"order\":\"switch\",%s,\"target\":\"site:london\",\"reason\":\"\",\"who\":\"r\",\"since_s\":5,"
            "\"until_s\":0,\"suspended_until_s\":0},{\"id\":7,\"order\":\"drain\",\"scope\":\"site\",\"target\":\"london\",\"reason\":\"\","
            "\"who\":\"root\",\"since_s\":5,\"until_s\":0,\"suspended_until_s\":0}]}",
            unsound[i]);
        write_overrides(text);
        assert_false(state_read_overrides(folder, true, 1, 1000, &report, &read));
        assert_int_equal(read.count, 1);
        assert_int_equal(read.items[0].id, 7);
        overrides_release(&read);
    }
}

static void a_drill_comes_back_of_a_site_alone(void **state)
{
    (void)state;
    struct error err;
    struct overrides saved = {0}, read;
    const struct override sound = {.order = ORDER_FAIL, .scope = SCOPE_SITE, .target = "london", .until_s = 2000};
    const struct override unsound = {.order = ORDER_FAIL, .scope = SCOPE_SERVICE, .target = "service:sip.test.", .until_s = 2000};
    overrides_put(&saved, &sound);
    overrides_put(&saved, &unsound);
    char *text = state_overrides_text(&saved);
    assert_true(state_write(folder, STATE_OVERRIDES, text, &err));
    assert_false(state_read_overrides(folder, true, 1, 1000, &report, &read));
    assert_int_equal(read.count, 1);
    assert_int_equal(read.items[0].order, ORDER_FAIL);
    free(text);
    overrides_release(&saved);
    overrides_release(&read);
}

static void orders_that_have_ended_meanwhile_are_left_out(void **state)
{
    (void)state;
    struct error err;
    struct overrides saved = {0}, read;
    const struct override order = {.order = ORDER_DRAIN, .scope = SCOPE_SITE, .target = "london", .until_s = 1000};
    overrides_put(&saved, &order);
    char *text = state_overrides_text(&saved);
    assert_true(state_write(folder, STATE_OVERRIDES, text, &err));
    state_read_overrides(folder, true, 1, 1000, &report, &read);
    assert_int_equal(read.count, 0);
    free(text);
    overrides_release(&saved);
    overrides_release(&read);
}

static void unsound_files_are_moved_aside_with_a_warning(void **state)
{
    (void)state;
    static const char *const cases[] = {"",
                                        "{",
                                        "null",
                                        "[]",
                                        "{}",
                                        "{\"version\":2,\"overrides\":[]}",
                                        "{\"version\":1,\"overrides\":{}}",
                                        "{\"version\":1,\"version\":1,\"overrides\":[]}",
                                        "\xff\xfe",
                                        "{\"version\":1,\"overrides\":[]} trailing"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct overrides read;
        const size_t before = report.count;
        put_file("overrides.json", cases[i]);
        assert_false(state_read_overrides(folder, true, 1, 0, &report, &read));
        assert_int_equal(read.count, 0);
        assert_int_equal(report.errors, 0);
        if (report.count != before + 1 || is_there("overrides.json") || !is_there("overrides.json.bad"))
            fail_msg("not moved aside: %s", cases[i]);
        overrides_release(&read);
    }
    assert_true(warned_of("overrides.json.bad"));
}

static void what_is_no_file_is_moved_aside_too(void **state)
{
    (void)state;
    struct overrides read;
    char path[128];
    snprintf(path, sizeof path, "%s/overrides.json", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(state_read_overrides(folder, true, 1, 0, &report, &read));
    assert_true(warned_of("overrides.json.bad"));
    snprintf(path, sizeof path, "%s/overrides.json.bad", folder);
    assert_int_equal(rmdir(path), 0);
}

static void orders_on_one_target_come_back_one_on_top_of_the_other(void **state)
{
    (void)state;
    struct error err;
    struct overrides saved = {0}, read;
    const struct override below = {.order = ORDER_DISABLE, .scope = SCOPE_SITE, .target = "london"},
                          top = {.order = ORDER_DRAIN, .scope = SCOPE_SITE, .target = "london", .until_s = 2000, .until_ms = 5};
    overrides_put(&saved, &below);
    overrides_put(&saved, &top);
    char *text = state_overrides_text(&saved);
    assert_true(state_write(folder, STATE_OVERRIDES, text, &err));
    assert_true(state_read_overrides(folder, true, 77, 1000, &report, &read));
    assert_int_equal(read.count, 2);
    assert_int_equal(overrides_find(&read, "london")->order, ORDER_DRAIN);
    assert_non_null(overrides_beneath(&read, overrides_find(&read, "london")));
    free(text);
    overrides_release(&saved);
    overrides_release(&read);
}

static void a_mere_reader_leaves_unsound_files_where_they_are(void **state)
{
    (void)state;
    struct overrides read;
    put_file("overrides.json", "{");
    state_read_overrides(folder, false, 1, 0, &report, &read);
    assert_int_equal(report.count, 1);
    assert_true(is_there("overrides.json"));
    overrides_release(&read);
}

#define ORDER_ITEM(order, scope, target, until)                                                                                            \
    "{\"order\":" order ",\"scope\":" scope ",\"target\":" target ",\"reason\":\"\",\"who\":\"root\",\"since_s\":1,\"until_s\":" until     \
    ",\"suspended_until_s\":0}"

static void one_unsound_order_does_not_cost_the_others(void **state)
{
    (void)state;
    struct overrides read;
    put_file("overrides.json",
             "{\"version\":1,\"overrides\":[" ORDER_ITEM("\"drain\"", "\"site\"", "\"london\"", "0") "," ORDER_ITEM(
                 "\"drown\"", "\"site\"", "\"a\"",
                 "0") "," ORDER_ITEM("\"drain\"", "\"world\"", "\"b\"",
                                     "0") "," ORDER_ITEM("\"drain\"", "\"site\"", "7", "0") "," ORDER_ITEM("\"drain\"", "\"site\"", "\"c\"",
                                                                                                           "-1") ",5,null]}");
    assert_false(state_read_overrides(folder, true, 1, 0, &report, &read));
    assert_int_equal(read.count, 1);
    assert_string_equal(read.items[0].target, "london");
    assert_true(is_there("overrides.json.bad"));
    assert_true(is_there("overrides.json")); /* until it is written anew: it has a sound one */
    assert_true(warned_of("the others hold"));
    overrides_release(&read);
}

static struct hostport at(const char *text)
{
    struct hostport target;
    assert_true(hostport_parse(text, &target));
    return target;
}

static void save_two_verdicts(int64_t wall_s)
{
    struct error err;
    struct saved saved = {0};
    const struct hostport v4 = at("192.0.2.1:5060"), v6 = at("[2001:db8::1]:5060");
    const struct saved_verdict of_v6 = {.host = (char[]){"lb1.sip.test."},
                                        .probe = (char[]){"udp"},
                                        .target = v6,
                                        .verdict = VERDICT_DOWN,
                                        .age_ms = 5000,
                                        .falls = 3,
                                        .rose_age_ms = 7000,
                                        .hold_ms = 40000};
    saved_add(&saved, &of_v6);
    saved_add(&saved, &(struct saved_verdict){.host = of_v6.host, .probe = of_v6.probe, .target = v4, .verdict = VERDICT_UP});
    char *text = state_verdicts_text(&saved, wall_s);
    assert_true(state_write(folder, STATE_VERDICTS, text, &err));
    free(text);
    saved_release(&saved);
}

static void verdicts_come_back_by_the_identity_of_their_check(void **state)
{
    (void)state;
    struct saved read;
    const struct hostport v4 = at("192.0.2.1:5060"), v6 = at("[2001:db8::1]:5060"), other = at("192.0.2.1:5061");
    save_two_verdicts(1000000);
    state_read_verdicts(folder, true, 1000000 + SAVED_MAX_AGE_S, &report, &read);
    assert_int_equal(saved_find(&read, "lb1.sip.test.", "udp", &v4)->verdict, VERDICT_UP);
    const struct saved_verdict *found = saved_find(&read, "lb1.sip.test.", "udp", &v6);
    assert_int_equal(found->verdict, VERDICT_DOWN);
    assert_int_equal(found->age_ms, 5000);
    assert_int_equal(found->falls, 3);
    assert_int_equal(found->rose_age_ms, 7000);
    assert_int_equal(found->hold_ms, 40000);
    assert_null(saved_find(&read, "lb1.sip.test.", "udp", &other));
    assert_null(saved_find(&read, "lb1.sip.test.", "tcp", &v4));
    assert_null(saved_find(&read, "lb2.sip.test.", "udp", &v4));
    assert_int_equal(report.count, 0);
    saved_release(&read);
}

static void old_verdicts_and_those_of_the_future_are_ignored(void **state)
{
    (void)state;
    struct saved read;
    save_two_verdicts(1000000);
    state_read_verdicts(folder, true, 1000000 + SAVED_MAX_AGE_S + 1, &report, &read);
    assert_int_equal(read.count, 0);
    state_read_verdicts(folder, true, 999999, &report, &read);
    assert_int_equal(read.count, 0);
    assert_true(is_there("verdicts.json"));
    assert_int_equal(report.count, 2);
}

static void unsound_verdicts_do_not_cost_the_others(void **state)
{
    (void)state;
    struct saved read;
    put_file("verdicts.json",
             "{\"version\":1,\"saved_s\":1000,\"checks\":["
             "{\"host\":\"a.\",\"probe\":\"p\",\"address\":\"192.0.2.1\",\"port\":1,\"verdict\":\"up\"},"
             "{\"host\":\"b.\",\"probe\":\"p\",\"address\":\"192.0.2.1\",\"port\":70000,\"verdict\":\"up\"},"
             "{\"host\":\"c.\",\"probe\":\"p\",\"address\":\"nowhere\",\"port\":1,\"verdict\":\"up\"},"
             "{\"host\":\"d.\",\"probe\":\"p\",\"address\":\"192.0.2.1\",\"port\":1,\"verdict\":\"sideways\"},{},1,"
             "{\"host\":\"e.\",\"probe\":\"p\",\"address\":\"192.0.2.1\",\"port\":1,\"verdict\":\"up\",\"falls\":-1},"
             "{\"host\":\"f.\",\"probe\":\"p\",\"address\":\"192.0.2.1\",\"port\":1,\"verdict\":\"up\",\"falls\":1e3},"
             "{\"host\":\"g.\",\"probe\":\"p\",\"address\":\"192.0.2.1\",\"port\":1,\"verdict\":\"up\",\"hold_ms\":\"10\"},"
             "{\"host\":\"h.\",\"probe\":\"p\",\"address\":\"192.0.2.1\",\"port\":1,\"verdict\":\"up\","
             "\"age_ms\":9223372036854775807}]}");
    state_read_verdicts(folder, true, 1000, &report, &read);
    assert_int_equal(read.count, 1);
    assert_true(warned_of("the others hold"));
    saved_release(&read);
}

static void serials_come_back_as_they_were_saved(void **state)
{
    (void)state;
    struct error err;
    struct serials saved = {0}, read = {0};
    serials_put(&saved, "sip.test.", UINT32_MAX, UINT64_MAX);
    serials_put(&saved, "other.test.", 0, 0);
    char *text = state_serials_text(&saved);
    assert_true(state_write(folder, STATE_SERIALS, text, &err));
    assert_true(is_there("serials.json"));
    state_read_serials(folder, &report, &read);
    assert_int_equal(report.count, 0);
    assert_int_equal(read.count, 2);
    assert_int_equal(serials_find(&read, "sip.test.")->serial, UINT32_MAX);
    assert_true(serials_find(&read, "sip.test.")->print == UINT64_MAX);
    assert_int_equal(serials_find(&read, "other.test.")->serial, 0);
    assert_true(serials_find(&read, "other.test.")->print == 0);
    free(text);
    serials_release(&saved);
    serials_release(&read);
}

static void unsound_serials_do_not_cost_the_others(void **state)
{
    (void)state;
    struct serials read = {0};
    put_file("serials.json", "{\"version\":1,\"serials\":[{\"zone\":\"a.\",\"serial\":7,\"print\":\"1f\"},"
                             "{\"zone\":\"b.\",\"serial\":-1,\"print\":\"1\"},{\"zone\":\"c.\",\"serial\":4294967296,\"print\":\"1\"},"
                             "{\"zone\":\"d.\",\"serial\":\"7\",\"print\":\"1\"},{\"zone\":\"e.\",\"serial\":7.5,\"print\":\"1\"},"
                             "{\"zone\":\"f.\",\"serial\":7,\"print\":\"\"},{\"zone\":\"g.\",\"serial\":7,\"print\":\"1x\"},"
                             "{\"zone\":\"h.\",\"serial\":7},{\"zone\":9,\"serial\":7,\"print\":\"1\"},{},null]}");
    state_read_serials(folder, &report, &read);
    assert_int_equal(read.count, 1);
    assert_int_equal(serials_find(&read, "a.")->serial, 7);
    assert_int_equal(serials_find(&read, "a.")->print, 0x1f);
    assert_int_equal(report.count, 1);
    assert_true(warned_of("some serials of signed zones are unsound"));
    serials_release(&read);
}

static void unsound_files_of_serials_are_told_and_left(void **state)
{
    (void)state;
    static const char *const cases[] = {"", "{", "[]", "{}", "{\"version\":2,\"serials\":[]}", "{\"version\":1,\"serials\":{}}"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct serials read = {0};
        put_file("serials.json", cases[i]);
        state_read_serials(folder, &report, &read);
        assert_int_equal(read.count, 0);
        if (report.count != i + 1 || !is_there("serials.json"))
            fail_msg("not told: %s", cases[i]);
    }
    assert_int_equal(report.errors, 0);
    assert_true(warned_of("serials.json"));
}

static void nothing_saved_is_no_reason_for_a_warning(void **state)
{
    (void)state;
    struct overrides orders;
    struct saved verdicts;
    struct serials serials = {0};
    assert_true(state_read_overrides(folder, true, 1, 0, &report, &orders));
    state_read_verdicts(folder, true, 0, &report, &verdicts);
    state_read_serials(folder, &report, &serials);
    assert_int_equal(orders.count + verdicts.count + serials.count + report.count, 0);
}

static void the_folder_is_made_with_what_is_above_it(void **state)
{
    (void)state;
    struct error err;
    struct stat of;
    char inner[128], outer[100];
    snprintf(outer, sizeof outer, "%s/a", folder);
    snprintf(inner, sizeof inner, "%s/b", outer);
    assert_true(state_open(inner, &err));
    assert_true(state_open(inner, &err));
    assert_int_equal(stat(inner, &of), 0);
    assert_int_equal(of.st_mode & 07007, 0);
    rmdir(inner);
    rmdir(outer);
}

static void a_folder_that_cannot_be_used_is_an_error(void **state)
{
    (void)state;
    struct error err;
    char path[128];
    put_file("file", "");
    snprintf(path, sizeof path, "%s/file", folder);
    assert_false(state_open(path, &err));
    assert_non_null(strstr(err.text, "no folder"));
    assert_false(state_open("/proc/self/state", &err));
    assert_non_null(strstr(err.text, "/proc/self/state"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(orders_come_back_as_they_were_saved, begin, end),
        cmocka_unit_test_setup_teardown(files_of_older_releases_have_orders_without_numbers, begin, end),
        cmocka_unit_test_setup_teardown(a_planned_switch_begins_at_its_time_or_at_the_next_start, begin, end),
        cmocka_unit_test_setup_teardown(an_unsound_switch_costs_no_other_order, begin, end),
        cmocka_unit_test_setup_teardown(a_drill_comes_back_of_a_site_alone, begin, end),
        cmocka_unit_test_setup_teardown(orders_that_have_ended_meanwhile_are_left_out, begin, end),
        cmocka_unit_test_setup_teardown(unsound_files_are_moved_aside_with_a_warning, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_moved_aside_too, begin, end),
        cmocka_unit_test_setup_teardown(orders_on_one_target_come_back_one_on_top_of_the_other, begin, end),
        cmocka_unit_test_setup_teardown(a_mere_reader_leaves_unsound_files_where_they_are, begin, end),
        cmocka_unit_test_setup_teardown(one_unsound_order_does_not_cost_the_others, begin, end),
        cmocka_unit_test_setup_teardown(verdicts_come_back_by_the_identity_of_their_check, begin, end),
        cmocka_unit_test_setup_teardown(old_verdicts_and_those_of_the_future_are_ignored, begin, end),
        cmocka_unit_test_setup_teardown(unsound_verdicts_do_not_cost_the_others, begin, end),
        cmocka_unit_test_setup_teardown(serials_come_back_as_they_were_saved, begin, end),
        cmocka_unit_test_setup_teardown(unsound_serials_do_not_cost_the_others, begin, end),
        cmocka_unit_test_setup_teardown(unsound_files_of_serials_are_told_and_left, begin, end),
        cmocka_unit_test_setup_teardown(nothing_saved_is_no_reason_for_a_warning, begin, end),
        cmocka_unit_test_setup_teardown(the_folder_is_made_with_what_is_above_it, begin, end),
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_used_is_an_error, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
