#include "control/gathering.h"

#include "base/clock.h"
#include "base/log.h"

#include <string.h>

bool gathering_open(struct gathering *gathering, int wake_fd, struct error *err)
{
    gathering->inbox = inbox_new(wake_fd, sizeof(struct load_result));
    gathering->collector = collector_new(inbox_put_load, gathering->inbox, err);
    return gathering->collector != NULL;
}

/* A line when a source begins to fail, fails otherwise, or is well again; not one each time. */
static void log_turn(const struct meters *meters, const struct meter *meter, bool failed_before, const char *why_before)
{
    char name[METER_TEXT];
    if (meter->failed && (!failed_before || strcmp(meter->why, why_before) != 0))
        log_warning("load of %s: %s: %s", meter_name(meters, meter, name), meter->source->name, meter->why);
    else if (!meter->failed && failed_before)
        log_notice("load of %s: %s is read again", meter_name(meters, meter, name), meter->source->name);
}

void gathering_take(struct gathering *gathering, struct meters *meters)
{
    size_t count;
    const struct load_result *results = inbox_take(gathering->inbox, &count);
    const uint64_t now_ms = clock_ms();
    for (size_t i = 0; i < count; i++) {
        struct meter *meter = meters_addressee(meters, &results[i]);
        if (!meter)
            continue;
        const struct meter before = *meter;
        meter_take(meter, &results[i], now_ms);
        log_turn(meters, meter, before.failed, before.why);
    }
}

bool gathering_close(struct gathering *gathering)
{
    const bool idle = collector_free(gathering->collector);
    if (idle)
        inbox_free(gathering->inbox);
    *gathering = (struct gathering){.collector = NULL};
    return idle;
}
