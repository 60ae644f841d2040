/* The director: one thread, one event loop, that owns all that changes - what is believed, what is ordered, what is loaded - and alone turns it
 * into snapshots. The parts of it: director.c (start, results, publish, stop), reload.c, orders.c, persist.c, status.c, commands.c.
 * For control/ only. Thread: the director's (main). */
#pragma once

#include "control/admin.h"
#include "control/control.h"
#include "control/inbox.h"
#include "control/setup.h"
#include "control/state.h"
#include "control/work.h"
#include "serve/serve.h"

#include <event2/event.h>

enum {
    START_WAIT_MS = 5000, /* the first answers wait at most this long for the first probes */
    TICK_MS = 1000,
    HEARTBEAT_OLD_MS = 3000, /* the probe engine has stopped */
    STARVED_MS = 2500,       /* between two ticks: we were not run ourselves, so the heartbeat says nothing */
    GEO_CHECK_S = 5,
    SAVE_EVERY_S = 10,       /* verdicts, when changed */
    SAVE_AT_LEAST_S = 600,   /* and in any case, so that what is saved does not grow too old to be used */
    ORDER_ANSWER_MS = 3000,  /* an order is answered then at the latest, on disk or not */
    WALL_SET_MS = 2000,      /* a wall clock that moves so much against the monotonic one has been set */
    TRANSITIONS_LOGGED = 20, /* of one wake-up */
    STOP_FLUSH_MS = 100,
    STOP_WRITE_MS = 400,
    STOP_ORDERS_MS = 4600, /* more, when orders are not on disk yet */
    STOP_LOAD_MS = 50,
    STOP_LOG_MS = 1000,
};

enum { PRIORITY_RESULTS, PRIORITY_ADMIN, PRIORITIES };

/* What is wrong, by subject; each "" when all is well. Shown by status, which then exits with 1. */
struct alarms {
    char publish[600];            /* a snapshot was refused: older answers are being given */
    char reload[600];             /* the last reload failed */
    char geo[600];                /* changed geo data cannot be used */
    char state[STATE_FILES][600]; /* what must survive a restart cannot be written */
    char orders[600];             /* saved orders were lost; until somebody gives an order or reloads */
};

struct waiter;

struct director {
    char *config_path;
    struct event_base *base;
    struct event *signals, *wake, *tick, *geo_timer, *order_timer, *start_timer;
    int signal_fd, wake_fd;
    struct inbox *inbox;
    struct probe_engine *engine;
    struct server *server;
    struct admin *admin;
    struct work *loader, *writer;

    struct setup *setup;
    struct overrides overrides;
    struct own_secrets secrets; /* of cookies; none while they are off or shared */
    int64_t wall_offset_ms;     /* wall clock - monotonic clock, as the orders' ends on the wall clock have it */
    uint64_t generation;
    uint32_t publish_us, publish_max_us; /* from the wish to the pointer's swap: the last one, the longest since the start */
    bool serving;
    bool failed;   /* the first answers could not be given */
    bool stopping; /* the loop has ended */
    struct alarms alarms;

    struct server_config started;                         /* copied; what a reload does not change: listen, workers, control, state */
    uint64_t orders_version, orders_pushed, orders_saved; /* now; as given to the writer last; as on disk */
    unsigned orders_writing;                              /* how many writes are under way */
    uint64_t orders_write_ms;                             /* since when */
    struct waiter *waiters;
    bool verdicts_changed, verdicts_writing;
    bool secrets_changed, secrets_writing;
    uint64_t verdicts_saved_ms;

    uint64_t started_ms, loaded_ms, last_tick_ms;
    uint64_t engine_stopped_ms; /* 0: it runs */
    unsigned reloads_waiting;   /* asked for by SIGHUP and not ended */
    bool geo_loading;
    uint64_t geo_failed_print; /* of the files that could not be used; 0: none */
};

struct view director_view(const struct director *director);

/* Builds from all that is known now and publishes. False: refused, the older answers stay (logged, and an alarm until it succeeds). */
bool director_publish(struct director *director);

/* reload.c. client may be NULL (SIGHUP). */
void reload_begin(struct director *director, struct client *client);
void geo_check(struct director *director);
void log_findings(const struct report *report);
/* Orders whose target is not in config: they hold nothing back. */
void warn_of_void_orders(const struct director *director, const struct config *config, struct report *report);

/* orders.c */
struct request;
json_t *orders_command(struct director *director, const struct request *request, const char *who);
/* Forgets what has ended, brings back what was suspended, sets the timer for the next; tries again to publish what was refused. */
void orders_pass(struct director *director);

/* persist.c. The orders have changed: they are written in the writer's thread, again and again until that succeeds. The client (or NULL) gets reply
 * once the first write has ended, with a warning if it failed, or took too long. */
void persist_overrides(struct director *director, struct client *client, json_t *reply);
/* Writes what it is time for, or was not written. */
void persist_pass(struct director *director);
/* At the stop: begins the last writes, */
void persist_last(struct director *director);
/* waits for them and frees the writer. False: its thread is still busy and is left behind. Orders that are not on disk make the exit a failure. */
bool persist_end(struct director *director);

/* status.c */
json_t *status_json(const struct director *director);

/* commands.c: an admin_request_fn; context is the director. */
void commands_take(struct client *client, const char *line, size_t len, void *context);

/* Ends the loop; everything is put away by control_run(). */
void director_stop(struct director *director);
