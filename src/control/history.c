#include "control/history.h"

#include "base/memory.h"
#include "control/audit_file.h"
#include "control/journal.h"
#include "control/lines_back.h"
#include "control/wall_time.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many older ones in a row end the search in a file: the wall clock may have been wrong for a while. */
enum { OLDER_MOST = 1000 };
static const json_int_t ID_END = (json_int_t)1 << 53; /* JSON's numbers are exact up to here */

void history_query_init(struct history_query *query)
{
    *query = (struct history_query){.before = UINT64_MAX, .after_ms = INT64_MIN, .until_ms = INT64_MAX, .limit = HISTORY_LIMIT};
}

static const char *text_of(const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));
    return text ? text : "";
}

static uint64_t id_of(const json_t *event)
{
    return (uint64_t)json_integer_value(json_object_get(event, "id"));
}

/* Whether the list, parted by commas, has the word. */
static bool list_has(const char *list, const char *word)
{
    const size_t len = strlen(word);
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, word, len) == 0 && (at[len] == ',' || at[len] == '\0'))
            return true;
    return false;
}

static char *all_kinds(void)
{
    char *text = mem_text("");
    for (unsigned i = 0; i < EVENT_KINDS; i++) {
        char *longer = mem_format("%s%s%s", text, i ? ", " : "", event_kind_text(i));
        free(text);
        text = longer;
    }
    return text;
}

bool history_kinds_sound(const char *kinds, struct error *err)
{
    char *copy = mem_text(kinds), *rest = copy, *word;
    bool sound = true;
    while (sound && (word = strsep(&rest, ","))) {
        sound = false;
        for (unsigned i = 0; i < EVENT_KINDS; i++)
            sound |= strcmp(event_kind_text(i), word) == 0;
        if (!sound) {
            char *all = all_kinds();
            error_set(err, "\"%.40s\" is no kind of event, expected some of %s, with commas between", word, all);
            free(all);
        }
    }
    free(copy);
    return sound;
}

bool history_fits(const struct history_query *query, const json_t *event)
{
    const int64_t at_ms = json_integer_value(json_object_get(event, "at_ms"));
    return id_of(event) < query->before && at_ms >= query->after_ms && at_ms <= query->until_ms &&
           (!query->kinds || list_has(query->kinds, text_of(event, "kind"))) &&
           (!query->target || strcasestr(text_of(event, "target"), query->target)) &&
           (!query->who || strcmp(text_of(event, "who"), query->who) == 0);
}

void history_init(struct history *history, const struct history_query *query)
{
    *history = (struct history){.events = json_array(), .next = query->before};
}

void history_release(struct history *history)
{
    json_decref(history->events);
}

static bool is_full(const struct history *history, const struct history_query *query)
{
    return json_array_size(history->events) >= query->limit;
}

/* Newest first. What is not older than all before it is in a file that was renamed while it was read, or written twice. */
static void take_one(struct history *history, const struct history_query *query, json_t *event)
{
    const uint64_t id = id_of(event);
    if (id >= history->next)
        return;
    history->next = id;
    if (history_fits(query, event))
        json_array_append(history->events, event);
}

void history_take(struct history *history, const struct history_query *query, const json_t *events)
{
    for (size_t i = json_array_size(events); i > 0 && !is_full(history, query); i--)
        take_one(history, query, json_array_get(events, i - 1));
    history->more = is_full(history, query);
}

void history_follow(struct history *history, const struct history_query *query, const json_t *events)
{
    for (size_t i = 0; i < json_array_size(events) && !history->more; i++) {
        json_t *event = json_array_get(events, i);
        history->more = is_full(history, query);
        if (history->more)
            return;
        history->next = id_of(event);
        if (history_fits(query, event))
            json_array_insert(history->events, 0, event);
    }
}

char *history_line(const json_t *event)
{
    char time[WALL_TIME_TEXT];
    json_t *line = json_object();
    json_object_set_new(line, "time", json_string(wall_time_format(json_integer_value(json_object_get(event, "at_ms")), time)));
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)event, key, value) if (strcmp(key, "at_ms") != 0) json_object_set(line, key, value);
    char *text = json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER), *whole = text ? mem_format("%s\n", text) : NULL;
    free(text);
    json_decref(line);
    return whole;
}

