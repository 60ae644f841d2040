/* Any octets as the report of a drill: refused or read, and what was read is written and read alike. */
#include "base/invariant.h"
#include "control/drill_report.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct drill drill, again;
    struct error err;
    json_t *report = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    json_decref(drill_summary(report));
    if (drill_read(report, &drill, &err)) {
        drill_resume(&drill, size % 3 * 1000, 5000);
        json_t *written = drill_json(&drill);
        invariant(written);
        invariant(drill_read(written, &again, &err));
        invariant(again.result == drill.result && strcmp(again.start.id, drill.start.id) == 0 && again.start.for_ms == drill.start.for_ms);
        json_decref(written);
    }
    json_decref(report);
    return 0;
}
