/* Lines on standard error: "level: message", or with journald's <N> prefix when the journal reads them.
 * Never called on the query path. Thread: any; a line is one write. */
#pragma once

#include "base/error.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_DEBUG };

/* Lines above this level are dropped (LOG_NOTICE at the start). */
void log_set_level(enum log_level level);

/* From here on a thread of its own writes the lines, so that nobody waits for a reader of standard error who does not read. What does
 * not fit into its buffer is lost; how much is told when writing works again. */
bool log_start(struct error *err);

/* Waits until all is written, but at most wait_ms. */
void log_flush(unsigned wait_ms);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
