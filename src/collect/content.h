/* From what a source has answered to the one number that is meant. Pure. Thread: any. */
#pragma once

#include "base/error.h"
#include "load/reading.h"

#include <stddef.h>

/* An answer (the caller's text) that one or more sources read; what is made of it is made once for all. */
struct content {
    const char *text;
    size_t len;
    struct json *json;
    struct error not_json; /* why it is none */
};
void content_release(struct content *content);

/* metric: a selector (model/selector.h) of a Prometheus page; path: into JSON; neither: the text is a number. sum: of all series that fit. Fills value and
 * stamp of *ret_sample. False: why, in printable ASCII. */
bool content_read(struct content *content, const char *metric, const char *path, bool sum, struct load_sample *ret_sample,
                  struct error *err);
