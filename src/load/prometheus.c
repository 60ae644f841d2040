#include "load/prometheus.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 63, EVERY = (1 << SELECTOR_MATCHERS) - 1 };

/* What is left of one line. */
struct span {
    const char *at, *end;
};

static void skip_blanks(struct span *line)
{
    while (line->at < line->end && (*line->at == ' ' || *line->at == '\t'))
        line->at++;
}

static bool take_char(struct span *line, char wanted)
{
    if (line->at == line->end || *line->at != wanted)
        return false;
    line->at++;
    return true;
}

/* The quoted value of a label against the wanted one; *ret_equal stays false after the first octet that differs. */
static bool take_value(struct span *line, const char *wanted, bool *ret_equal)
{
    *ret_equal = true;
    if (!take_char(line, '"'))
        return false;
    for (; line->at < line->end && *line->at != '"'; line->at++) {
        char octet = *line->at;
        if (octet == '\\' && line->at + 1 < line->end)
            octet = *++line->at == 'n' ? '\n' : *line->at;
        *ret_equal = *ret_equal && *wanted && octet == *wanted;
        wanted += *ret_equal;
    }
    *ret_equal = *ret_equal && !*wanted;
    return take_char(line, '"');
}

/* Sets the bits of the matchers that this label fits in *fits, and of those that name it in *named. */
static bool take_label(struct span *line, const struct selector *selector, unsigned *named, unsigned *fits)
{
    const char *name = line->at;
    const size_t len = label_name_len(name, (size_t)(line->end - name));
    line->at += len;
    skip_blanks(line);
    if (len == 0 || !take_char(line, '='))
        return false;
    skip_blanks(line);
    struct span value = *line;
    bool equal;
    if (!take_value(line, "", &equal))
        return false;
    for (size_t i = 0; i < selector->count; i++) {
        const struct matcher *matcher = &selector->matchers[i];
        if (strlen(matcher->label) != len || memcmp(matcher->label, name, len) != 0)
            continue;
        struct span again = value;
        take_value(&again, matcher->value, &equal);
        *named |= 1u << i;
        *fits |= (unsigned)(equal != matcher->differs) << i;
    }
    return true;
}

/* A label that the series lacks is the same as an empty one. */
static bool fits_without(const struct selector *selector, unsigned named, unsigned fits)
{
    for (size_t i = 0; i < selector->count; i++)
        if (!(named & 1u << i) && (*selector->matchers[i].value == '\0') != selector->matchers[i].differs)
            fits |= 1u << i;
    return fits == (EVERY & ((1u << selector->count) - 1));
}

static bool take_labels(struct span *line, const struct selector *selector, bool *ret_fits)
{
    unsigned named = 0, fits = 0;
    if (take_char(line, '{')) {
        skip_blanks(line);
        while (!take_char(line, '}')) {
            if (!take_label(line, selector, &named, &fits))
                return false;
            skip_blanks(line);
            if (take_char(line, ','))
                skip_blanks(line);
            else if (line->at == line->end || *line->at != '}')
                return false;
        }
    }
    *ret_fits = fits_without(selector, named, fits);
    return true;
}

/* Decimal, or Inf and NaN in any case; no hexadecimal and nothing that a locale adds. */
static bool take_number(struct span *line, double *ret_number)
{
    char text[NUMBER_MAX + 1], *end;
    size_t len = 0;
    skip_blanks(line);
    while (line->at < line->end && *line->at != ' ' && *line->at != '\t' && len < NUMBER_MAX)
        text[len++] = *line->at++;
    text[len] = '\0';
    if (len == 0 || len == NUMBER_MAX || strpbrk(text, "xX("))
        return false;
    *ret_number = strtod(text, &end);
    return *end == '\0';
}

/* Behind the value: nothing, a timestamp, an exemplar ("# {...} ...") or both. */
static bool take_rest(struct span *line, struct page_sum *sum)
{
    double stamp;
    skip_blanks(line);
    if (line->at == line->end || *line->at == '#')
        return true;
    if (!take_number(line, &stamp) || !isfinite(stamp))
        return false;
    sum->stamp = sum->stamped && sum->stamp > stamp ? sum->stamp : stamp;
    sum->stamped = true;
    skip_blanks(line);
    return line->at == line->end || *line->at == '#';
}

/* False when the line is one of the metric and malformed. */
static bool read_line(struct span line, const struct selector *selector, struct page_sum *sum)
{
    const size_t len = strlen(selector->metric);
    bool fits;
    double value;
    skip_blanks(&line);
    if (metric_name_len(line.at, (size_t)(line.end - line.at)) != len || memcmp(line.at, selector->metric, len) != 0)
        return true;
    line.at += len;
    skip_blanks(&line);
    if (!take_labels(&line, selector, &fits))
        return false;
    if (!fits)
        return true;
    struct page_sum with = *sum;
    if (!take_number(&line, &value) || !take_rest(&line, &with))
        return false;
    if (!isfinite(value)) {
        sum->ignored++;
        return true;
    }
    *sum = with;
    sum->sum += value;
    sum->series++;
    return true;
}

struct page_sum prometheus_read(const char *page, size_t len, const struct selector *selector)
{
    struct page_sum sum = {.sum = 0};
    const char *end = page + len;
    for (size_t number = 1; page < end; number++) {
        const char *newline = memchr(page, '\n', (size_t)(end - page)), *next = newline ? newline + 1 : end;
        struct span line = {page, newline ? newline : end};
        while (line.end > line.at && (line.end[-1] == '\r' || line.end[-1] == ' ' || line.end[-1] == '\t'))
            line.end--;
        if (!read_line(line, selector, &sum) && !sum.bad)
            sum.bad = number;
        page = next;
    }
    return sum;
}
