#include "cli/show_history.h"

#include "base/memory.h"
#include "cli/show.h"
#include "control/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COLUMNS = 6, TIME_TEXT = 64 };

/* Columns grow while a program follows, and never shrink. */
static size_t widths[COLUMNS];

static const char *local_time(long long ms, char out[TIME_TEXT])
{
    const time_t at = (time_t)(ms / 1000);
    struct tm local;
    const size_t len = strftime(out, TIME_TEXT, "%F %T", localtime_r(&at, &local));
    snprintf(out + len, TIME_TEXT - len, ".%03u", (unsigned)(ms % 1000));
    return out;
}

/* " until 2026-03-01 10:15"; "" for none. */
static const char *minute_text(const char *word, long long wall_s, char out[TIME_TEXT])
{
    const time_t at = (time_t)wall_s;
    struct tm local;
    char moment[TIME_TEXT - 16];
    out[0] = '\0';
    if (wall_s <= 0)
        return out;
    strftime(moment, sizeof moment, "%F %H:%M", localtime_r(&at, &local));
    snprintf(out, TIME_TEXT, " %s %s", word, moment);
    return out;
}

/* The order, where it leads, and its beginning and end where it has them. */
static char *what_of(const json_t *event)
{
    const json_t *after = json_object_get(event, "after");
    char begin[TIME_TEXT], end[TIME_TEXT];
    const char *to = text_of(after, "to");
    if (strcmp(text_of(event, "kind"), "order") != 0)
        return mem_text(text_of(event, "what"));
    return mem_format("%s%s%s%s%s", text_of(event, "what"), *to ? " to " : "", to,
                      minute_text("from", json_is_true(json_object_get(after, "planned")) ? number_of(after, "from_s") : 0, begin),
                      minute_text("until", number_of(after, "until_s"), end));
}

/* A file that others can write to must not move the cursor. */
static void tame(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void fill_row(const json_t *event, char *row[COLUMNS])
{
    char time[TIME_TEXT];
    row[0] = mem_text(local_time(number_of(event, "at_ms"), time));
    row[1] = mem_text(text_of(event, "kind"));
    row[2] = mem_text(text_of(event, "target"));
    row[3] = what_of(event);
    row[4] = mem_text(text_of(event, "who"));
    row[5] = mem_text(text_of(event, "why"));
    for (unsigned i = 0; i < COLUMNS; i++)
        tame(row[i]);
}

static void free_row(char *row[COLUMNS])
{
    for (unsigned i = 0; i < COLUMNS; i++)
        free(row[i]);
}

static void measure(const json_t *event)
{
    char *row[COLUMNS];
    fill_row(event, row);
    for (unsigned i = 0; i < COLUMNS; i++) {
        const size_t width = width_of(row[i]);
        widths[i] = width > widths[i] ? width : widths[i];
    }
    free_row(row);
}

static void print_row(const json_t *event)
{
    char *row[COLUMNS];
    size_t pad = 0;
    fill_row(event, row);
    for (unsigned i = 0; i < COLUMNS; i++) {
        if (*row[i]) {
            printf("%*s%s", (int)pad, "", row[i]);
            pad = 0;
        }
        pad += widths[i] ? widths[i] - width_of(row[i]) + 2 : 0;
    }
    putchar('\n');
    free_row(row);
}

static void print_line(const json_t *event)
{
    char *line = history_line(event);
    fputs(line ? line : "", stdout);
    free(line);
}

void show_events(const json_t *events, bool json)
{
    size_t i;
    json_t *event;
    if (!json)
        json_array_foreach(events, i, event) measure(event);
    for (i = json_array_size(events); i > 0; i--)
        if (json)
            print_line(json_array_get(events, i - 1));
        else
            print_row(json_array_get(events, i - 1));
}
