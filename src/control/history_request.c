/* The keys of the command history. */
#include "control/history.h"

#include "base/decimal.h"
#include "control/protocol.h"
#include "control/wall_time.h"

#include <stdlib.h>
#include <string.h>

/* An event's number; of 16 digits, as they begin at the wall clock's microseconds. */
static bool read_id(const char *key, const char *text, uint64_t *ret_id, struct error *err)
{
    if (!text)
        return true;
    const size_t len = strlen(text);
    *ret_id = strtoull(text, NULL, 10);
    return (len > 0 && len <= 16 && strspn(text, "0123456789") == len) || error_set(err, "\"%s\" must be the number of an event", key);
}

static bool read_limit(const char *text, size_t *ret_limit, struct error *err)
{
    uint32_t limit = (uint32_t)*ret_limit;
    if (text && (!decimal_parse(text, HISTORY_LIMIT_MOST, &limit) || limit == 0))
        return error_set(err, "\"limit\" must be a number from 1 to %d", HISTORY_LIMIT_MOST);
    *ret_limit = limit;
    return true;
}

static bool read_time(const char *key, const char *text, int64_t *ret_ms, struct error *err)
{
    return !text || wall_time_parse(text, ret_ms) ||
           error_set(err, "\"%s\" must be a time as in \"2026-03-01T08:15:00Z\" or \"2026-03-01 08:15\"", key);
}

bool history_request(const struct request *request, struct history_query *ret_query, uint64_t *ret_since, struct error *err)
{
    history_query_init(ret_query);
    *ret_since = 0;
    ret_query->kinds = request->kind;
    ret_query->target = request->target;
    ret_query->who = request->who;
    if (request->since && request->before)
        return error_set(err, "\"history\" takes only one of \"since\" and \"before\"");
    return read_id("since", request->since, ret_since, err) && read_id("before", request->before, &ret_query->before, err) &&
           read_limit(request->limit, &ret_query->limit, err) && read_time("after", request->after, &ret_query->after_ms, err) &&
           read_time("until", request->until, &ret_query->until_ms, err) && (!request->kind || history_kinds_sound(request->kind, err));
}
