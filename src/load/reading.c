#include "load/reading.h"

#include <math.h>

/* In intervals. Load that rises is believed sooner than load that falls: the harm of a late move is on one side only. */
static const double rising = 1, falling = 4;
static const double fresh = 1.5, worthless = 3;
static const double absurd = 10, most_ever = 1e12; /* most_ever: also sums and squares of such values are finite, and beyond any capacity */

double load_trust(uint64_t age_ms, uint32_t interval_ms)
{
    const double intervals = (double)age_ms / (interval_ms ? interval_ms : 1);
    if (intervals <= fresh)
        return 1;
    return intervals >= worthless ? 0 : (worthless - intervals) / (worthless - fresh);
}

double reading_trust(const struct reading *reading, uint64_t now_ms)
{
    if (!reading->known)
        return 0;
    return load_trust(now_ms > reading->at_ms ? now_ms - reading->at_ms : 0, reading->interval_ms);
}

/* A counter of several series may fall because one of them began anew: reckoning from 0 would then show a rate that never was. So a fall gives no
 * value; the next sample does. After a long gap the mean over it would pass for what is now: it begins anew, too. */
static bool take_count(struct reading *reading, const struct load_sample *sample, double *ret_rate)
{
    const uint64_t passed_ms = sample->at_ms - reading->count_ms;
    const bool grown = reading->counting && sample->value >= reading->count && load_trust(passed_ms, sample->interval_ms) > 0;
    if (grown)
        *ret_rate = (sample->value - reading->count) * 1000 / (double)passed_ms;
    reading->counting = true;
    reading->count = sample->value;
    reading->count_ms = sample->at_ms;
    return grown;
}

/* What is pushed is meant as it is told, for as long as it is told. */
static void follow(struct reading *reading, const struct load_source *source, double value, const struct load_sample *sample)
{
    const double within = value > reading->smoothed ? rising : falling;
    const double passed = (double)(sample->at_ms - reading->at_ms) / (sample->interval_ms ? sample->interval_ms : 1);
    if (source->type != LOAD_PUSH && reading_trust(reading, sample->at_ms) > 0)
        reading->smoothed += (value - reading->smoothed) * (1 - exp(-passed / within));
    else
        reading->smoothed = value;
}

/* Whether it tells of a later moment than the last one. */
static bool is_newer(const struct reading *reading, const struct load_sample *sample)
{
    if (reading->stamped && sample->stamped && sample->stamp == reading->stamp)
        return false;
    const uint64_t last_ms = reading->counting && reading->count_ms > reading->at_ms ? reading->count_ms : reading->at_ms;
    return !(reading->known || reading->counting) || sample->at_ms > last_ms;
}

/* A value that cannot be would be believed at once and forgotten slowly. */
static bool is_possible(const struct load_source *source, double value, double full, struct error *err)
{
    const char *unit = load_unit_text(source->unit);
    if (!isfinite(value) || value > most_ever)
        return error_set(err, "the value %g %s is not possible", value, unit);
    if (full > 0 && value > absurd * full)
        return error_set(err, "the value %g %s is more than %g times what there is room for (%g)", value, unit, absurd, full);
    return true;
}

bool reading_take(struct reading *reading, const struct load_source *source, const struct load_sample *sample, double full,
                  struct error *err)
{
    double value = sample->value;
    if (!is_newer(reading, sample))
        return false;
    reading->stamped = sample->stamped;
    reading->stamp = sample->stamp;
    if (source->rate && !take_count(reading, sample, &value))
        return false;
    value *= source->scale;
    if (!is_possible(source, value, full, err))
        return false;
    follow(reading, source, value, sample);
    reading->raw = value;
    reading->at_ms = sample->at_ms;
    reading->interval_ms = sample->interval_ms;
    reading->known = true;
    return true;
}
