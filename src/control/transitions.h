/* Changes of verdicts, told to the log and the journal. For control/ only. Thread: the director's. */
#pragma once

#include "probe/probe.h"

struct director;

/* The verdict on an endpoint, or, if that stays, on one way to reach it, changed. */
struct transition {
    uint16_t endpoint;
    const char *way; /* "" or "tls: " ... */
    enum verdict from, to;
    enum reason reason;
    char detail[DETAIL_TEXT];
};

/* False: nothing has changed that is told. */
bool transition_of(const struct endpoint_health *before, const struct endpoint_health *now, struct transition *ret);

/* Told by the result that has brought it about. endpoint: its index, behind the endpoints those of the named checks. */
struct transition transition_explained(struct transition seen, uint16_t endpoint, const struct check_result *by);

/* count: how many there were; no more than TRANSITIONS_NOTED are in the array. */
void transitions_tell(const struct director *director, const struct transition *transitions, size_t count);
