/* When callers are moved by load, and the state of it. Part of struct director. For control/ only. Thread: the director's. */
#pragma once

#include "base/report.h"
#include "control/balance.h"
#include "control/work.h"

struct director;

struct moves {
    struct balance *balance;
    struct work *work;     /* where its steps run */
    bool running;          /* a step is */
    bool soon;             /* something has fallen or come back: do not wait for the interval */
    bool unsaved, writing; /* prices */
    uint64_t at_ms, saved_ms;
};

/* Takes in what the state folder has of them. */
void moves_restore(struct director *director, struct report *report);
/* Begins a step if it is time for one. */
void moves_pass(struct director *director);
