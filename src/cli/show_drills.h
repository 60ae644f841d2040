/* Drills, printed for people. Thread: main. */
#pragma once

#include <jansson.h>

/* {"drills": [...]}: the summaries. */
void show_drills(const json_t *reply);
/* One whole report. */
void show_drill(const json_t *report);
/* "0m42s of 5m0s, 118 of 240 calls left, fullest: ashburn 61 %", to be freed. */
char *drill_progress(const json_t *report);
