#include "control/reload_event.h"

#include "control/protocol.h"

json_t *reload_sizes(const struct config *config, uint64_t generation)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "generation", (json_int_t)generation, "zones", (json_int_t)config->zone_count, "services",
                     (json_int_t)config->service_count, "sites", (json_int_t)config->site_count, "endpoints",
                     (json_int_t)config->endpoint_count);
}

json_t *reload_outcome(json_t *sizes, const struct report *report, const struct comparison *comparison)
{
    json_t *object = sizes ? sizes : json_object();
    struct report first = *report;
    first.count = report->count < FINDINGS_NOTED ? report->count : FINDINGS_NOTED;
    json_object_set_new(object, "findings", findings_json(&first));
    if (report->count > first.count)
        json_object_set_new(object, "findings_left_out", json_integer((json_int_t)(report->count - first.count)));
    if (comparison)
        json_object_set_new(object, "moved_percent", json_real(comparison_moved(comparison)));
    return object;
}
