/* What one source tells of one endpoint, site or cluster: samples become a value with an age. Pure: times are monotonic milliseconds, given by the
 * caller. Thread: the owner's (values). */
#pragma once

#include "base/error.h"
#include "model/load_config.h"

#include <stdbool.h>

/* One answer of a source, before rate and scale. */
struct load_sample {
    double value;         /* finite, not negative */
    uint64_t at_ms;       /* when it was measured; monotonic */
    uint32_t interval_ms; /* the next one is expected after this */
    bool stamped;
    double stamp; /* the page's own timestamp: while it stands still, so does what it tells */
};

struct reading {
    bool known;      /* there has been a value; its age is reading_trust()'s affair */
    double raw;      /* the newest value: calls, calls a second or percent */
    double smoothed; /* follows raw: upwards within about one interval, downwards within about four */
    uint64_t at_ms;  /* when raw was measured */
    uint32_t interval_ms;
    bool counting; /* of a counter: there is a sample to reckon from, */
    double count;  /* this one */
    uint64_t count_ms;
    bool stamped;
    double stamp;
};

/* Takes a sample in. A counter's first sample, and one after a reset, gives no value yet; a sample that is not newer than the last is none. True: there
 * is a new value. full: what there is room for, in the unit of the source; 0: not known. A value that cannot be (more than ten times as much, or not finite
 * after rate and scale) leaves the reading as it is, and err (may be NULL) says why; it is not touched else. */
bool reading_take(struct reading *reading, const struct load_source *source, const struct load_sample *sample, double full,
                  struct error *err);

/* How much a value of this age counts: 1 up to one and a half intervals, then less and less, 0 from three intervals on. */
double load_trust(uint64_t age_ms, uint32_t interval_ms);
/* The same of a reading; 0 also when nothing is known. */
double reading_trust(const struct reading *reading, uint64_t now_ms);
