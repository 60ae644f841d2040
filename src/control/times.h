/* How long the director waits for what. Thread: any (constants). */
#pragma once

enum {
    START_WAIT_MS = 5000, /* the first answers wait at most this long for the first probes */
    TICK_MS = 1000,
    HEARTBEAT_OLD_MS = 3000,  /* the probe engine has stopped */
    BEHIND_BOUND_MS = 5000,   /* the probe engine is behind for so long: an alarm, and what is old is not believed any more */
    OVERLOAD_OVER_MS = 10000, /* without it: a flood comes in waves */
    STARVED_MS = 2500,        /* between two ticks: we were not run ourselves, so the heartbeat says nothing */
    GEO_CHECK_S = 5,
    SAVE_EVERY_S = 10,       /* verdicts, when changed */
    SAVE_AT_LEAST_S = 600,   /* and in any case, so that what is saved does not grow too old to be used */
    MOVES_LEAST_MS = 200,    /* between two looks at load, whatever falls or comes back */
    ORDER_ANSWER_MS = 3000,  /* an order is answered then at the latest, on disk or not */
    WALL_SET_MS = 2000,      /* a wall clock that moves so much against the monotonic one has been set */
    TRANSITIONS_LOGGED = 20, /* of one wake-up, */
    TRANSITIONS_NOTED = 500, /* and in the journal */
    SIGNATURES_MOST = 2000000,
    STOP_FLUSH_MS = 100,
    STOP_HOOKS_MS = 500,
    STOP_WRITE_MS = 400,
    STOP_ORDERS_MS = 4600, /* more, when orders are not on disk yet */
    STOP_LOAD_MS = 50,
    STOP_LOG_MS = 1000,
};
