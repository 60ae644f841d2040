/* The text of a report's file: "up", "draining" or "down", and after it, on the same line, what people may want to know. Pure. Thread: any. */
#pragma once

#include "probe/probe.h"

/* False: it is no report. Then ret_push->detail tells what stands there instead. */
bool report_read(const char *text, size_t len, struct endpoint_report *ret_push);
