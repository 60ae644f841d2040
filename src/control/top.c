#include "control/top.h"

#include "base/decimal.h"
#include "base/progress.h"
#include "control/describe.h"
#include "control/director.h"
#include "control/protocol.h"
#include "control/watch.h"

enum { TOP_LISTED = 20 };

static json_t *sites_with_prices(const struct view *view)
{
    json_t *list = describe_sites(view), *site;
    size_t i;
    json_array_foreach(list, i, site) json_object_set_new(site, "price_km", json_real(view->setup->prices_m[i] / 1000.0));
    return list;
}

static json_t *top_json(struct director *director, size_t limit)
{
    const struct view view = director_view(director);
    return json_pack("{s:I, s:I, s:s, s:I, s:o, s:o, s:o, s:o}", "at_s", (json_int_t)view.wall_s, "uptime_ms",
                     (json_int_t)(view.now_ms - director->started_ms), "phase", director_phase(director), "generation",
                     (json_int_t)director->generation, "alarms", watch_alarms(director), "counters", status_counters(director->server),
                     "demand", audience_json(director->audience, director->setup, limit), "sites", sites_with_prices(&view));
}

json_t *top_reply(struct director *director, const char *limit)
{
    uint32_t most = TOP_LISTED;
    if (limit && (!decimal_parse(limit, TOP_LIMIT, &most) || most == 0))
        return reply_error("\"limit\" must be a number from 1 to %d, as in \"50\"", TOP_LIMIT);
    json_t *reply = reply_ok();
    json_object_set_new(reply, "top", top_json(director, most));
    return reply;
}

json_t *progress_json(const struct director *director)
{
    const struct work *const works[] = {director->loader, director->signer};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
        struct progress_seen seen;
        if (progress_see(work_progress(works[i]), &seen))
            json_array_append_new(
                list, json_pack("{s:s, s:o}", "what", seen.what, "percent", seen.percent < 0 ? json_null() : json_integer(seen.percent)));
    }
    return list;
}
