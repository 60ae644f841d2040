/* What a drill was and what came of it, as JSON: STATE/drills/ID.json, `sipsteer drills`. Fields: docs/drills.md. Pure. Thread: any. */
#pragma once

#include "base/error.h"
#include "control/drill.h"

#include <jansson.h>

json_t *drill_json(const struct drill *drill);

/* One that was running, from its report (a file: anything may stand in it): all but began_ms and until_ms, which drill_resume() sets. False: why. */
bool drill_read(const json_t *report, struct drill *ret_drill, struct error *err);

/* The few fields that a list shows; NULL when this is no report. */
json_t *drill_summary(const json_t *report);
