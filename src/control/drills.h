/* Drills in the daemon: when one may begin, its order, what is seen of it, its report. The rules of one drill are in drill.h. For control/ only.
 * Thread: the director's. */
#pragma once

#include "base/error.h"
#include "base/report.h"
#include "control/drill.h"

#include <jansson.h>

struct client;
struct director;
struct request;

struct drills {
    struct drill now; /* the one that runs, or ran last */
    bool running;
    bool preparing;  /* a prediction for the next one is being made */
    json_t *reports; /* oldest first; that of a running one comes last */
    bool unsaved, writing;
    char alarm[600]; /* the last report could not be written */
};

struct drills *drills_new(void);
void drills_free(struct drills *drills);

/* At the start, when orders have been read: the reports on disk; a drill that was running goes on, if its order does. */
void drills_restore(struct director *director, struct report *report);

/* Each replies. */
void drills_begin(struct director *director, struct client *client, const struct request *request);
void drills_stop(struct director *director, struct client *client);
/* All, newest first, as summaries; or with an id the whole report. */
json_t *drills_reply(const struct director *director, const char *id);
/* What `status` tells: the summary of the running one, or null. */
json_t *drills_status(const struct director *director);

/* Once a tick; and when something is published. */
void drills_pass(struct director *director);
void drills_published(struct director *director);
/* The last report is written at the stop. */
void drills_last(struct director *director);

/* drill_obstacle.c: why no drill of this site may begin now. True: nothing is in the way. */
bool drills_clear(const struct director *director, size_t site, struct error *err);
/* Why one that runs must not go on; NULL: nothing. Good until the next call. site: its index, negative: it is not in the configuration any more. */
const char *drills_wrong(const struct director *director, int site);
/* How long until all of the site is known to be down, at worst; DRILL_NEVER: something of it is not probed. */
int64_t drills_detect_ms(const struct director *director, size_t site);
/* How long answers that lead to the site are kept, at most. */
uint32_t drills_ttl_s(const struct director *director, size_t site);
/* What is seen of the others' loads (peak, calls past max) and of the site's own. setup_look() was called. */
void drills_see_loads(const struct director *director, int site, struct drill_sight *sight);
