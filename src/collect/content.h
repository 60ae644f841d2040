/* From what a source has answered to the one number that is meant. Pure. Thread: any. */
#pragma once

#include "base/error.h"
#include "load/reading.h"

#include <stddef.h>

/* metric: a selector (model/selector.h) of a Prometheus page; path: into JSON; neither: the text is a number. sum: of all series that fit. Fills value and
 * stamp of *ret_sample. False: why, in printable ASCII. */
bool content_read(const char *text, size_t len, const char *metric, const char *path, bool sum, struct load_sample *ret_sample,
                  struct error *err);
