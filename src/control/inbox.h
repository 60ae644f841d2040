/* Where the probe engine leaves its results for the director. A short lock, no allocation in the common case; the reader takes all at once.
 * Thread: inbox_put() any, the others the director's. */
#pragma once

#include "probe/probe.h"

#include <stddef.h>

struct inbox;

/* wake_fd: an eventfd that is raised when the inbox turns from empty to not empty. */
struct inbox *inbox_new(int wake_fd);
void inbox_free(struct inbox *inbox);

/* A probe_result_fn; context is the inbox. */
void inbox_put(const struct check_result *result, void *context);

/* All results since the last call, in their order; valid until the next call. */
const struct check_result *inbox_take(struct inbox *inbox, size_t *ret_count);
