#include "control/wall_time.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const int64_t LAST_MS = INT64_C(253402300799999); /* of the year 9999 */

const char *wall_time_format(int64_t wall_ms, char out[WALL_TIME_TEXT])
{
    const int64_t ms = wall_ms < 0 ? 0 : wall_ms > LAST_MS ? LAST_MS : wall_ms;
    const time_t at = (time_t)(ms / 1000);
    struct tm utc;
    gmtime_r(&at, &utc);
    const size_t len = strftime(out, WALL_TIME_TEXT, "%FT%T", &utc);
    snprintf(out + len, WALL_TIME_TEXT - len, ".%03uZ", (unsigned)(ms % 1000));
    return out;
}

/* So many digits, and what stands before them. Steps on. */
static bool take(const char **at, char before, int digits, int most, int *ret)
{
    const char *from = *at;
    if (before && *from++ != before)
        return false;
    *ret = 0;
    for (int i = 0; i < digits; i++, from++) {
        if (!isdigit((unsigned char)*from))
            return false;
        *ret = *ret * 10 + (*from - '0');
    }
    *at = from;
    return *ret <= most;
}

static bool take_date(const char **at, struct tm *ret)
{
    if (!take(at, 0, 4, 9999, &ret->tm_year) || !take(at, '-', 2, 12, &ret->tm_mon) || !take(at, '-', 2, 31, &ret->tm_mday))
        return false;
    ret->tm_year -= 1900;
    ret->tm_mon -= 1;
    return true;
}

/* Parts of a second beyond the milliseconds are left out. */
static bool take_time(const char **at, struct tm *ret, int *ret_ms)
{
    if (!take(at, 0, 2, 23, &ret->tm_hour) || !take(at, ':', 2, 59, &ret->tm_min))
        return false;
    if (**at == ':' && !take(at, ':', 2, 60, &ret->tm_sec))
        return false;
    if (**at != '.')
        return true;
    ++*at;
    if (!isdigit((unsigned char)**at))
        return false;
    for (int scale = 100; isdigit((unsigned char)**at); ++*at, scale /= 10)
        *ret_ms += (**at - '0') * scale;
    return true;
}

/* Seconds east of UTC. */
static bool take_offset(const char **at, int *ret_s)
{
    const char sign = **at;
    int hours = 0, minutes = 0;
    if (sign == 'Z' || sign == 'z')
        ++*at;
    else if (!take(at, sign, 2, 23, &hours) || !take(at, ':', 2, 59, &minutes))
        return false;
    *ret_s = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

/* The day that was written, not one that it is turned to, as 31 April would be. */
static bool to_seconds(const struct tm *written, bool local, int64_t *ret_s)
{
    struct tm as = *written;
    as.tm_isdst = -1;
    const time_t at = local ? mktime(&as) : timegm(&as);
    *ret_s = at;
    return as.tm_mday == written->tm_mday && at >= 0;
}

bool wall_time_parse(const char *text, int64_t *ret_wall_ms)
{
    struct tm written = {0};
    int ms = 0, offset_s = 0;
    const char *at = text;
    if (!take_date(&at, &written))
        return false;
    if (*at && (!strchr("Tt ", *at++) || !take_time(&at, &written, &ms)))
        return false;
    const bool local = !*at || !strchr("Zz+-", *at);
    if ((!local && !take_offset(&at, &offset_s)) || *at)
        return false;
    int64_t seconds;
    if (!to_seconds(&written, local, &seconds) || seconds < offset_s)
        return false;
    *ret_wall_ms = (seconds - offset_s) * 1000 + ms;
    return *ret_wall_ms <= LAST_MS;
}
