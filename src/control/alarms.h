/* What is wrong with the daemon itself. Thread: the director's. */
#pragma once

#include "control/state.h"

/* What is wrong, by subject; each "" when all is well. Shown by status, which then exits with 1. */
struct alarms {
    char publish[600];            /* a snapshot was refused: older answers are being given */
    char reload[600];             /* the last reload failed */
    char geo[600];                /* changed geo data cannot be used */
    char state[STATE_FILES][600]; /* what must survive a restart cannot be written */
    char orders[600];             /* saved orders were lost; until somebody gives an order or reloads */
    char signing[600];            /* zones could not be signed anew */
    char clock[200];              /* the wall clock has jumped */
};
