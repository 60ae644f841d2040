/* Where engines of other threads leave their results for the director. A short lock, no allocation in the common case; the reader takes all at once.
 * Thread: the puts any, the others the director's. */
#pragma once

#include "collect/collect.h"
#include "probe/probe.h"

#include <stddef.h>

struct inbox;

/* For items of this size. wake_fd: an eventfd that is raised when the inbox turns from empty to not empty. */
struct inbox *inbox_new(int wake_fd, size_t item_size);
void inbox_free(struct inbox *inbox);

/* A probe_result_fn, and a load_result_fn; context is an inbox for items of that kind. */
void inbox_put(const struct check_result *result, void *context);
void inbox_put_load(const struct load_result *result, void *context);

/* All results since the last call, in their order; valid until the next call. */
const void *inbox_take(struct inbox *inbox, size_t *ret_count);
