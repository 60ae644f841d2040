#include "probe/outcome.h"

#include "probe/detail.h"

#include <errno.h>
#include <stdarg.h>

struct observation observation_failed(enum reason reason)
{
    return (struct observation){.outcome = OUTCOME_FAILED, .reason = reason};
}

struct observation observation_failed_as(enum reason reason, const char *format, ...)
{
    struct observation seen = observation_failed(reason);
    va_list args;
    va_start(args, format);
    detail_setv(seen.detail, format, args);
    va_end(args);
    return seen;
}

enum reason reason_of_errno(int why)
{
    switch (why) {
    case ECONNREFUSED: return REASON_REFUSED;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENONET: return REASON_UNREACHABLE;
    case ETIMEDOUT: return REASON_TIMEOUT;
    case ECONNRESET:
    case EPIPE: return REASON_CLOSED;
    default: return REASON_LOCAL;
    }
}
