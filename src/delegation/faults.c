#include "delegation/faults.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_station(struct fault *fault, const struct station *station)
{
    char *text = station_text(station), *before = fault->at;
    fault->at = before ? mem_format("%s, %s", before, text) : mem_text(text);
    free(before);
    free(text);
}

void fault_add(struct faults *faults, const char *code, bool grave, const struct station *station, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t i = 0;
    while (i < faults->count && (strcmp(faults->items[i].code, code) != 0 || strcmp(faults->items[i].text, text) != 0))
        i++;
    if (i == faults->count) {
        faults->items = mem_grow(faults->items, &faults->room, faults->count + 1, sizeof *faults->items);
        faults->items[faults->count++] = (struct fault){.code = code, .grave = grave, .text = mem_text(text)};
    }
    if (station)
        put_station(&faults->items[i], station);
}

void faults_release(struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        free(faults->items[i].text);
        free(faults->items[i].at);
    }
    free(faults->items);
    *faults = (struct faults){0};
}

/* The grave first, otherwise as they were found. */
static void sort(struct faults *faults)
{
    for (size_t i = 1; i < faults->count; i++) {
        for (size_t k = i; k > 0 && faults->items[k].grave && !faults->items[k - 1].grave; k--) {
            const struct fault fault = faults->items[k];
            faults->items[k] = faults->items[k - 1];
            faults->items[k - 1] = fault;
        }
    }
}

void survey_judge(struct survey *survey, int64_t now_s, struct faults *ret)
{
    *ret = (struct faults){0};
    judge_parents(survey, ret);
    judge_servers(survey, now_s, ret);
    judge_keys(survey, now_s, ret);
    sort(ret);
}
