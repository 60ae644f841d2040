/* Any octets as the files of the state folder: read with warnings, never worse; what was read can be written, and is then read alike. */
#include "base/invariant.h"
#include "base/memory.h"
#include "control/habits.h"
#include "control/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/sipsteer-fuzz-XXXXXX";

static void remove_folder(void)
{
    static const char *const names[] = {"verdicts.json", "overrides.json", "serials.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void put(const char *name, const void *octets, size_t len)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    invariant(file);
    fwrite(octets, 1, len, file);
    fclose(file);
}

/* What is sound survives being written. */
static void verdicts(const uint8_t *data, size_t size, struct report *report)
{
    struct saved saved, again;
    struct error err;
    put("verdicts.json", data, size);
    state_read_verdicts(folder, false, 1000, report, &saved);
    char *text = state_verdicts_text(&saved, 1000);
    invariant(state_write(folder, STATE_VERDICTS, text, &err));
    const size_t before = report->count;
    state_read_verdicts(folder, false, 1000, report, &again);
    invariant(report->count == before && again.count == saved.count && again.ramp_count == saved.ramp_count);
    free(text);
    saved_release(&saved);
    saved_release(&again);
}

static void orders(const uint8_t *data, size_t size, struct report *report)
{
    struct overrides read, again;
    struct areas areas;
    struct error err;
    put("overrides.json", data, size);
    state_read_overrides(folder, false, 1000, 1000, report, &read);
    overrides_areas(&read, &areas);
    char *text = state_overrides_text(&read);
    invariant(state_write(folder, STATE_OVERRIDES, text, &err));
    const size_t before = report->count;
    invariant(state_read_overrides(folder, false, 1000, 1000, report, &again) && report->count == before && again.count == read.count);
    for (size_t i = 0; i < read.count; i++) {
        invariant(again.items[i].id == read.items[i].id && again.items[i].planned == read.items[i].planned);
        invariant(read.items[i].id > 0 && read.items[i].id <= read.last_id);
    }
    free(text);
    overrides_release(&read);
    overrides_release(&again);
}

/* What is taken can be written, and is then taken again. */
static void read_habits(const uint8_t *data, size_t size)
{
    struct habits habits = {0}, again = {0};
    struct error err;
    char *text = mem_format("%.*s", (int)size, (const char *)data);
    if (habits_read(&habits, text, &err)) {
        char *written = habits_text(&habits);
        invariant(habits_read(&again, written, &err) && again.site_count == habits.site_count);
        free(written);
    }
    habits_release(&habits);
    habits_release(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool made;
    struct report report;
    struct serials serials = {0};
    if (!made) {
        invariant(mkdtemp(folder));
        atexit(remove_folder);
        made = true;
    }
    report_init(&report);
    verdicts(data, size, &report);
    orders(data, size, &report);
    put("serials.json", data, size);
    state_read_serials(folder, &report, &serials);
    serials_release(&serials);
    read_habits(data, size);
    report_release(&report);
    return 0;
}
