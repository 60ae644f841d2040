#include "control/exposition.h"

#include "base/memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct page *page, const char *text, size_t len)
{
    page->text = mem_grow(page->text, &page->room, page->len + len + 1, 1);
    memcpy(page->text + page->len, text, len);
    page->len += len;
    page->text[page->len] = '\0';
}

static void put_text(struct page *page, const char *text)
{
    put(page, text, strlen(text));
}

const char *series_type_text(enum series_type type)
{
    static const char *const texts[] = {[SERIES_COUNTER] = "counter", [SERIES_GAUGE] = "gauge", [SERIES_HISTOGRAM] = "histogram"};
    return texts[type];
}

/* Line feeds and backslashes; within quotes those, too. */
static void put_escaped(struct page *page, const char *text, bool quoted)
{
    for (const char *at = text; *at; at++) {
        if (*at == '\n')
            put_text(page, "\\n");
        else if (*at == '\\')
            put_text(page, "\\\\");
        else if (*at == '"' && quoted)
            put_text(page, "\\\"");
        else
            put(page, at, 1);
    }
}

void page_family(struct page *page, const char *name, enum series_type type, const char *help)
{
    put_text(page, "# HELP ");
    put_text(page, name);
    put_text(page, " ");
    put_escaped(page, help, false);
    put_text(page, "\n# TYPE ");
    put_text(page, name);
    put_text(page, " ");
    put_text(page, series_type_text(type));
    put_text(page, "\n");
}

static void put_label(struct page *page, const char *before, const struct label *label)
{
    put_text(page, before);
    put_text(page, label->name);
    put_text(page, "=\"");
    put_escaped(page, label->value, true);
    put_text(page, "\"");
}

static void put_value(struct page *page, double value)
{
    char text[40];
    if (isnan(value))
        put_text(page, "NaN");
    else if (isinf(value))
        put_text(page, value > 0 ? "+Inf" : "-Inf");
    else if (value == floor(value) && fabs(value) <= 9007199254740992.0)
        put(page, text, (size_t)snprintf(text, sizeof text, "%.0f", value));
    else
        put(page, text, (size_t)snprintf(text, sizeof text, "%.10g", value));
}

/* more: one label behind the others, or NULL. */
static void put_sample(struct page *page, const char *name, const char *suffix, const struct label labels[LABELS_MAX],
                       const struct label *more, double value)
{
    const char *before = "{";
    put_text(page, name);
    put_text(page, suffix);
    for (size_t i = 0; i < LABELS_MAX && labels[i].name; i++, before = ",")
        put_label(page, before, &labels[i]);
    if (more)
        put_label(page, before, more);
    put_text(page, more || *before == ',' ? "} " : " ");
    put_value(page, value);
    put_text(page, "\n");
}

void page_sample(struct page *page, const char *name, const struct label labels[LABELS_MAX], double value)
{
    put_sample(page, name, "", labels, NULL, value);
}

void page_histogram(struct page *page, const char *name, const struct label labels[LABELS_MAX], const struct histogram *histogram)
{
    uint64_t sum = 0;
    for (size_t i = 0; i <= histogram->bound_count; i++) {
        char bound[40] = "+Inf";
        if (i < histogram->bound_count)
            snprintf(bound, sizeof bound, "%g", histogram->bounds[i]);
        sum += histogram->counts[i];
        put_sample(page, name, "_bucket", labels, &(struct label){"le", bound}, (double)sum);
    }
    put_sample(page, name, "_sum", labels, NULL, histogram->sum);
    put_sample(page, name, "_count", labels, NULL, (double)sum);
}

char *page_take(struct page *page, size_t *ret_len)
{
    char *text = page->text ? page->text : mem_text("");
    *ret_len = page->len;
    *page = (struct page){.text = NULL};
    return text;
}
