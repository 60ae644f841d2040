/* How probes of any kind end badly. Pure. Thread: any. */
#pragma once

#include "health/health.h"

struct observation observation_failed(enum reason reason);
/* With words for people to read, cut to what fits; what others have sent is shown without control characters. */
struct observation observation_failed_as(enum reason reason, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What an errno of connect(), send() or recv() tells about the endpoint; REASON_LOCAL if nothing. */
enum reason reason_of_errno(int why);
