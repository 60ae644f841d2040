/* Events, printed for people or as lines of JSON. Thread: main. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* events: newest first; they are printed the other way round. */
void show_events(const json_t *events, bool json);
