/* Who asks: what the workers count, gathered once a tick, and the lottery that follows from it. For control/ only. Thread: the director's. */
#pragma once

#include "control/setup.h"
#include "load/demand.h"
#include "serve/serve.h"

#include <jansson.h>

struct audience;

struct audience *audience_new(void);
void audience_free(struct audience *audience);

/* Takes what was counted, of setup's place; that of others is demand of unknown class. True: the lottery has changed, publish. */
bool audience_gather(struct audience *audience, struct server *server, const struct setup *setup, uint64_t now_ms);

/* new has taken the place of old: demand goes over to the classes and services that are the same. */
void audience_move(struct audience *audience, const struct setup *old, const struct setup *new);

/* Gives the snapshot, not yet published, the lottery. */
void audience_draw(const struct audience *audience, struct snapshot *snapshot);

/* For what is reckoned from it. */
const struct demand *audience_demand(const struct audience *audience);

/* From which share of all answers a client prefix is heavy: balance.heavy percent of the smallest site's part of the capacity. */
double audience_heavy_share(const struct config *config);

/* The reply of `sipsteer demand`. */
json_t *audience_json(const struct audience *audience, const struct setup *setup);
