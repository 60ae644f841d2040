#include "base/report.h"

#include "base/invariant.h"
#include "base/memory.h"

#include <stdarg.h>

void report_init(struct report *report)
{
    *report = (struct report){0};
}

void report_release(struct report *report)
{
    for (size_t i = 0; i < report->count; i++)
        free(report->findings[i].text);
    free(report->findings);
    report_init(report);
}

static void add(struct report *report, enum severity severity, const char *place, const char *format, va_list args)
{
    char *what = NULL;
    invariant(vasprintf(&what, format, args) >= 0);
    char *text = place ? mem_format("%s: %s", place, what) : mem_text(what);
    free(what);
    report->findings = mem_grow(report->findings, &report->room, report->count + 1, sizeof *report->findings);
    report->findings[report->count++] = (struct finding){.severity = severity, .text = text};
    report->errors += severity == SEVERITY_ERROR;
}

bool report_error(struct report *report, const char *place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(report, SEVERITY_ERROR, place, format, args);
    va_end(args);
    return false;
}

void report_warning(struct report *report, const char *place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(report, SEVERITY_WARNING, place, format, args);
    va_end(args);
}
