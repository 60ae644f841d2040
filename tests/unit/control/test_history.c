#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "control/history.h"
#include "control/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEEP = 3, AT_MS = 1000 };
static const int64_t BEGIN_MS = 1772324130000;

static char folder[64], *path;

static int begin(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sipsteer-history-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    path = mem_format("%s/audit.jsonl", folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    char *command = mem_format("rm -r %s", folder);
    const int code = system(command);
    free(command);
    free(path);
    return code;
}

/* Event id: one in ten a reload, the rest verdicts; one second after the one before. */
static json_t *event_of(uint64_t id)
{
    const bool reload = id % 10 == 0;
    char *target = mem_format("london/lb%u.lon.", (unsigned)(id % 3));
    json_t *event = json_pack("{s:I, s:I, s:s, s:s, s:s}", "id", (json_int_t)id, "at_ms", (json_int_t)(BEGIN_MS + (int64_t)id * AT_MS),
                              "kind", reload ? "reload" : "verdict", "what", "w", "target", reload ? "/etc/a.conf" : target);
    if (reload)
        json_object_set_new(event, "who", json_string("root"));
    free(target);
    return event;
}

static void write_events(unsigned number, uint64_t from, uint64_t to, const char *between)
{
    char *name = number ? mem_format("%s.%u", path, number) : mem_text(path);
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    for (uint64_t id = from; id <= to; id++) {
        json_t *event = event_of(id);
        char *line = history_line(event);
        fputs(line, file);
        fputs(between, file);
        free(line);
        json_decref(event);
    }
    fclose(file);
    free(name);
}

static void read_all(struct history *history, const struct history_query *query, size_t most)
{
    struct error err = {.text = ""};
    history_init(history, query);
    if (!history_read(history, query, path, KEEP, most, &err))
        fail_msg("%s", err.text);
}

static uint64_t id_at(const struct history *history, size_t i)
{
    return (uint64_t)json_integer_value(json_object_get(json_array_get(history->events, i), "id"));
}

static void assert_ids(const struct history *history, uint64_t first, size_t count)
{
    assert_int_equal(json_array_size(history->events), count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(id_at(history, i), first - i);
}

static void a_line_is_read_as_the_event_that_was_written(void **state)
{
    (void)state;
    json_t *event = event_of(7);
    json_object_set_new(event, "after", json_pack("{s:s}", "reason", "\x01 \xc3\xa9 \"quoted\"\n"));
    char *line = history_line(event);
    assert_int_equal(strncmp(line, "{\"time\":\"2026-03-01T00:15:37.000Z\",\"id\":7,\"kind\":\"verdict\"", 58), 0);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    json_t *again = history_parse(line, strlen(line) - 1);
    assert_true(json_equal(event, again));
    free(line);
    json_decref(event);
    json_decref(again);
}

static void the_newest_come_first_out_of_all_files(void **state)
{
    (void)state;
    struct history_query query;
    struct history history;
    write_events(2, 1, 10, "");
    write_events(1, 11, 20, "");
    write_events(0, 21, 25, "");
    history_query_init(&query);
    query.limit = 18;
    read_all(&history, &query, SIZE_MAX);
    assert_ids(&history, 25, 18);
    assert_true(history.more);
    assert_int_equal(history.next, 8);
    query.before = history.next;
    history_release(&history);
    read_all(&history, &query, SIZE_MAX);
    assert_ids(&history, 7, 7);
    assert_false(history.more);
    history_release(&history);
}

static void a_missing_file_is_an_empty_one(void **state)
{
    (void)state;
    struct history_query query;
    struct history history;
    write_events(1, 11, 20, "");
    history_query_init(&query);
    read_all(&history, &query, SIZE_MAX);
    assert_ids(&history, 20, 10);
    history_release(&history);
    assert_int_equal(history_last_id(path, KEEP), 20);
    assert_int_equal(history_last_id("/nowhere/at/all", KEEP), 0);
}

static void unsound_lines_are_counted_and_cost_no_other(void **state)
{
    (void)state;
    static const char *const unsound[] = {
        "garbage\n",
        "\n",
        "{\"time\":\"2026-03-01T00:15:37.000Z\",\"id\":0,\"kind\":\"order\",\"what\":\"x\"}\n",
        "{\"time\":\"2026-03-01T00:15:37.000Z\",\"id\":9007199254740992,\"kind\":\"order\",\"what\":\"x\"}\n",
        "{\"time\":\"yesterday\",\"id\":3,\"kind\":\"order\",\"what\":\"x\"}\n",
        "{\"time\":\"2026-03-01T00:15:37.000Z\",\"id\":3,\"kind\":7,\"what\":\"x\"}\n",
        "{\"time\":\"2026-03-01T00:15:37.000Z\",\"id\":3,\"kind\":\"order\"}\n",
        "[3]\n",
        "{\"time\":\"2026-03-01T00:15:37.000Z\",\"id\":3,\"kind\":\"or\xff\",\"what\":\"x\"}\n",
    };
    for (size_t i = 0; i < sizeof unsound / sizeof *unsound; i++) {
        struct history_query query;
        struct history history;
        write_events(0, 1, 5, unsound[i]);
        history_query_init(&query);
        read_all(&history, &query, SIZE_MAX);
        assert_ids(&history, 5, 5);
        assert_int_equal(history.unsound, unsound[i][0] == '\n' ? 0 : 5);
        history_release(&history);
    }
}

static void a_line_longer_than_any_is_skipped_as_one(void **state)
{
    (void)state;
    struct history_query query;
    struct history history;
    char *between = mem_new(300000, 1);
    memset(between, 'x', 299990);
    between[299990] = '\n';
    write_events(0, 1, 4, between);
    history_query_init(&query);
    read_all(&history, &query, SIZE_MAX);
    assert_ids(&history, 4, 4);
    assert_int_equal(history.unsound, 4);
    history_release(&history);
    free(between);
}

static void a_torn_last_line_is_skipped(void **state)
{
    (void)state;
    struct history_query query;
    struct history history;
    write_events(0, 1, 4, "");
    FILE *file = fopen(path, "a");
    fputs("{\"time\":\"2026-03-01T00:15:", file);
    fclose(file);
    history_query_init(&query);
    read_all(&history, &query, SIZE_MAX);
    assert_ids(&history, 4, 4);
    assert_int_equal(history.unsound, 1);
    history_release(&history);
}

/* Events that a rotation or a failed write has left twice. */
static void nothing_is_told_twice(void **state)
{
    (void)state;
    struct history_query query;
    struct history history;
    write_events(1, 1, 10, "");
    write_events(0, 8, 15, "");
    history_query_init(&query);
    read_all(&history, &query, SIZE_MAX);
    assert_ids(&history, 15, 15);
    history_release(&history);
}

static size_t count_of(const struct history_query *query)
{
    struct history history;
    read_all(&history, query, SIZE_MAX);
    const size_t count = json_array_size(history.events);
    history_release(&history);
    return count;
}

static void filters_leave_what_was_asked_for(void **state)
{
    (void)state;
    struct history_query query;
    write_events(0, 1, 60, "");
    history_query_init(&query);
    query.kinds = "order,reload";
    assert_int_equal(count_of(&query), 6);
    history_query_init(&query);
    query.target = "LB1";
    assert_int_equal(count_of(&query), 18);
    history_query_init(&query);
    query.who = "root";
    assert_int_equal(count_of(&query), 6);
    query.who = "roo";
    assert_int_equal(count_of(&query), 0);
    history_query_init(&query);
    query.after_ms = BEGIN_MS + 11 * AT_MS;
    query.until_ms = BEGIN_MS + 20 * AT_MS;
    assert_int_equal(count_of(&query), 10);
}

/* Page by page, with so little read at once that no page holds what was asked for. */
static void paging_goes_through_large_files_to_their_end(void **state)
{
    (void)state;
    enum { FIRST = 4000, ALL = 9000 };
    struct history_query query;
    uint64_t expected = ALL;
    unsigned pages = 0;
    write_events(1, 1, FIRST, "");
    write_events(0, FIRST + 1, ALL, "");
    history_query_init(&query);
    query.kinds = "reload";
    query.limit = 1000;
    for (bool more = true; more; pages++) {
        struct history history;
        read_all(&history, &query, 100000);
        for (size_t i = 0; i < json_array_size(history.events); i++, expected -= 10)
            assert_int_equal(id_at(&history, i), expected);
        more = history.more;
        assert_true(!more || history.next < query.before);
        query.before = history.next;
        history_release(&history);
    }
    assert_int_equal(expected, 0);
    assert_in_range(pages, 9, 30); /* a page costs about 100 kB wherever it is */
}

static void what_is_older_than_asked_for_is_not_read(void **state)
{
    (void)state;
    struct history_query query;
    struct history history;
    write_events(0, 1, 9000, "");
    history_query_init(&query);
    query.after_ms = BEGIN_MS + 8990 * AT_MS;
    read_all(&history, &query, SIZE_MAX);
    assert_ids(&history, 9000, 11);
    assert_true(history.next > 7000);
    history_release(&history);
}

static json_t *journal_of(uint64_t from, uint64_t to)
{
    json_t *events = json_array();
    for (uint64_t id = from; id <= to; id++)
        json_array_append_new(events, event_of(id));
    return events;
}

static void memory_comes_first_and_files_go_on_behind_it(void **state)
{
    (void)state;
    struct history_query query;
    struct history history;
    struct error err;
    json_t *events = journal_of(5, 12); /* 11 and 12 are not on disk yet */
    write_events(0, 1, 10, "");
    history_query_init(&query);
    query.limit = 10;
    history_init(&history, &query);
    history_take(&history, &query, events);
    assert_false(history.more);
    assert_true(history_read(&history, &query, path, KEEP, SIZE_MAX, &err));
    assert_ids(&history, 12, 10);
    assert_true(history.more);
    json_decref(events);
    history_release(&history);
}

static void following_gives_the_oldest_first_and_says_where_to_go_on(void **state)
{
    (void)state;
    struct history_query query;
    struct history history;
    json_t *events = journal_of(5, 12);
    history_query_init(&query);
    query.limit = 3;
    history_init(&history, &query);
    history_follow(&history, &query, events);
    assert_ids(&history, 7, 3);
    assert_true(history.more);
    assert_int_equal(history.next, 7);
    history_release(&history);
    query.limit = 8;
    history_init(&history, &query);
    history_follow(&history, &query, events);
    assert_ids(&history, 12, 8);
    assert_false(history.more);
    history_release(&history);
    json_decref(events);
}

static const char *fault_of(const char *line)
{
    static struct error err;
    struct request request;
    struct history_query query;
    uint64_t since;
    assert_true(request_parse(line, strlen(line), &request, &err));
    const bool sound = history_request(&request, &query, &since, &err);
    request_release(&request);
    return sound ? NULL : err.text;
}

static void requests_are_read_and_unsound_ones_refused(void **state)
{
    (void)state;
    assert_null(fault_of("{\"command\":\"history\"}"));
    assert_null(fault_of(
        "{\"command\":\"history\",\"since\":\"0\",\"limit\":\"1000\",\"kind\":\"order,verdict\",\"target\":\"x\",\"who\":\"root\"}"));
    assert_null(
        fault_of("{\"command\":\"history\",\"before\":\"1772324130000000\",\"after\":\"2026-03-01\",\"until\":\"2026-03-01T00:00:00Z\"}"));
    assert_non_null(strstr(fault_of("{\"command\":\"history\",\"since\":\"x\"}"), "\"since\" must be"));
    assert_non_null(strstr(fault_of("{\"command\":\"history\",\"before\":\"\"}"), "\"before\" must be"));
    assert_non_null(strstr(fault_of("{\"command\":\"history\",\"before\":\"99999999999999999\"}"), "\"before\" must be"));
    assert_non_null(strstr(fault_of("{\"command\":\"history\",\"since\":\"1\",\"before\":\"2\"}"), "only one of"));
    assert_non_null(strstr(fault_of("{\"command\":\"history\",\"limit\":\"0\"}"), "1 to 1000"));
    assert_non_null(strstr(fault_of("{\"command\":\"history\",\"limit\":\"1001\"}"), "1 to 1000"));
    assert_non_null(strstr(fault_of("{\"command\":\"history\",\"kind\":\"order,oder\"}"), "\"oder\" is no kind"));
    assert_non_null(strstr(fault_of("{\"command\":\"history\",\"kind\":\"\"}"), "is no kind"));
    assert_non_null(strstr(fault_of("{\"command\":\"history\",\"after\":\"yesterday\"}"), "\"after\" must be a time"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_is_read_as_the_event_that_was_written),
        TEST(the_newest_come_first_out_of_all_files),
        TEST(a_missing_file_is_an_empty_one),
        TEST(unsound_lines_are_counted_and_cost_no_other),
        TEST(a_line_longer_than_any_is_skipped_as_one),
        TEST(a_torn_last_line_is_skipped),
        TEST(nothing_is_told_twice),
        TEST(filters_leave_what_was_asked_for),
        TEST(paging_goes_through_large_files_to_their_end),
        TEST(what_is_older_than_asked_for_is_not_read),
        TEST(memory_comes_first_and_files_go_on_behind_it),
        TEST(following_gives_the_oldest_first_and_says_where_to_go_on),
        TEST(requests_are_read_and_unsound_ones_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