json_t *history_parse(const char *line, size_t len)
{
    int64_t at_ms;
    json_t *event = len <= HISTORY_LINE_MOST ? json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const json_int_t id = json_integer_value(json_object_get(event, "id"));
    if (id > 0 && id < ID_END && json_is_string(json_object_get(event, "kind")) && json_is_string(json_object_get(event, "what")) &&
        wall_time_parse(text_of(event, "time"), &at_ms)) {
        json_object_set_new(event, "at_ms", json_integer(at_ms));
        json_object_del(event, "time");
        return event;
    }
    json_decref(event);
    return NULL;
}

/* A reading of files from their ends. */
struct reading {
    struct history *history;
    const struct history_query *query;
    size_t left;    /* octets that may still be read */
    unsigned older; /* events in a row that are older than what is asked for */
};

/* False: enough. */
static bool take_line(struct reading *reading, const char *line, size_t len)
{
    json_t *event = history_parse(line, len);
    if (!event) {
        reading->history->unsound += len > 0;
        return true;
    }
    const bool old = json_integer_value(json_object_get(event, "at_ms")) < reading->query->after_ms;
    reading->older = old ? reading->older + 1 : 0;
    take_one(reading->history, reading->query, event);
    json_decref(event);
    return !is_full(reading->history, reading->query) && reading->older < OLDER_MOST;
}

static enum line_place place_of(const char *line, size_t len, const void *context)
{
    json_t *event = history_parse(line, len);
    const enum line_place place = !event ? LINE_UNSOUND : id_of(event) < *(const uint64_t *)context ? LINE_BEFORE : LINE_AFTER;
    json_decref(event);
    return place;
}

/* True: the next file may have more that fits. */
static bool read_file(struct reading *reading, struct lines_back *lines)
{
    const char *line;
    size_t len;
    if (reading->history->next != UINT64_MAX)
        lines_back_skip(lines, place_of, &reading->history->next);
    while (lines_back_next(lines, &line, &len)) {
        const uint64_t before = reading->history->next;
        if (!take_line(reading, line, len)) {
            reading->history->more = is_full(reading->history, reading->query);
            return false;
        }
        if (reading->history->next < before) /* else it cannot bring the end of the page nearer */
            reading->left -= len < reading->left ? len : reading->left;
        if (reading->left == 0) {
            reading->history->more = true;
            return false;
        }
    }
    return true;
}

bool history_read(struct history *history, const struct history_query *query, const char *path, unsigned keep, size_t scan_most,
                  struct error *err)
{
    struct reading reading = {history, query, scan_most, 0};
    history->more = is_full(history, query);
    bool on = !history->more;
    for (unsigned number = 0; on && number <= keep; number++) {
        struct lines_back lines;
        char *name = audit_file_name(path, number);
        const bool opened = lines_back_open(&lines, name, HISTORY_LINE_MOST);
        if (!opened && number == 0 && errno != ENOENT) {
            error_set(err, "%s cannot be read: %s", name, strerror(errno));
            free(name);
            return false;
        }
        on = !opened || read_file(&reading, &lines);
        if (opened)
            lines_back_close(&lines);
        free(name);
    }
    return true;
}

json_t *history_json(const struct history *history)
{
    json_t *events = json_array();
    for (size_t i = json_array_size(history->events); i > 0; i--)
        json_array_append(events, json_array_get(history->events, i - 1));
    return json_pack("{s:o, s:b, s:o, s:I}", "events", events, "more", (int)history->more, "next",
                     history->more ? json_integer((json_int_t)history->next) : json_null(), "unsound", (json_int_t)history->unsound);
}

uint64_t history_last_id(const char *path, unsigned keep)
{
    struct history_query query;
    struct history history;
    struct error err;
    history_query_init(&query);
    query.limit = 1;
    history_init(&history, &query);
    history_read(&history, &query, path, keep, HISTORY_SCAN_MOST, &err);
    const uint64_t id = id_of(json_array_get(history.events, 0));
    history_release(&history);
    return id;
}
