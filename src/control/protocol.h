/* The requests and replies of the admin socket, as README.md tells them. Pure. Thread: any. */
#pragma once

#include "base/error.h"
#include "base/report.h"

#include <jansson.h>
#include <stdint.h>

enum { PROTOCOL_VERSION = 1 };

enum command {
    COMMAND_STATUS,
    COMMAND_SITES,
    COMMAND_ZONES,
    COMMAND_ENDPOINTS,
    COMMAND_DEMAND,
    COMMAND_CHECKS,
    COMMAND_EXPLAIN,
    COMMAND_LOAD,
    COMMAND_PUSH_LOAD,
    COMMAND_DRAIN,
    COMMAND_DISABLE,
    COMMAND_ENABLE,
    COMMAND_SWITCH,
    COMMAND_REVERT,
    COMMAND_OVERRIDES,
    COMMAND_PLAN,
    COMMAND_WHAT_IF,
    COMMAND_RELOAD,
    COMMAND_STOP,
    COMMAND_PUSH,
    COMMAND_HISTORY,
    COMMAND_ALERTS,
    COMMAND_TEST_HOOK,
    COMMAND_TOP,
    COMMAND_PROGRESS,
    COMMAND_OVERVIEW,
    COMMAND_PUBLIC_STATUS,
    COMMAND_METRICS,
    COMMAND_DRILL,
    COMMAND_DRILL_STOP,
    COMMAND_DRILLS,
    COMMAND_COUNT
};

/* Texts point into root. */
struct request {
    json_t *root;
    enum command command;
    const char *target, *reason;          /* orders; reason is "" if not given */
    uint64_t for_ms;                      /* 0 if not given, else at least 1000 */
    const char *to, *at, *id;             /* orders: see control/orders.c (until, too); NULL if not given */
    bool dry_run, force, check;           /* orders */
    const char *name, *type, *client;     /* explain */
    double value;                         /* push-load: finite, not negative */
    const char *unit;                     /* NULL if not given */
    const char *config;                   /* plan: path; NULL: the file that the daemon was started with, as it is now */
    const char *site;                     /* endpoints, load: of this one only; NULL: of all */
    const char *what, *sites;             /* what-if: see control/foresee.h; sites NULL: none */
    double calls;                         /* what-if, previews: in all; 0 if not given */
    double max_move;                      /* reload: percent; negative if not given */
    const char *verdict, *detail, *probe; /* push; detail is "" and probe NULL if not given */
    const char *since, *before, *limit, *kind, *who, *after,
        *until; /* history: as history_request() reads them; limit of top, too; NULL if not given */
};

/* Reads one line. False: why, for the client; nothing to release. */
bool request_parse(const char *line, size_t len, struct request *ret_request, struct error *err);
void request_release(struct request *request);

const char *command_text(enum command command);

/* {"version":1,"ok":true}; the caller adds to it. */
json_t *reply_ok(void);
json_t *reply_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The findings as a list of {"severity","text"}. */
json_t *findings_json(const struct report *report);
