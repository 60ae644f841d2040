/* What is looked at again and again: how things are in short, for `sipsteer top`; and how far what takes long has come. For control/ only.
 * Thread: the director's. */
#pragma once

#include <jansson.h>

struct director;

enum { TOP_LIMIT = 1000 };

/* The reply to the command top. limit: a text that is a number, of the entries in each list; NULL: 20. */
json_t *top_reply(struct director *director, const char *limit);

/* A list of what is under way: {"what", "percent" (or null)}, what was asked for first. */
json_t *progress_json(const struct director *director);
