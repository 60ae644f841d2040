/* Slow start: how much of its share of callers one that has just come back may take. Pure: time is an argument (monotonic milliseconds).
 * Thread: the owner's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    RAMP_FIRST = 26, /* of SHARE_WHOLE: a tenth */
    RAMP_STEP = 8,   /* shares are told in steps of this, so that not every look changes them */
};

struct ramp {
    uint64_t since_ms; /* when it came back; 0: it is not coming back */
    bool away;         /* callers were sent elsewhere when it was last looked at */
};

/* What is seen of it now. Coming back from away begins the ramp, going away ends it. The first look, at one that was never seen away, begins none. */
void ramp_look(struct ramp *ramp, bool away, uint64_t now_ms);

/* From RAMP_FIRST to SHARE_WHOLE, never falling, within length_ms of its coming back; SHARE_WHOLE for one that is not coming back. */
uint16_t ramp_share(const struct ramp *ramp, uint32_t length_ms, uint64_t now_ms);
