#include "control/moment.h"

#include "control/duration.h"
#include "control/wall_time.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "22:00" -> 22, 0. */
static bool read_clock(const char *text, int *ret_hour, int *ret_minute)
{
    if (strlen(text) != 5 || strspn(text, "0123456789:") != 5 || text[2] != ':' || text[0] == ':' || text[1] == ':' || text[3] == ':' ||
        text[4] == ':')
        return false;
    *ret_hour = (text[0] - '0') * 10 + text[1] - '0';
    *ret_minute = (text[3] - '0') * 10 + text[4] - '0';
    return *ret_hour <= 23 && *ret_minute <= 59;
}

/* Today, or tomorrow if that is past. */
static bool next_clock(const char *text, int64_t now_s, int64_t *ret_s)
{
    struct tm day;
    const time_t now = (time_t)now_s;
    int hour, minute;
    if (!read_clock(text, &hour, &minute))
        return false;
    for (int later = 0; later < 2; later++) {
        localtime_r(&now, &day);
        day.tm_mday += later;
        day.tm_hour = hour;
        day.tm_min = minute;
        day.tm_sec = 0;
        day.tm_isdst = -1;
        *ret_s = mktime(&day);
        if (*ret_s > now_s)
            break;
    }
    return true;
}

static bool of_epoch(const char *text, int64_t *ret_s)
{
    char *end;
    if (!isdigit((unsigned char)text[0]) || strlen(text) > 12)
        return false;
    *ret_s = strtoll(text, &end, 10);
    return !*end;
}

bool moment_parse(const char *text, int64_t now_s, int64_t *ret_s, struct error *err)
{
    uint64_t span_ms;
    int64_t wall_ms;
    if (text[0] == '@' && of_epoch(text + 1, ret_s))
        return true;
    if (text[0] == '+' && duration_parse(text + 1, &span_ms)) {
        *ret_s = now_s + (int64_t)(span_ms / 1000);
        return true;
    }
    if (next_clock(text, now_s, ret_s))
        return true;
    if (!wall_time_parse(text, &wall_ms))
        return error_set(err, "\"%.40s\" is no time: 22:00, 2026-11-22T22:00 (local time; with a Z at the end: UTC) or +2h was expected",
                         text);
    *ret_s = wall_ms / 1000;
    return true;
}
