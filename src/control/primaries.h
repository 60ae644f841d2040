/* Zones that come from a hidden primary: when to ask it, fetching in threads of their own, what has come put into the world, and what has become too old
 * taken out of it. For control/ only. Thread: the director's. */
#pragma once

#include "base/error.h"
#include "snapshot/world.h"

#include <jansson.h>

struct director;
struct primaries;

enum {
    FETCHERS = 4,                /* zones that are fetched at a time */
    TROUBLED_FETCHERS = 2,       /* of them, for zones that could not be had the last time */
    PRIMARY_FIRST_RETRY_S = 5,   /* for a zone that is not there; then always twice as long */
    PRIMARY_LAST_RETRY_S = 60,   /* but no longer than this */
    NOTIFY_PAUSE_S = 2,          /* from one question to the next that NOTIFY leads to */
    NOTIFY_PAUSE_TROUBLED_S = 5, /* the same from the end of one that has failed */
};

struct primaries *primaries_new(struct director *director, int wake_fd, struct error *err);
/* Fetching is broken off. False: a thread is still busy and is left behind. NULL is allowed. */
bool primaries_free(struct primaries *primaries);

/* The world that is served from now on. */
void primaries_set(struct primaries *primaries, struct world *world);
/* What the fetching threads have done. */
void primaries_collect(struct primaries *primaries);
/* Once a second, and after a NOTIFY: begins what is due. */
void primaries_pass(struct primaries *primaries);

/* A line for each zone that cannot be had. */
void primaries_alarms(const struct primaries *primaries, json_t *list);
/* Since its primary has confirmed the zone last, in seconds; negative: it has none, or that has never confirmed it. */
double primaries_age_s(const struct primaries *primaries, size_t zone);
/* Adds "primary" to the object of a zone that has one. */
void primaries_describe(const struct primaries *primaries, size_t zone, json_t *object);
