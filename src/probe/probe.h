/* The probe engine: one thread with its own event loop that runs every check on time and turns its end into a verdict.
 * Nothing else in the process can delay it: it shares only two short-locked queues with the rest.
 * Thread: all functions here are for the director's thread; on_result is called in the engine's thread. */
#pragma once

#include "base/error.h"
#include "health/health.h"

struct tls_client;

/* One probe at one address of one endpoint. Its identity over reloads is (host, probe name, address, port). */
struct check {
    char *host;             /* endpoint's name, or the named check's; the engine keeps a copy, as of all texts */
    char *site;             /* the endpoint's site's name; NULL: "" */
    uint16_t endpoint;      /* index in the config the check was made from; behind them the named checks */
    struct probe probe;     /* by value; its texts are copied by the engine */
    struct hostport target; /* port 0 where the type has none */
    char *domain;           /* whom the caller thinks to speak to: what a certificate must be for; the engine keeps a copy */
    struct tls_client *tls; /* NULL where no TLS is spoken; the engine keeps a reference */
    /* Used when the check is new to the engine: */
    enum verdict saved;     /* VERDICT_UNKNOWN or the saved verdict */
    uint64_t since_ms;      /* the saved verdict's; 0: now */
    struct damping damping; /* as saved */
};

/* What is believed of a check before its first probe. */
void check_begin(const struct check *check, struct health *ret_health, uint64_t now_ms);

/* What the director hears after every probe; and, with changed false and the old count, of each check that a new set has kept. */
struct check_result {
    uint32_t check;       /* index in the array given to probe_engine_set() */
    uint32_t generation;  /* of that set */
    struct health health; /* after the observation */
    struct observation last;
    uint64_t at_ms; /* when the probe ended */
    uint64_t count; /* probes ended so far */
    bool changed;
};

struct probe_engine;
typedef void (*probe_result_fn)(const struct check_result *result, void *context);

/* Starts the thread. on_result must be quick and thread-safe. */
struct probe_engine *probe_engine_new(probe_result_fn on_result, void *context, struct error *err);
void probe_engine_free(struct probe_engine *engine); /* stops and joins */

/* Replaces the set of checks. Checks known from before keep their health, connection and place in the schedule, take over changed parameters and
 * are reported once as they are; others start spread evenly over min(interval, 1 s). The array is copied. generation is the caller's number.
 * A check whose probe speaks TLS must have a tls (see tls_client_wanted). */
void probe_engine_set(struct probe_engine *engine, const struct check *checks, size_t count, uint32_t generation);

enum { PUSH_EXPIRES_MAX_MS = 86400000 };

/* A report of the endpoint about itself. */
struct endpoint_report {
    enum verdict verdict; /* up, draining or down */
    uint32_t expires_ms;  /* after which it holds no more; 0: the probe's own time */
    char detail[DETAIL_TEXT];
};
/* Hands a report to one check of a push probe without a file, named by its place in the set of that generation; a later set is searched for it.
 * It counts as an observation, at once. */
void probe_engine_push(struct probe_engine *engine, const struct check *check, uint32_t index, uint32_t generation,
                       const struct endpoint_report *push);

struct probe_engine_state {
    uint64_t heartbeat_ms;    /* monotonic time of the loop's last turn (it turns at least every 250 ms) */
    uint64_t started, ended;  /* probes; given up ones (their check is gone) count as ended */
    uint32_t late_max_ms;     /* the largest lateness of a probe's start or of the loop in the last minute or so */
    uint32_t late_p99_tenths; /* of a millisecond: 99 of 100 starts of the last minute were at most so late */
    uint32_t per_second;      /* starts, in the last whole 5 s */
    bool behind;              /* for 3 s now probes have started more than 1 s late, or the thread was run for less than half of the time */
};
struct probe_engine_state probe_engine_state(const struct probe_engine *engine);
