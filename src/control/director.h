/* The director: one thread, one event loop, that owns all that changes - what is believed, what is ordered, what is loaded - and alone turns it
 * into snapshots. The parts of it: director.c (start, results, stop), publish.c, rebuild.c, reload.c, orders.c, moves.c, persist.c, status.c, commands.c.
 * For control/ only. Thread: the director's (main). */
#pragma once

#include "control/admin.h"
#include "control/alarms.h"
#include "control/audit.h"
#include "control/audience.h"
#include "control/certificate.h"
#include "control/control.h"
#include "control/gathering.h"
#include "control/habits.h"
#include "control/inbox.h"
#include "control/journal.h"
#include "control/lag.h"
#include "control/moves.h"
#include "control/persist.h"
#include "control/serials.h"
#include "control/primaries.h"
#include "control/setup.h"
#include "control/state.h"
#include "control/taps.h"
#include "control/times.h"
#include "control/transfers.h"
#include "control/watch.h"
#include "control/work.h"
#include "serve/serve.h"

#include <event2/event.h>

enum { PRIORITY_RESULTS, PRIORITY_ADMIN, PRIORITIES };

struct drills;
struct metering;
struct waiter;
struct web;

struct director {
    char *config_path;
    struct event_base *base;
    struct event *signals, *wake, *tick, *geo_timer, *order_timer, *start_timer;
    int signal_fd, wake_fd;
    struct inbox *inbox;
    struct probe_engine *engine;
    struct gathering gathering; /* of load */
    struct server *server;
    struct tap *tap; /* dnstap and the query log */
    struct admin *admin;
    struct web *web; /* HTTP */
    struct journal *journal;
    struct audit *audit;
    struct drills *drills;
    struct metering *metering;
    struct watch *watch;
    struct habits habits;
    struct transfers *transfers;
    struct primaries *primaries;
    struct work *loader, *writer, *signer;
    struct setup *setup;
    struct trust *trust; /* of the setup's configuration */
    struct audience *audience;
    struct moves moves;
    struct overrides overrides;
    struct own_secrets secrets; /* of cookies; none while they are off or shared */
    int64_t wall_offset_ms;     /* wall clock - monotonic clock, as the orders' ends on the wall clock have it */
    uint64_t generation;
    uint32_t publish_us, publish_max_us; /* from the wish to the pointer's swap: the last one, the longest since the start */
    bool starting;                       /* the first answers are on their way */
    bool serving;
    uint64_t overload_ms; /* when a worker was last seen overloaded; 0: calm */
    bool failed;          /* the first answers could not be given */
    bool stopping;        /* the loop has ended */
    struct alarms alarms;
    struct certificate certificate;

    struct signatures *signatures;   /* all that were made, for the loader and the signer */
    struct serials serials;          /* of the signed zones */
    unsigned serials_version;        /* how often they have changed */
    int64_t sign_offset_ms;          /* wall clock - time since boot, as signatures go by it */
    bool signing;                    /* a snapshot is being signed */
    bool sign_again;                 /* the state has changed since, */
    bool sign_superseded;            /* or a newer one that needed no signing is published */
    const struct world *transferred; /* whose serials secondaries have been told; only compared */
    struct loading *reloaded;        /* reloads that are told to have worked once they are answered with */
    bool rebuilding;
    uint64_t rebuild_ms;        /* when the last one began */
    struct zone **replacements; /* zones that shall take the place of the configuration's with the same apex; plain, references */
    size_t replacement_count, replacement_room;
    size_t rebuild_alone; /* that many are tried one by one, as they failed together */

    struct server_config started; /* copied; what a reload does not change: listen, workers, control, state, tcp, tls.listen */
    uint64_t orders_version, orders_pushed, orders_saved; /* now; as given to the writer last; as on disk */
    unsigned orders_writing;                              /* how many writes are under way */
    uint64_t orders_write_ms;                             /* since when */
    struct waiter *waiters;
    bool verdicts_changed, verdicts_writing, secrets_changed, secrets_writing, geo_loading;
    uint64_t verdicts_saved_ms;
    bool serials_unsaved; /* their last write failed */

    uint64_t started_ms, loaded_ms, last_tick_ms;
    uint64_t engine_stopped_ms; /* 0: it runs */
    struct lag lag;             /* of the engine */
    unsigned reloads_waiting;   /* asked for by SIGHUP and not ended */
    uint64_t geo_failed_print;  /* of the files that could not be used; 0: none */
};

struct view director_view(const struct director *director);

/* Builds from all that is known now and publishes. False: refused, the older answers stay (logged, and an alarm until it succeeds). */
bool director_publish(struct director *director);

/* Our own cookie secrets are to be made or rolled: publishing does so. */
bool secrets_due(const struct director *director);
/* Something is published: at the start, answering can begin. */
void director_published(struct director *director);

/* reload.c. A new world and place (references taken when true), published or undone. What is believed of checks that stay is kept, by the engine
 * and here. */
bool director_install(struct director *director, struct world *world, struct place *place, struct report *report);
/* Notes in the journal what a client (NULL: a signal) has done; the event's who and from are filled in. */
void director_note(struct director *director, const struct client *by, struct event event);

/* client may be NULL (SIGHUP). max_move: refused if more percent of the clients would move between sites; negative: no bound. */
void reload_begin(struct director *director, struct client *client, double max_move);
/* What is loaded is published. */
void reload_published(struct director *director);
void geo_check(struct director *director);
/* Has geo data compiled anew when the planned switches need clients told apart in another way. */
void areas_check(struct director *director);
void certificate_check(struct director *director);
void log_findings(const struct report *report);
/* Orders whose target is not in config: they hold nothing back. */
void warn_of_void_orders(const struct director *director, const struct config *config, struct report *report);

/* status.c */
json_t *status_json(struct director *director);
json_t *status_counters(const struct server *server);
const char *director_phase(const struct director *director);
json_t *zones_json(const struct director *director);

/* commands.c: an admin_request_fn; context is the director. */
void commands_take(struct client *client, const char *line, size_t len, void *context);

/* Ends the loop; everything is put away by control_run(). */
void director_stop(struct director *director);
