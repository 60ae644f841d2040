#include "zone/complaints.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void complaints_init(struct complaints *complaints, struct report *report)
{
    *complaints = (struct complaints){.report = report};
}

void complaints_release(struct complaints *complaints)
{
    for (size_t i = 0; i < complaints->file_count; i++)
        free(complaints->files[i]);
    free(complaints->files);
}

uint16_t complaints_file(struct complaints *complaints, const char *path)
{
    complaints->files = mem_grow(complaints->files, &complaints->file_room, complaints->file_count + 1, sizeof *complaints->files);
    complaints->files[complaints->file_count] = mem_text(path);
    return (uint16_t)complaints->file_count++;
}

static char *place_text(const struct complaints *complaints, struct place place)
{
    const char *file = complaints->files[place.file];
    return place.line ? mem_format("%s:%u", file, place.line) : mem_text(file);
}

bool complain(struct complaints *complaints, struct place place, const char *format, ...)
{
    char what[1024];
    va_list args;
    if (complaints_full(complaints))
        return false;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    char *where = place_text(complaints, place);
    report_error(complaints->report, where, "%s", what);
    if (++complaints->errors == ERRORS_MAX)
        report_error(complaints->report, where, "stopped here, after %u errors", ERRORS_MAX);
    free(where);
    return false;
}

void complain_mildly(struct complaints *complaints, struct place place, const char *format, ...)
{
    char what[1024];
    va_list args;
    if (complaints->warnings >= WARNINGS_MAX)
        return;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    char *where = place_text(complaints, place);
    report_warning(complaints->report, where, "%s", what);
    if (++complaints->warnings == WARNINGS_MAX)
        report_warning(complaints->report, where, "no more warnings are shown after %u", WARNINGS_MAX);
    free(where);
}

bool complaints_full(const struct complaints *complaints)
{
    return complaints->errors >= ERRORS_MAX;
}
