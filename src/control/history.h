/* Events asked for: of the journal in memory, of the audit file and the older ones beside it. An event is JSON as control/journal.h tells; a line of the
 * file is the same with "time" (RFC 3339) in the place of "at_ms". Thread: any (a reading thread, or a tool). */
#pragma once

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HISTORY_LIMIT = 100,                  /* events of a reply when it is not said how many, */
    HISTORY_LIMIT_MOST = 1000,            /* and at most */
    HISTORY_SCAN_MOST = 16 * 1024 * 1024, /* octets of files that are read for one reply */
    HISTORY_LINE_MOST = 64 * 1024,        /* a longer line is unsound */
};

/* Texts point into the request. */
struct history_query {
    uint64_t before;            /* numbers below this one; UINT64_MAX: the newest */
    int64_t after_ms, until_ms; /* by the wall clock, both ends included; INT64_MIN and INT64_MAX: no bound */
    const char *kinds;          /* "order,reload"; NULL: all */
    const char *target;         /* what the event's target holds, in capitals or not; NULL: any */
    const char *who;            /* NULL: anybody */
    size_t limit;
};

struct request;
/* What the request asks for; *ret_since: only those after this number, oldest first, 0 if not given. after and until are as wall_time_parse() reads
 * them. */
bool history_request(const struct request *request, struct history_query *ret_query, uint64_t *ret_since, struct error *err);

/* Everything, the newest HISTORY_LIMIT. */
void history_query_init(struct history_query *query);
/* Whether the text is a list of kinds that there are. */
bool history_kinds_sound(const char *kinds, struct error *err);
bool history_fits(const struct history_query *query, const json_t *event);

struct history {
    json_t *events;   /* an array, newest first; owned */
    uint64_t next;    /* what was looked at goes down to this number: `before` of the next page */
    bool more;        /* there may be older ones that fit */
    uint64_t unsound; /* lines that were skipped */
};

void history_init(struct history *history, const struct history_query *query);
void history_release(struct history *history);

/* The newest events of the journal's (oldest first) that fit; at most query->limit in all. */
void history_take(struct history *history, const struct history_query *query, const json_t *events);
/* The other way round: the oldest ones that fit. */
void history_follow(struct history *history, const struct history_query *query, const json_t *events);
/* Then, if there is room left, those of the files at path that are older than all that was looked at. At most scan_most octets are read. False: the
 * newest file is there and cannot be read. */
bool history_read(struct history *history, const struct history_query *query, const char *path, unsigned keep, size_t scan_most,
                  struct error *err);

/* The reply's object: "events" oldest first, "more", "next" (null unless more), "unsound". */
json_t *history_json(const struct history *history);

/* The event as a line, with its newline; the caller frees. NULL: it cannot be put into words, which is a bug. */
char *history_line(const json_t *event);
/* The other way. NULL: unsound. */
json_t *history_parse(const char *line, size_t len);

/* The number of the newest event in the files; 0: none. */
uint64_t history_last_id(const char *path, unsigned keep);
