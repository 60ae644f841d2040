/* What a drill must achieve, as the configuration says it. Parts of struct config; see there. Thread: any (immutable). */
#pragma once

#include <stdint.h>

/* Of a drill in which a site is taken for failed. */
struct drill_goals {
    uint32_t publish_ms;    /* from the order until no answer leads to the site first, at most */
    uint32_t moved_ms;      /* from then until all callers have asked again, too: the detection and the caches are reckoned in */
    uint32_t peak;          /* percent of its capacity: no other site may become fuller */
    uint32_t calls_at_risk; /* at most so many; 0: not judged */
};

struct drills_config {
    struct drill_goals goals;
    unsigned keep; /* so many reports; the oldest go */
};
