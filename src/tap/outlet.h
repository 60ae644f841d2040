/* Where a sink writes: dnstap frames or lines of the query log. For tap/ only. Thread: the sink's. */
#pragma once

#include "tap/meaning.h"
#include "tap/point.h"

#include "base/error.h"

struct outlet;

/* config is the caller's while it is open. wake_fd: see frames_open(). NULL with the reason. */
struct outlet *outlet_open(enum tap_kind kind, const struct config *config, struct meanings *meanings, int wake_fd, struct error *err);
/* False: it cannot be written any more, and is only to be closed. What has not been flushed may be lost. */
bool outlet_write(struct outlet *outlet, const struct tap_record *record, int64_t clock_ns, struct error *err);
bool outlet_flush(struct outlet *outlet, struct error *err);
/* About once a second. */
bool outlet_pass(struct outlet *outlet, struct error *err);
/* NULL is allowed. */
void outlet_close(struct outlet *outlet);
