#include "control/duration.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const uint64_t LONGEST_MS = UINT64_C(3650) * 24 * 3600 * 1000;

static const struct unit {
    const char *text;
    uint64_t ms;
} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

static bool read_number(const char **at, uint64_t *ret_number)
{
    if (**at < '0' || **at > '9')
        return false;
    *ret_number = 0;
    for (; **at >= '0' && **at <= '9'; ++*at) {
        *ret_number = *ret_number * 10 + (uint64_t)(**at - '0');
        if (*ret_number > LONGEST_MS)
            return false;
    }
    return true;
}

static const struct unit *read_unit(const char **at)
{
    const size_t len = strcspn(*at, "0123456789");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strlen(units[i].text) == len && strncmp(*at, units[i].text, len) == 0) {
            *at += len;
            return &units[i];
        }
    return NULL;
}

bool duration_parse(const char *text, uint64_t *ret_ms)
{
    uint64_t sum = 0, number, last = UINT64_MAX;
    const char *at = text;
    do {
        if (!read_number(&at, &number))
            return false;
        if (!*at && at != text && last == UINT64_MAX) { /* a lone number */
            *ret_ms = number * 1000;
            return number <= LONGEST_MS / 1000;
        }
        const struct unit *unit = read_unit(&at);
        if (!unit || unit->ms >= last || number > LONGEST_MS / unit->ms)
            return false;
        last = unit->ms;
        sum += number * unit->ms;
    } while (*at);
    *ret_ms = sum;
    return sum <= LONGEST_MS;
}

const char *duration_format(uint64_t ms, char out[DURATION_TEXT])
{
    const uint64_t s = ms / 1000, m = s / 60, h = m / 60;
    if (ms < 1000)
        snprintf(out, DURATION_TEXT, "%" PRIu64 "ms", ms);
    else if (m == 0)
        snprintf(out, DURATION_TEXT, "%" PRIu64 "s", s);
    else if (h == 0)
        snprintf(out, DURATION_TEXT, "%" PRIu64 "m%02" PRIu64 "s", m, s % 60);
    else if (h < 24)
        snprintf(out, DURATION_TEXT, "%" PRIu64 "h%02" PRIu64 "m", h, m % 60);
    else
        snprintf(out, DURATION_TEXT, "%" PRIu64 "d%02" PRIu64 "h", h / 24, h % 24);
    return out;
}
