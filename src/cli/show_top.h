/* What `sipsteer top` shows of two looks at a daemon. Thread: main. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum top_view { TOP_SERVICES, TOP_CLASSES, TOP_SITES, TOP_RESOLVERS, TOP_VIEWS };
/* "service" ... as --by takes them. */
extern const char *const top_view_words[TOP_VIEWS];

/* Rates between two replies of the command top (before may be NULL: none yet): {"seconds", "queries", "answers", "steered", ... "rcodes": {...},
 * "dropped": {...}}, all but the first a second. */
json_t *top_rates(const json_t *before, const json_t *now);

/* One picture: a heading, then the view's table with at most rows rows. */
void show_top(const json_t *top, const json_t *rates, enum top_view view, size_t rows, FILE *to);
